"""Stores of one's own, and a person whose every trace is known."""

from collections.abc import AsyncIterator

import pytest

from service.store.live_sessions import LiveSessions
from service.store.script_client import ScriptClient
from tests.processes.stores import Stores
from tests.processes.test_ends import POLICY
from tests.support.waiting import PATIENCE


@pytest.fixture
def env(stores: Stores) -> dict[str, str]:
    """The settings of processes that say all they may."""
    return {**stores.env, "LOG_LEVEL": "debug", "TRUSTED_PROXIES": "1", "RATE_LIMITS": "dry-run"}


@pytest.fixture
async def live(stores: Stores) -> AsyncIterator[LiveSessions]:
    """Live sessions of these stores."""
    scripts = ScriptClient(stores.redis, seconds=PATIENCE)
    yield LiveSessions(scripts, POLICY)
    await scripts.aclose()
