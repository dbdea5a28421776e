"""A database of the fault suite's own."""

from collections.abc import Iterator
from secrets import token_hex

import pytest
from sqlalchemy import make_url

from service.embedded import EmbeddedServer
from service.store.migrations.run import migrate
from tests.support.servers.postgresql import in_postgres


@pytest.fixture(scope="module")
def own_database(postgres: EmbeddedServer) -> Iterator[str]:
    """The address of a migrated database that nobody else uses."""
    name = f"faults_{token_hex(6)}"
    in_postgres(postgres, f"create database {name}")
    url = make_url(postgres.url).set(database=name).render_as_string(hide_password=False)
    migrate(url)
    yield url
    in_postgres(postgres, f"drop database {name} with (force)")
