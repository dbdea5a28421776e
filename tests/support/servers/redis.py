"""Redis of this system, with the configuration that the project recommends."""

from pathlib import Path

from service.embedded import EmbeddedServer, start_valkey
from tests.support.forked import ROOT


def start_redis(home: Path, program: Path) -> EmbeddedServer:
    """Return a server that answers; it writes its append-only file."""
    return start_valkey(home, config=ROOT / "config" / "redis.conf", binary=program)
