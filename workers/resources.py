"""What the jobs work with, opened when a worker starts and closed when it ends."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import SystemRandom
from secrets import token_bytes, token_hex

from service.contracts.vitals import Vitals
from service.domain.reach import Reach
from service.domain.secrets import Sealer, at_rest
from service.domain.sessions import SessionPolicy
from service.outbound.checkpoint_sinks import open_sink
from service.outbound.mails.carriers import open_carrier
from service.outbound.mails.letter import Letters
from service.store.admin_changes import AdminChanges
from service.store.aggregates import Aggregates
from service.store.analytics_exports import AnalyticsExports
from service.store.audit import AuditRecords
from service.store.audit_months import AuditMonths
from service.store.audit_retention import AuditRetention
from service.store.audit_search import AuditSearch
from service.store.checkpoints import Checkpoints
from service.store.copies import Copies
from service.store.countries import Countries
from service.store.database import Database, open_engine
from service.store.dead_letters import DeadLetters
from service.store.erasures import Erasures
from service.store.event_log import EventLog
from service.store.facts import Facts
from service.store.health import RedisHealth
from service.store.key_rotation import KeyRotation
from service.store.live_numbers import TellLiveNumbers
from service.store.live_sessions import LiveSessions
from service.store.mail_outbox import MailOutbox
from service.store.mail_queue import MailQueue
from service.store.notices import Notices
from service.store.person_archive import PersonArchive
from service.store.person_exports import PersonExports
from service.store.person_keys import PersonKeys
from service.store.redis_pool import open_redis
from service.store.resealing import Resealing
from service.store.script_client import ScriptClient
from service.store.session_records import SessionRecords
from service.store.signing_keys import SigningKeyRecords
from service.store.stubs import Stubs
from service.store.sweeps import Sweeps
from workers.analytics import RefreshAnalytics
from workers.checkpoints import ForgetUnknown, KeepCheckpoints
from workers.exports import MakeTables
from workers.heartbeat import Heartbeat
from workers.ingest import LANES, Ingest
from workers.keys import RotateKeys
from workers.locks import LiftLocks
from workers.mails import SendMails
from workers.persons import FinishErasures, MakeExports
from workers.retention import KeepMonths, SweepOld
from workers.runs import JobRuns
from workers.secrets import Reseal
from workers.sweep import ApplyEnds, ReapplyEnds, SweepConsumers, SweepExpired
from workers.webhooks import SweepDeliveries, delivering

REDIS_SECONDS = 5.0
CONNECTIONS = LANES + 4
ANALYTICS_SECONDS = 570.0
"""For one statement that adds up; the first refresh of an old audit takes the longest."""
COPY_SECONDS = 300.0
"""For a day of a table."""
REACH = timedelta(hours=1)
CONSUMER_IDLE = timedelta(hours=1)
PATIENT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything a job may use."""

    runs: JobRuns
    heartbeat: Heartbeat
    sweep_expired: SweepExpired
    apply_ends: ApplyEnds
    reapply_ends: ReapplyEnds
    sweep_consumers: SweepConsumers
    keep_checkpoints: KeepCheckpoints
    forget_unknown: ForgetUnknown
    finish_erasures: FinishErasures
    lift_locks: LiftLocks
    make_exports: MakeExports
    make_tables: MakeTables
    send_mails: SendMails
    sweep_deliveries: SweepDeliveries
    keep_months: KeepMonths
    sweep_old: SweepOld
    refresh_analytics: RefreshAnalytics
    tell_live_numbers: TellLiveNumbers
    rotate_keys: RotateKeys
    reseal: Reseal


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPolicy:
    """How the audit is kept: see AUDIT_ in docs/configuration.md."""

    checkpoint_every: timedelta = timedelta(minutes=1)
    checkpoint_sink: str | None = None
    checkpoint_token: str | None = field(default=None, repr=False)
    unknown_kept: timedelta = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPolicy:
    """See WEBHOOK_ in docs/configuration.md."""

    reach: Reach = Reach.DENY
    kept: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPolicy:
    """See MAIL_ and SMTP_URL in docs/configuration.md."""

    smtp_url: str | None = field(default=None, repr=False)
    folder: Path | None = None
    sender: str = "no-reply@localhost"
    product: str = "Inphora"
    templates: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """How long things are kept; `audit` None: for ever."""

    audit: timedelta | None = None
    sessions: timedelta = timedelta(days=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticsPolicy:
    """See ANALYTICS_ in docs/configuration.md; `client` is whom access tokens are for, `countries`
    is GEOIP_FILE.
    """

    client: str = "inphora"
    test_domains: Sequence[str] = ()
    countries: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPolicy:
    """See JWT_ALGORITHM and SIGNING_KEY_DAYS in docs/configuration.md."""

    algorithm: str = "ES256"
    days: int = 90


@asynccontextmanager
async def open_resources(
    *,
    redis_url: str,
    database_url: str,
    secrets: Sequence[str],
    policy: SessionPolicy,
    audit_policy: AuditPolicy = AuditPolicy(),
    exports_kept: timedelta = timedelta(days=1),
    webhook_policy: WebhookPolicy = WebhookPolicy(),
    mail_policy: MailPolicy = MailPolicy(),
    retention: RetentionPolicy = RetentionPolicy(),
    analytics: AnalyticsPolicy = AnalyticsPolicy(),
    zones: tuple[str, ...] = ("UTC",),
    signing: KeyPolicy = KeyPolicy(),
) -> AsyncIterator[Resources]:
    """Open the stores and drain the streams in the background until the end.

    Raises CountriesUnreadableError.
    """
    country_of = Countries(analytics.countries) if analytics.countries else _nowhere
    redis = open_redis(redis_url, timeout=REDIS_SECONDS, wait=REDIS_SECONDS)
    engine = open_engine(database_url, connections=CONNECTIONS)
    slow_engine = open_engine(database_url, connections=1, seconds=ANALYTICS_SECONDS)
    copy_engine = open_engine(database_url, connections=1, seconds=COPY_SECONDS)
    database, scripts = Database(engine), ScriptClient(redis, seconds=REDIS_SECONDS)
    records, live = SessionRecords(database), LiveSessions(scripts, policy)
    consumer = f"{socket.gethostname()}:{os.getpid()}:{token_hex(3)}"
    sealer = at_rest(secrets, token_bytes)
    person_keys = PersonKeys(database, sealer, token_bytes)
    facts = Facts(
        database,
        sealer,
        token_bytes,
        analytics.client,
        policy.max_ttl,
        country_of=country_of,
        test_domains=analytics.test_domains,
    )
    notices = Notices(MailOutbox(database, sealer))
    audit = AuditRecords(database, person_keys, _now_ms, facts, notices)
    letters, vitals = DeadLetters(database, person_keys), Vitals()
    ingest = Ingest(redis, audit, letters, consumer, _now_ms, vitals)
    health = RedisHealth(redis)
    # A month of the audit is counted and dropped in one transaction, which may take its time.
    patient = open_engine(database_url, connections=1, seconds=PATIENT_SECONDS)

    async def oldest_ms() -> int | None:
        return (await health.workers()).oldest_ms

    stack = AsyncExitStack()
    sink = await stack.enter_async_context(
        open_sink(audit_policy.checkpoint_sink, token=audit_policy.checkpoint_token)
    )
    deliveries = await stack.enter_async_context(
        delivering(database, sealer, EventLog(scripts), webhook_policy.reach, _now_ms)
    )
    draining = asyncio.create_task(ingest.run())
    try:
        yield Resources(
            runs=JobRuns(vitals, _now_ms),
            heartbeat=Heartbeat(redis, ingest, vitals, consumer, _now_ms),
            sweep_expired=SweepExpired(records, live, policy, _now_ms),
            apply_ends=ApplyEnds(records, live, oldest_ms, _now_ms),
            reapply_ends=ReapplyEnds(health, records, live, policy.access_ttl + REACH, _now_ms),
            sweep_consumers=SweepConsumers(scripts, CONSUMER_IDLE),
            keep_checkpoints=KeepCheckpoints(
                audit,
                Checkpoints(database, sealer, _now_ms),
                audit_policy.checkpoint_every,
                sink,
            ),
            forget_unknown=ForgetUnknown(person_keys, audit_policy.unknown_kept, _now_ms),
            finish_erasures=FinishErasures(Erasures(database), live, oldest_ms, _now_ms),
            lift_locks=LiftLocks(AdminChanges(database), live, EventLog(scripts)),
            make_exports=MakeExports(
                PersonExports(database, person_keys),
                PersonArchive(database, AuditSearch(database, person_keys), letters),
                exports_kept,
                _now_ms,
            ),
            make_tables=MakeTables(
                AnalyticsExports(database), Copies(Database(copy_engine)), exports_kept
            ),
            send_mails=SendMails(
                MailQueue(database, sealer),
                Letters(
                    sender=mail_policy.sender,
                    product=mail_policy.product,
                    templates=mail_policy.templates,
                ),
                open_carrier(mail_policy.smtp_url, mail_policy.folder),
                EventLog(scripts),
                _now_ms,
                SystemRandom().random,
                vitals,
            ),
            sweep_deliveries=SweepDeliveries(deliveries, webhook_policy.kept, _now_ms),
            keep_months=KeepMonths(
                AuditMonths(database, _now_ms),
                open_retention(Database(patient), sealer),
                retention.audit,
                EventLog(scripts),
                sink,
            ),
            sweep_old=SweepOld(Sweeps(database, _now_ms), retention.audit, retention.sessions),
            refresh_analytics=RefreshAnalytics(Aggregates(Database(slow_engine), zones), _now_ms),
            tell_live_numbers=TellLiveNumbers(database, redis),
            rotate_keys=RotateKeys(
                KeyRotation(
                    SigningKeyRecords(database, sealer), EventLog(scripts), policy.access_ttl
                ),
                signing.algorithm,
                signing.days,
            ),
            reseal=Reseal(Resealing(database, sealer, EventLog(scripts))),
        )
    finally:
        ingest.stop()
        # Side by side, so that both end in the time of one.
        await asyncio.gather(draining, stack.aclose())
        await scripts.aclose()
        await redis.aclose()
        await patient.dispose()
        await engine.dispose()
        await slow_engine.dispose()
        await copy_engine.dispose()


def open_retention(database: Database, sealer: Sealer) -> AuditRetention:
    """What drops months."""
    checkpoints = Checkpoints(database, sealer, _now_ms)
    return AuditRetention(database, checkpoints, Stubs(database), _now_ms)


def _nowhere(_: str) -> str:
    return ""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
