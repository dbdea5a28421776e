"""The composition root of the web process: the only module that sees settings and web alike."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from secrets import token_bytes

import structlog
import uvloop
from aiohttp import web
from redis.exceptions import RedisError

from config.limits import SHIPPED, LimitsFile
from config.logging import configure_logging
from config.settings import Settings, read_settings
from service.clocks import now_ms, ticks_ms
from service.domain.device_proof import DeviceProofs
from service.domain.maced import Maced
from service.domain.rate_limits import LimitBook
from service.domain.refresh_token import RefreshTokenCodec
from service.domain.secrets import at_rest, derive_key
from service.domain.sessions import SessionCap
from service.domain.users import User
from service.limits import first_limits, follow_limits
from service.operations.authenticate import Authenticate, WithoutRedis
from service.operations.check_health import CheckHealth
from service.operations.end_sessions import EndOneSession, EndSessions, Logout
from service.operations.find_user import FindUser
from service.operations.limiter import Limiter
from service.operations.list_sessions import ListSessions
from service.operations.open_session import OpenSession
from service.operations.prove_password import ProvePassword
from service.operations.refresh import Refresh
from service.operations.require_fresh import RequireFresh
from service.operations.restore_session import RestoreSession
from service.operations.throttle import Throttle
from service.operations.tokens import MintTokens
from service.release import VERSION
from service.store.cache import Cache
from service.store.challenges import Challenges
from service.store.database import Database, open_engine
from service.store.event_log import EventLog
from service.store.failures import SignInFailures
from service.store.health import RedisHealth
from service.store.limit_windows import LimitWindows
from service.store.live_sessions import LiveSessions
from service.store.local_windows import LocalWindows
from service.store.mail_outbox import MailOutbox
from service.store.password_hasher import PasswordHasher
from service.store.redis_faults import explain
from service.store.redis_pool import open_redis
from service.store.revocations import Revocations
from service.store.script_client import ScriptClient
from service.store.session_records import SessionRecords
from service.store.signing_keys import SigningKeyRecords
from service.store.users import UserRecords
from service.web import keys
from service.web.bodies import MAX_BODY_BYTES
from service.web.cookies import RefreshCookie
from service.web.handlers.operations import get_metrics, get_problem
from service.web.metrics import Metrics
from service.web.middleware import answer_always
from service.web.openapi import document
from service.web.pages import page_routes
from service.web.readings import readings
from service.web.replies import cached_reply
from service.web.routing import api_routes
from service.web.server import Runner, serve_until_told
from service.web.sharing import Sharing
from service.wiring.account_settings import wire_account_settings
from service.wiring.admin import wire_admin
from service.wiring.analytics import wire_analytics
from service.wiring.audit import wire_audit
from service.wiring.factors import wire_factors
from service.wiring.oauth import wire_oauth
from service.wiring.parts import PARTS, Parts
from service.wiring.passkeys import wire_passkeys
from service.wiring.passwords import wire_passwords
from service.wiring.persons import wire_persons
from service.wiring.policies import session_policy
from service.wiring.signing import follow_keys, open_tokens

SETTINGS = web.AppKey("settings", Settings)
RECENT = timedelta(seconds=5)
REAPPLIED = timedelta(minutes=5)
"""How long the workers may take to bury again what a failover dug up; they look every ten seconds."""
LIMITS_FILE = web.AppKey("limits_file", LimitsFile)
LIMIT_BOOK = web.AppKey("limit_book", LimitBook)
FRONTEND = Path(__file__).parent.parent / "frontend" / "dist"

log = structlog.get_logger(__name__)


def build_app(settings: Settings) -> web.Application:
    """The web application of these settings."""
    metrics = Metrics()
    app = web.Application(
        middlewares=[
            answer_always(
                proxies=settings.trusted_proxies,
                metrics=metrics,
                sharing=Sharing(settings.cors_origins) if settings.cors_origins else None,
            )
        ],
        client_max_size=MAX_BODY_BYTES,
    )
    app[SETTINGS] = settings
    app[keys.METRICS] = metrics
    app[keys.METRICS_TOKEN] = (
        settings.metrics_token.get_secret_value() if settings.metrics_token else None
    )
    app[keys.COOKIE] = RefreshCookie.of(settings.public_url, settings.cors_origins)
    app[LIMITS_FILE] = LimitsFile(settings.limits_file or SHIPPED)
    app[LIMIT_BOOK] = first_limits(app[LIMITS_FILE])
    app.cleanup_ctx.extend(
        [
            wire,
            wire_account_settings,
            wire_factors,
            wire_passwords,
            wire_passkeys,
            wire_persons,
            wire_admin,
            wire_audit,
            wire_analytics,
            wire_oauth,
        ]
    )
    app.add_routes(api_routes())
    contract = document(version=VERSION, server=settings.public_url)

    async def get_openapi(_: web.Request) -> web.Response:
        return cached_reply(contract, caching="no-cache")

    app.router.add_get("/api/openapi.json", get_openapi)
    app.router.add_get("/problems/{code}", get_problem)
    app.router.add_get("/metrics", get_metrics)
    app.add_routes(page_routes(FRONTEND))
    return app


async def create_app() -> Runner:
    """What gunicorn calls, in each of its processes."""
    settings = read_settings()
    configure_logging(level=settings.log_level, form=settings.log_format, process="web")
    return Runner(build_app(settings))


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Run one web process until it is told to stop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(serve_until_told(build_app(settings), host=host, port=port))


async def open_scripts(settings: Settings) -> ScriptClient:
    """The service's way to Redis, by connections of its own."""
    redis = open_redis(settings.redis_dsn, own_deadlines=True)
    scripts = ScriptClient(redis, seconds=settings.redis_timeout_ms / 1000)
    try:
        await scripts.load_scripts()
    except (RedisError, OSError) as error:
        log.warning(
            "redis.away_at_start",
            reason=explain(error),
            detail="starting all the same; scripts load on first use",
        )
    return scripts


