"""Stores of one's own, and a person whose every trace is known."""

from collections.abc import AsyncIterator

import pytest

from service.store.live_sessions import LiveSessions
from service.store.script_client import ScriptClient
from tests.processes.conftest import (  # noqa: F401 - fixtures
    empty_database,
    migrated,
    own_environment,
    stores,
    visit,
)
from tests.processes.stores import Stores
from tests.processes.test_ends import POLICY


@pytest.fixture
def env(stores: Stores) -> dict[str, str]:  # noqa: F811 - the fixture
    """The settings of processes that say all they may."""
    return {**stores.env, "LOG_LEVEL": "debug", "TRUSTED_PROXIES": "1", "RATE_LIMITS": "dry-run"}


@pytest.fixture
async def live(stores: Stores) -> AsyncIterator[LiveSessions]:  # noqa: F811 - the fixture
    """Live sessions of these stores."""
    scripts = ScriptClient(stores.redis)
    yield LiveSessions(scripts, POLICY)
    await scripts.aclose()
