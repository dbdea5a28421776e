"""Slots of a cluster on their way from one node to another."""

from collections.abc import Sequence

from redis.asyncio import Redis

from service.embedded import EmbeddedCluster
from service.embedded.server import HOST
from service.store.redis_slots import place
from tests.support.waiting import wait_until


def slot_of(key: str) -> int:
    """Where a key lies."""
    slot = place(("GET", key))
    assert isinstance(slot, int)
    return slot


class Move:
    """One slot on its way from its owner to another node."""

    def __init__(self, cluster: EmbeddedCluster, nodes: Sequence[Redis], slot: int) -> None:
        """`nodes` are clients of the cluster's nodes, in their order."""
        self.slot = slot
        self.password = cluster.password
        self.ports = [node.port for node in cluster.nodes]
        self.nodes = nodes

    async def begin(self) -> None:
        """Find the owner, and who shall have it."""
        owner = await self._owner(self.nodes[0])
        self.source = self.nodes[self.ports.index(owner)]
        self.target_port = next(port for port in self.ports if port != owner)
        self.target = self.nodes[self.ports.index(self.target_port)]
        self.source_id = (await self.source.execute_command("CLUSTER MYID")).decode()
        self.target_id = (await self.target.execute_command("CLUSTER MYID")).decode()

    async def open(self) -> None:
        """The state in which keys move one by one."""
        move = ("CLUSTER", "SETSLOT", self.slot)
        await self.target.execute_command(*move, "IMPORTING", self.source_id)
        await self.source.execute_command(*move, "MIGRATING", self.target_id)

    async def one_key(self) -> bool:
        """Move a key; False when none is left."""
        found = await self.source.execute_command("CLUSTER", "GETKEYSINSLOT", self.slot, 1)
        if found:
            to = ("MIGRATE", HOST, self.target_port, "", 0, 5000, "AUTH", self.password)
            await self.source.execute_command(*to, "KEYS", *found)
        return bool(found)

    async def close(self) -> None:
        """The target owns the slot; the others hear of it from the nodes."""
        for node in (self.target, self.source):
            await node.execute_command("CLUSTER", "SETSLOT", self.slot, "NODE", self.target_id)

    async def at_once(self) -> None:
        """Move it as a whole, as Valkey 9 can; return when it has arrived."""
        span = ("SLOTSRANGE", self.slot, self.slot, "NODE", self.target_id)
        await self.source.execute_command("CLUSTER", "MIGRATESLOTS", *span)

        async def arrived() -> bool:
            return await self._owner(self.target) == self.target_port

        await wait_until(arrived)

    async def _owner(self, node: Redis) -> int:
        slots = await node.execute_command("CLUSTER SLOTS")
        return int(next(part[2][1] for part in slots if part[0] <= self.slot <= part[1]))
