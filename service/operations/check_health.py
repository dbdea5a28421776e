from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from service.domain.errors import ServiceUnavailableError
from service.domain.instants import to_rfc3339
from service.store.breaker import Breaker
from service.store.database import Database
from service.store.health import RedisHealth, WorkerState

STALE_HEARTBEAT_MS = 30_000
Check = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CheckHealth:
    """Whether the service can do its work, and which part cannot.

    `down`: nobody can sign in. `degraded`: signing in works, something behind it does not.
    """

    redis: RedisHealth
    database: Database
    now_ms: Callable[[], int]
    breaker: Breaker

    async def __call__(self) -> dict[str, Any]:
        checks = {
            "redis": {**await self._redis(), "breaker": self.breaker.state},
            "database": await self._database(),
            "workers": await self._workers(),
        }
        down = any(checks[store]["status"] == "down" for store in ("redis", "database"))
        degraded = any(check["status"] != "ok" for check in checks.values())
        return {
            "status": "down" if down else "degraded" if degraded else "ok",
            "checks": checks,
        }

    async def ready(self) -> bool:
        """Whether both stores answer."""
        checks = (await self._redis(), await self._database())
        return all(check["status"] != "down" for check in checks)

    async def workers(self) -> tuple[WorkerState, int] | None:
        """How far the workers are, and what time it is; None while nobody can tell."""
        try:
            return await self.redis.workers(), self.now_ms()
        except ServiceUnavailableError:
            return None

    async def _redis(self) -> Check:
        try:
            state = await self.redis.server()
        except ServiceUnavailableError:
            return {"status": "down"}
        safe = (
            state.maxmemory_policy == "noeviction"
            and state.role == "master"
            and state.last_save_ok
            and not state.full
            and not state.nodes_away
        )
        return {"status": "ok" if safe else "degraded", **asdict(state)}

    async def _database(self) -> Check:
        try:
            return {"status": "ok", "version": await self.database.ping()}
        except (ServiceUnavailableError, TimeoutError):
            return {"status": "down"}

    async def _workers(self) -> Check:
        told = await self.workers()
        if told is None:
            return {"status": "unknown"}
        state, now_ms = told
        beat_ms = state.last_heartbeat_ms
        alive = beat_ms is not None and now_ms - beat_ms < STALE_HEARTBEAT_MS
        return {
            "status": "ok" if alive else "down",
            "last_heartbeat": None if beat_ms is None else to_rfc3339(beat_ms),
            "backlog": state.backlog,
            "oldest_unprocessed_seconds": 0.0
            if state.oldest_ms is None
            else max(now_ms - state.oldest_ms, 0) / 1000,
        }
