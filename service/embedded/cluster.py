"""A cluster of primaries, for tests of routing and of moving slots."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from service.embedded.errors import EmbeddedError
from service.embedded.password import keep_password, share_password
from service.embedded.server import HOST, EmbeddedServer
from service.embedded.stopping import StopsAtExit
from service.embedded.valkey import CLUSTERED, bus_port, start_valkey

SLOTS = 16_384
NODE_TIMEOUT_MS = 2000
AGREE_SECONDS = 30.0
POLL_SECONDS = 0.05


@dataclass
class EmbeddedCluster(StopsAtExit):
    """Primaries with one password; slots are spread evenly at first."""

    password: str
    nodes: list[EmbeddedServer] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def url(self) -> str:
        """As the service takes it."""
        hosts = ",".join(f"{HOST}:{node.port}" for node in self.nodes)
        return f"redis+cluster://:{self.password}@{hosts}"

    def stop(self) -> None:
        """End all nodes."""
        self._stack.close()


def start_cluster(
    data_dir: Path, *, primaries: int = 3, binary: Path | None = None
) -> EmbeddedCluster:
    """A cluster that agrees on who serves which slot. Raises EmbeddedError."""
    home = data_dir.resolve()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    password = keep_password(home / "password")
    lines = [
        CLUSTERED,
        "cluster-config-file nodes.conf",
        f"cluster-node-timeout {NODE_TIMEOUT_MS}",
        "cluster-require-full-coverage no",
        f"masterauth {password}",
    ]
    with ExitStack() as stack:
        started = EmbeddedCluster(password)
        for index in range(primaries):
            place = home / f"node-{index}"
            place.mkdir(mode=0o700, exist_ok=True)
            share_password(place / "password", password)
            started.nodes.append(
                stack.enter_context(start_valkey(place, lines=lines, binary=binary))
            )
        _assign([node.url for node in started.nodes])
        started._stack = stack.pop_all()  # noqa: SLF001 - what it was made with
    return started


def _assign(urls: list[str]) -> None:
    """Introduce the nodes to each other and share out the slots."""
    with ExitStack() as stack:
        clients = [stack.enter_context(Redis.from_url(url)) for url in urls]
        share = -(-SLOTS // len(clients))
        host_ports = [client.connection_pool.connection_kwargs for client in clients]
        for index, client in enumerate(clients):
            last = min((index + 1) * share, SLOTS) - 1
            client.execute_command("CLUSTER SET-CONFIG-EPOCH", index + 1)
            client.execute_command("CLUSTER ADDSLOTSRANGE", index * share, last)
        for address in host_ports[1:]:
            port = address["port"]
            clients[0].execute_command("CLUSTER MEET", address["host"], port, bus_port(port))
        for client in clients:
            _wait(lambda client=client: _agrees(client, len(clients)))  # type: ignore[misc]


def _agrees(client: Redis, nodes: int) -> bool:
    state = client.execute_command("CLUSTER INFO")
    owners = {tuple(part[2][:2]) for part in client.execute_command("CLUSTER SLOTS")}
    return bool(state["cluster_state"] == "ok" and len(owners) == nodes)


def _wait(agreed: Callable[[], bool]) -> None:
    deadline = time.monotonic() + AGREE_SECONDS
    while True:
        try:
            if agreed():
                return
        except RedisError as error:
            problem = str(error)
        else:
            problem = "they do not agree on the slots"
        if time.monotonic() > deadline:
            reason = f"the cluster did not form: {problem}"
            raise EmbeddedError(reason)
        time.sleep(POLL_SECONDS)
