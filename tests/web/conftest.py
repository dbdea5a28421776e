"""The service as it is served: our own server around the application."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select
from structlog.testing import capture_logs

from service.contracts import keys
from service.contracts.tables import recovery_codes, sessions, users
from service.store.database import Database
from service.store.live_numbers import TellLiveNumbers
from tests.conftest import MakeSettings
from tests.support.hosting import Hosting
from tests.web.wire import Served


@pytest.fixture
def served(host: Hosting, make_settings: MakeSettings) -> Served:
    """The service on the shared servers, with default settings."""
    return host(make_settings())


@pytest.fixture
def state(database: Database, redis: Redis) -> Callable[[], Awaitable[tuple[int, ...]]]:
    """Counts everything that a request could change: rows, ends, versions, events."""

    async def count() -> tuple[int, ...]:
        query = select(
            select(func.count()).select_from(sessions).scalar_subquery(),
            select(func.count(sessions.c.ended_at)).scalar_subquery(),
            select(func.count()).select_from(recovery_codes).scalar_subquery(),
            select(func.sum(users.c.version)).scalar_subquery(),
            select(func.count(users.c.totp_pending)).scalar_subquery(),
        )
        async with database.transaction() as connection:
            rows = (await connection.execute(query)).one()
        events = [await redis.xlen(keys.events(p)) for p in range(keys.PARTITIONS)]
        return (*rows, sum(events))

    return count


@pytest.fixture
def unharmed() -> Iterator[None]:
    """A test after which our log holds no mistake of ours."""
    with capture_logs() as lines:
        yield
    assert [line for line in lines if line["log_level"] in {"error", "critical"}] == []


@pytest.fixture
async def working(database: Database, redis: Redis) -> None:
    """A worker has just told what goes on."""
    await TellLiveNumbers(database, redis)(datetime.now(UTC))
