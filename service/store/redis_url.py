"""A Redis URL, read: which topology, which addresses, how to sign in, how to trust.

redis:// rediss:// unix://                                       one server
redis+sentinel://[user:pw@]host1:26379,host2:26379/service[/db]  Sentinel names the primary
redis+cluster://[user:pw@]host1:7000,host2:7001                  a cluster tells its nodes

`rediss+sentinel` and `rediss+cluster` speak TLS. Options follow `?`, named as redis-py names them:
db, client_name, ssl_ca_certs, ssl_cert_reqs, ssl_check_hostname, ssl_certfile, ssl_keyfile; and
sentinel_username, sentinel_password for Sentinels that want their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, unquote, urlsplit

import structlog

Address = tuple[str, int]
"""Host and port."""

REDIS_PORT, SENTINEL_PORT = 6379, 26379
OPTIONS = frozenset(
    {
        "client_name",
        "db",
        "password",
        "sentinel_password",
        "sentinel_username",
        "ssl_ca_certs",
        "ssl_cert_reqs",
        "ssl_certfile",
        "ssl_check_hostname",
        "ssl_keyfile",
        "username",
    }
)

log = structlog.get_logger(__name__)


class Topology(StrEnum):
    """How many servers there are, and who knows which is the primary."""

    SERVER = "server"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisUrl:
    """What a URL says. `service` is the Sentinels' name of the primary, `path` a Unix socket."""

    topology: Topology
    addresses: tuple[Address, ...] = ()
    path: str = ""
    service: str = ""
    tls: bool = False
    db: int = 0
    username: str | None = None
    password: str | None = None
    options: Mapping[str, str]


def read_url(url: str) -> RedisUrl:
    """The parts of a URL. Raises ValueError, which never quotes the password."""
    parts = urlsplit(url)
    scheme, _, topology = parts.scheme.partition("+")
    if scheme not in {"redis", "rediss", "unix"} or (scheme == "unix" and topology):
        message = f"not a Redis URL: {parts.scheme}://"
        raise ValueError(message)
    kind = Topology(topology or "server")
    options = _options(parts.query)
    login, _, hosts = parts.netloc.rpartition("@")
    username, _, password = login.partition(":")
    path = [unquote(piece) for piece in parts.path.split("/") if piece]
    service = path.pop(0) if kind is Topology.SENTINEL and path else ""
    if kind is Topology.SENTINEL and not service:
        message = (
            "a Sentinel URL ends with the name of its primary: redis+sentinel://host:26379/NAME"
        )
        raise ValueError(message)
    unix = scheme == "unix"
    db = options.get("db") or (path[0] if path and not unix else "0")
    if not db.isdecimal() or (kind is Topology.CLUSTER and int(db)):
        message = "the database must be a number, and a cluster has only number 0"
        raise ValueError(message)
    port = SENTINEL_PORT if kind is Topology.SENTINEL else REDIS_PORT
    return RedisUrl(
        topology=kind,
        addresses=() if unix else tuple(_address(text, port) for text in hosts.split(",")),
        path=unquote(parts.path) if unix else "",
        service=service,
        tls=scheme == "rediss",
        db=int(db),
        username=unquote(username) or options.get("username"),
        password=unquote(password) or options.get("password"),
        options=options,
    )


def _options(query: str) -> dict[str, str]:
    given = dict(parse_qsl(query))
    for name in given.keys() - OPTIONS:
        log.warning("redis.url_option_ignored", option=name)
    return {name: value for name, value in given.items() if name in OPTIONS}


def _address(text: str, port: int) -> Address:
    """Of `host`, `host:port` or `[v6]:port`; without a host, this machine."""
    parts = urlsplit(f"//{text}")
    return parts.hostname or "localhost", port if parts.port is None else parts.port
