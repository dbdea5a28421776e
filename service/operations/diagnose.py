from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from service.domain.errors import ServiceUnavailableError
from service.operations.diagnose_redis import redis_findings
from service.operations.diagnose_secrets import secret_findings
from service.operations.findings import Finding
from service.store.countries import Countries, CountriesUnreadableError
from service.store.database import Database
from service.store.health import RedisHealth, reason_of
from service.store.resealing import Resealing

CLOCK_TOLERANCE_MS = 1000
STALE_HEARTBEAT_MS = 30_000
OLDEST_COUNTRIES_DAYS = 180
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Diagnose:
    """Everything an operator would look at first."""

    redis: RedisHealth
    database: Database
    public_url: str
    now_ms: Callable[[], int]
    resealing: Resealing
    idle_ttl: timedelta
    countries: Path | None = None
    mail: Callable[[], Awaitable[list[Finding]]] | None = None

    async def __call__(self) -> list[Finding]:
        return [
            self._public_url(),
            *countries_findings(self.countries, self.now_ms()),
            *await _answered(
                self._database(),
                "PostgreSQL",
                "check DATABASE_URL and that the server runs",
            ),
            *await _answered(
                self._redis(), "Redis", "check REDIS_URL and that the server runs", reason_of
            ),
        ]

    def _public_url(self) -> Finding:
        parts = urlsplit(self.public_url)
        return Finding(
            parts.scheme == "https" or parts.hostname in LOCAL_HOSTS,
            f"PUBLIC_URL is {self.public_url}",
            "set it to the https:// address that browsers use; it is the issuer of every token",
        )

    async def _database(self) -> list[Finding]:
        if await self.database.schema_missing():
            return await self._schema()
        return [
            *await self._schema(),
            *await secret_findings(self.resealing, idle_ttl=self.idle_ttl, now_ms=self.now_ms()),
        ]

    async def _schema(self) -> list[Finding]:
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
            *(await self.mail() if self.mail else []),
        ]

    async def _redis(self) -> list[Finding]:
        server, workers = await self.redis.server(), await self.redis.workers()
        beat_ms = workers.last_heartbeat_ms
        return [
            *redis_findings(server),
            self._clock("Redis", max(await self.redis.clocks_ms(), key=self._apart)),
            Finding(
                beat_ms is not None and self.now_ms() - beat_ms < STALE_HEARTBEAT_MS,
                f"a worker drains the streams ({workers.backlog} events wait)",
                "start one: python -m workers; its log says what stops it",
            ),
        ]

    def _clock(self, whose: str, their_ms: int) -> Finding:
        apart = self._apart(their_ms)
        return Finding(
            apart <= CLOCK_TOLERANCE_MS,
            f"the clock of {whose} is {apart} ms from this machine's",
            "run a time service (chrony, systemd-timesyncd) on both",
        )

    def _apart(self, their_ms: int) -> int:
        return abs(their_ms - self.now_ms())


def countries_findings(path: Path | None, now_ms: int) -> list[Finding]:
    """What GEOIP_FILE is worth; nothing where none is wanted."""
    if path is None:
        return []
    try:
        countries = Countries(path)
    except CountriesUnreadableError as error:
        mend = "analysts see no countries, and workers do not start: see docs/operations.md"
        return [Finding(ok=False, what=f"GEOIP_FILE: {error}", mend=mend)]
    days = (now_ms // 1000 - countries.built_at) // 86_400
    return [
        Finding(
            days <= OLDEST_COUNTRIES_DAYS,
            f"GEOIP_FILE is a {countries.kind}, {days} days old",
            "get a newer one: addresses change hands; see docs/operations.md",
        )
    ]


def _unexplained(_: ServiceUnavailableError) -> str:
    return ""


async def _answered(
    findings: Awaitable[list[Finding]],
    store: str,
    mend: str,
    why: Callable[[ServiceUnavailableError], str] = _unexplained,
) -> list[Finding]:
    what = f"{store} does not answer"
    try:
        return await findings
    except ServiceUnavailableError as error:
        reason = why(error)
        return [Finding(ok=False, what=f"{what}: {reason}" if reason else what, mend=mend)]
    except TimeoutError:
        return [Finding(ok=False, what=what, mend=mend)]
