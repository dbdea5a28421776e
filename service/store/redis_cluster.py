"""A Redis Cluster that is used like one Redis: each command goes to the primary of its slot.

redis-py's own cluster client repeats commands that timed out, closes every connection when one
node fails, and refuses instead of waiting when a pool is empty (docs/adr/0006). Here a command is
repeated only when a server said that it did not run it (MOVED, ASK, TRYAGAIN, CLUSTERDOWN), and a
node that fell silent costs nobody more than one wait: until it answers, its callers are refused at
once, and all others go on.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import (
    ConnectionError,  # noqa: A004
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from service.store.redis_node import Node, NodePools
from service.store.redis_slots import Where, place
from service.store.redis_url import Address

SLOTS = 16_384
PAUSE_SECONDS = 0.01
HOPS_WITHOUT_PAUSE = 3
Command = tuple[tuple[Any, ...], dict[str, Any]]
"""Arguments, and what redis-py needs to read the reply."""


@dataclass(slots=True)
class _Unit:
    """Commands that travel together: a keyed one, and a WAIT that belongs to it."""

    commands: list[Command]
    slot: int | None
    replies: list[Any] = field(default_factory=list)
    redirect: Address | None = None
    asking: bool = False


class ClusterRedis(Redis):
    """The commands of redis-py, for keys on many primaries. No transactions, no pubsub."""

    def __init__(
        self, seeds: Iterable[Address], open_node: Callable[[Address], Redis], *, seconds: float
    ) -> None:
        """Know `seeds`; learn the rest on first use.

        A node has `seconds` to answer; half as long a command is sent on when it was not run.
        """
        self._seeds = tuple(seeds)
        self._open_node = open_node
        self._seconds = seconds
        self._nodes: dict[Address, Node] = {}
        self._owners: list[Address | None] = []
        self._learning: asyncio.Task[None] | None = None
        super().__init__(connection_pool=NodePools(self._nodes))

    async def primaries(self) -> list[Redis]:
        """A client of every primary. Raises ConnectionError while no node is known."""
        await self._know()
        return [self._node(address).redis for address in self._primaries()]

    @property
    def away(self) -> bool:
        """Whether no primary answers."""
        return all(self._node(address).silent for address in self._primaries())

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command on the node of its key, and return its parsed reply."""
        reply = (await self.exchange([(args, options)]))[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:  # noqa: FBT001, FBT002
        """Collect commands for any nodes; `execute` sends each node its own, all at once."""
        if transaction:
            message = "a cluster has no transaction across nodes: pipeline(transaction=False)"
            raise ValueError(message)
        return ClusterPipeline(self, shard_hint)

    async def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """The replies in order; errors are values among them, so that one node fails alone.

        Raises ConnectionError while no node of the cluster was ever reached.
        """
        await self._know()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._seconds / 2
        left = units = list(self._units(commands))
        for hop in count(1):
            pauses = await self._send(left)
            left = [unit for unit in left if not unit.replies]
            if not left or loop.time() > deadline:
                break
            if pauses or hop > HOPS_WITHOUT_PAUSE:
                await asyncio.sleep(PAUSE_SECONDS)
        for unit in left:
            error = ConnectionError(f"slot {unit.slot} of the cluster found no rest in time")
            unit.replies = [error] * len(unit.commands)
        return [reply for unit in units for reply in unit.replies]

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: FBT001
        """Close every connection to every node."""
        if self._learning is not None and not self._learning.done():
            self._learning.cancel()
            await asyncio.wait([self._learning])
        if close_connection_pool is not False:
            await self.connection_pool.disconnect()

    def _units(self, commands: Sequence[Command]) -> Iterable[_Unit]:
        unit: _Unit | None = None
        for command in commands:
            where = place(command[0])
            if where is Where.WITH_THE_LAST:
                if unit is None:
                    message = "WAIT belongs to the write before it, in one pipeline"
                    raise ValueError(message)
                unit.commands.append(command)
                continue
            if unit is not None:
                yield unit
            unit = _Unit([command], where if isinstance(where, int) else None)
        if unit is not None:
            yield unit

    async def _send(self, units: Sequence[_Unit]) -> bool:
        """Ask each node for its units; whether any of them should wait before it asks again."""
        groups: dict[tuple[Address, bool], list[_Unit]] = {}
        rounds = []
        for unit in units:
            if place(unit.commands[0][0]) is Where.EVERYWHERE:
                rounds.append(self._ask_all(unit))
                continue
            target = unit.redirect or self._owner(unit.slot)
            groups.setdefault((target, unit.asking), []).append(unit)
        rounds += [
            self._ask(self._node(target), group, asking=asking)
            for (target, asking), group in groups.items()
        ]
        if len(rounds) == 1:
            return await rounds[0]
        return any(await asyncio.gather(*rounds))

    async def _ask(self, node: Node, units: Sequence[_Unit], *, asking: bool) -> bool:
        # Equal WAITs once, behind all writes: while a replica is away each lasts its whole time.
        waits = {command[0]: command for unit in units for command in unit.commands[1:]}
        commands = [*[unit.commands[0] for unit in units], *waits.values()]
        try:
            replies = await node.exchange(commands, asking=asking)
        except (RedisError, OSError) as error:
            self._learn_soon()
            replies = [error] * len(commands)
        waited = dict(zip(waits, replies[len(units) :], strict=True))
        pauses = False
        for unit, reply in zip(units, replies, strict=False):
            mine = [reply, *[waited[command[0]] for command in unit.commands[1:]]]
            pauses |= self._settle(unit, mine, node.address)
        return pauses

    def _settle(self, unit: _Unit, replies: list[Any], asked: Address) -> bool:
        """Keep the replies, unless the server did not run the command and says who might."""
        unit.redirect, unit.asking = None, False
        first = replies[0]
        if not isinstance(first, ResponseError):
            unit.replies = replies
            return False
        if isinstance(first, ReadOnlyError):  # it was a primary a moment ago
            self._learn_soon()
            return True
        match str(first).split(" "):
            case ["MOVED", slot, address, *_]:
                self._owners[int(slot)] = unit.redirect = _parse(address, asked)
                self._learn_soon()
            case ["ASK", _, address, *_]:
                unit.redirect, unit.asking = _parse(address, asked), True
            case ["TRYAGAIN", *_]:
                return True
            case ["CLUSTERDOWN", *_]:
                self._learn_soon()
                return True
            case _:
                unit.replies = replies
        return False

    async def _ask_all(self, unit: _Unit) -> bool:
        """One command for every primary: one that is away is left out, unless all are."""
        nodes = [self._node(address) for address in self._primaries()]
        answers = await asyncio.gather(
            *[node.exchange(unit.commands, asking=False) for node in nodes], return_exceptions=True
        )
        failed = [answer for answer in answers if isinstance(answer, BaseException)]
        if failed:
            self._learn_soon()
        served = [answer for answer in answers if not isinstance(answer, BaseException)]
        unit.replies = served[0] if served else [failed[0]] * len(unit.commands)
        return False

    def _owner(self, slot: int | None) -> Address:
        if slot is None:
            known = self._primaries()
            speaking = [address for address in known if not self._node(address).silent]
            return random.choice(speaking or known)  # noqa: S311 - any will do
        return self._owners[slot] or self._owner(None)

    def _primaries(self) -> list[Address]:
        return sorted({address for address in self._owners if address})

    def _node(self, address: Address) -> Node:
        if address not in self._nodes:
            self._nodes[address] = Node(address, self._open_node(address), self._seconds)
        return self._nodes[address]

    async def _know(self) -> None:
        if not self._owners:
            self._learn_soon()
            if self._learning is not None:
                await asyncio.shield(self._learning)

    def _learn_soon(self) -> None:
        """Learn the owners of slots again, in the background; once at a time."""
        if self._learning is None or self._learning.done():
            self._learning = asyncio.get_running_loop().create_task(self._learn())
            self._learning.add_done_callback(_heard)

    async def _learn(self) -> None:
        """Ask any node who owns what: the ones that answer before the silent, all else failing."""
        known = self._primaries()
        random.shuffle(known)
        known.sort(key=lambda address: self._node(address).silent)
        problems = []
        for address in dict.fromkeys([*known, *self._seeds]):
            try:
                reply = (await self._node(address).exchange([(("CLUSTER SLOTS",), {})]))[0]
                if isinstance(reply, ResponseError):
                    raise reply
                owners = _read_slots(reply, address)
            except (RedisError, OSError) as error:
                problems.append(f"{address[0]}:{address[1]}: {error}")
                continue
            if any(owners):
                self._owners = owners
                await self._drop_former()
                return
            problems.append(f"{address[0]}:{address[1]}: no slots are assigned")
        message = f"no node of the cluster answers: {'; '.join(problems)}"
        raise ConnectionError(message)

    async def _drop_former(self) -> None:
        """Close idle connections to nodes that own nothing any more."""
        for address in self._nodes.keys() - set(self._primaries()):
            pool = self._nodes[address].redis.connection_pool
            await pool.disconnect(inuse_connections=False)


class ClusterPipeline(Pipeline):
    """Commands for any nodes, sent at once; never a transaction."""

    def __init__(self, cluster: ClusterRedis, shard_hint: str | None) -> None:
        super().__init__(
            cluster.connection_pool,
            cluster.response_callbacks,
            transaction=False,
            shard_hint=shard_hint,
        )
        self._cluster = cluster

    async def execute(self, raise_on_error: bool = True) -> list[Any]:  # noqa: FBT001, FBT002
        """The replies in order. Raises the first error among them if it should."""
        commands: list[Command] = [(args, dict(given)) for args, given in self.command_stack]
        self.command_stack = []
        replies = await self._cluster.exchange(commands) if commands else []
        for reply in replies if raise_on_error else []:
            if isinstance(reply, Exception):
                raise reply
        return replies


def _heard(learning: "asyncio.Task[None]") -> None:
    """Nobody may wait for what was learnt in the background."""
    if not learning.cancelled():
        learning.exception()


def _parse(address: str, asked: Address) -> Address:
    """Of a redirection; without a host it means the one that was asked."""
    host, _, port = address.rpartition(":")
    return host or asked[0], int(port)


def _read_slots(reply: Any, asked: Address) -> list[Address | None]:
    """The owner of every slot, from CLUSTER SLOTS."""
    owners: list[Address | None] = [None] * SLOTS
    for first, last, primary, *_ in reply:
        host = primary[0].decode() if primary[0] else ""
        owner = (asked[0] if host in {"", "?"} else host, int(primary[1]))
        owners[first : last + 1] = [owner] * (last - first + 1)
    return owners
