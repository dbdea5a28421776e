from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from service.domain.errors import ServiceUnavailableError
from service.store.database import Database
from service.store.health import RedisHealth

CLOCK_TOLERANCE_MS = 1000
OLDEST_REDIS = 7
STALE_HEARTBEAT_MS = 30_000
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked, and how to mend it when it is not well."""

    ok: bool
    what: str
    mend: str


@dataclass(frozen=True, slots=True)
class Diagnose:
    """Everything an operator would look at first."""

    redis: RedisHealth
    database: Database
    public_url: str
    now_ms: Callable[[], int]

    async def __call__(self) -> list[Finding]:
        return [
            self._public_url(),
            *await _answered(
                self._database(),
                "PostgreSQL",
                "check DATABASE_URL and that the server runs",
            ),
            *await _answered(self._redis(), "Redis", "check REDIS_URL and that the server runs"),
        ]

    def _public_url(self) -> Finding:
        parts = urlsplit(self.public_url)
        return Finding(
            parts.scheme == "https" or parts.hostname in LOCAL_HOSTS,
            f"PUBLIC_URL is {self.public_url}",
            "set it to the https:// address that browsers use; it is the issuer of every token",
        )

    async def _database(self) -> list[Finding]:
        return [
            Finding(
                ok=True,
                what=f"PostgreSQL {await self.database.ping()} answers",
                mend="",
            ),
            Finding(
                not await self.database.schema_missing(),
                "the database has its schema",
                "run: inphora-auth migrate",
            ),
            self._clock("PostgreSQL", await self.database.clock_ms()),
        ]

    async def _redis(self) -> list[Finding]:
        server, workers = await self.redis.server(), await self.redis.workers()
        beat_ms = workers.last_heartbeat_ms
        return [
            Finding(
                int(server.version.split(".")[0]) >= OLDEST_REDIS,
                f"{server.server} {server.version} answers in {server.latency_ms:.1f} ms",
                f"upgrade it: scripts with flags need {OLDEST_REDIS} or newer",
            ),
            Finding(
                server.role == "master",
                f"it is a {server.role}",
                "point REDIS_URL at the primary; a replica refuses writes",
            ),
            Finding(
                server.maxmemory_policy == "noeviction",
                f"maxmemory-policy is {server.maxmemory_policy}",
                "run: redis-cli config set maxmemory-policy noeviction; and set it in redis.conf: "
                "an evicting server forgets revocations and events",
            ),
            self._clock("Redis", await self.redis.clock_ms()),
            Finding(
                beat_ms is not None and self.now_ms() - beat_ms < STALE_HEARTBEAT_MS,
                f"a worker drains the streams ({workers.backlog} events wait)",
                "start one: python -m workers; its log says what stops it",
            ),
        ]

    def _clock(self, whose: str, their_ms: int) -> Finding:
        apart = abs(their_ms - self.now_ms())
        return Finding(
            apart <= CLOCK_TOLERANCE_MS,
            f"the clock of {whose} is {apart} ms from this machine's",
            "run a time service (chrony, systemd-timesyncd) on both",
        )


async def _answered(findings: Awaitable[list[Finding]], store: str, mend: str) -> list[Finding]:
    try:
        return await findings
    except (ServiceUnavailableError, TimeoutError):
        return [Finding(ok=False, what=f"{store} does not answer", mend=mend)]
