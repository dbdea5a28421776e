"""Stores of the main job's own."""

import pytest

from service.embedded import EmbeddedServer
from tests.support.servers.postgresql import add_owner


@pytest.fixture
def ordinary_database(postgres: EmbeddedServer) -> str:
    """An empty database of an ordinary role in the embedded PostgreSQL."""
    return add_owner(postgres)