async def wire(app: web.Application) -> AsyncIterator[None]:
    """Open the stores, give every handler its operation, close the stores."""
    settings, policy = app[SETTINGS], session_policy(app[SETTINGS])
    engine = open_engine(settings.database_url.get_secret_value())
    redis = open_redis(settings.redis_dsn)
    hasher = PasswordHasher()
    database, scripts = Database(engine), await open_scripts(settings)
    users, records = UserRecords(database), SessionRecords(database)
    live, events, challenges = (
        LiveSessions(scripts, policy, replicas=settings.redis_wait_replicas),
        EventLog(scripts),
        Challenges(scripts),
    )
    seal = at_rest(settings.secrets, token_bytes)
    signing = SigningKeyRecords(database, seal)
    tokens = await open_tokens(settings, signing, events)
    codec = RefreshTokenCodec([derive_key(secret, "refresh") for secret in settings.secrets])
    mint = MintTokens(tokens, codec, policy, now_ms)
    restore = RestoreSession(records, live, policy, now_ms)
    recent_users: Cache[User] = Cache(RECENT)
    find_user = FindUser(users, live, recent_users)
    revocations = Revocations(records, keep=policy.access_ttl + REAPPLIED, now_ms=now_ms)
    await revocations.catch_up()
    scripts.on_return(revocations.catch_up)
    without_redis = WithoutRedis(
        records,
        find_user,
        Cache(RECENT),
        policy,
        now_ms,
        allow=settings.redis_down == "allow",
    )
    cap = SessionCap(settings.max_sessions_per_user, refuse=settings.session_cap == "refuse")
    open_session = OpenSession(
        records, live, revocations, events, mint, policy, cap, now_ms, token_bytes
    )
    end_sessions = EndSessions(records, live, revocations)

    throttle = Throttle(
        SignInFailures(database, derive_key(settings.secrets[0], "sign-in failures")),
        DeviceProofs(Maced([derive_key(secret, "device proofs") for secret in settings.secrets])),
        events,
        now_ms,
    )
    prove_password = ProvePassword(users, hasher, events, throttle)
    require_fresh = RequireFresh(settings.step_up_seconds, now_ms)
    app[PARTS] = Parts(
        settings=settings,
        policy=policy,
        database=database,
        scripts=scripts,
        users=users,
        records=records,
        live=live,
        challenges=challenges,
        events=events,
        revocations=revocations,
        mails=MailOutbox(database, seal),
        seal=seal,
        signing=signing,
        tokens=tokens,
        codec=codec,
        hasher=hasher,
        open_session=open_session,
        end_sessions=end_sessions,
        prove_password=prove_password,
        require_fresh=require_fresh,
        throttle=throttle,
    )
    app[keys.METRICS].readings += readings(scripts, live, revocations)
    app[keys.POLICY] = policy
    app[keys.TOKENS] = tokens
    app[keys.AUTHENTICATE] = Authenticate(
        tokens, live, revocations, restore, find_user, without_redis, time.time
    )
    app[keys.REFRESH] = Refresh(codec, live, records, restore, find_user, mint, revocations)
    app[keys.LOGOUT] = Logout(tokens, codec, records, end_sessions, time.time)
    app[keys.LIST_SESSIONS] = ListSessions(records, policy, now_ms)
    app[keys.END_ONE_SESSION] = EndOneSession(records, end_sessions)
    app[keys.CHECK_HEALTH] = CheckHealth(RedisHealth(redis), database, now_ms, scripts.breaker)

    app[keys.LIMITER] = limiter = Limiter(
        LimitWindows(scripts, ticks_ms=ticks_ms),
        LocalWindows(ticks_ms=ticks_ms),
        events,
        derive_key(settings.secrets[0], "rate limits"),
        app[LIMIT_BOOK],
        active=settings.rate_limits != "off",
        enforcing=settings.rate_limits == "enforce",
    )

    background = [
        asyncio.create_task(follow_keys(signing, tokens)),
        asyncio.create_task(revocations.follow()),
        asyncio.create_task(follow_limits(app[LIMITS_FILE], limiter)),
    ]
    try:
        yield
    finally:
        for task in background:
            task.cancel()
        await scripts.aclose()
        await scripts.redis.aclose()
        await redis.aclose()
        await engine.dispose()
        hasher.close()
