"""The limits file as the routes have it: read at the start, followed while the process runs."""

import asyncio
from datetime import timedelta

import structlog

from config.limits import LimitsError, LimitsFile
from service.domain.rate_limits import LimitBook, LimitPolicy, WhenAway
from service.operations.limiter import Limiter
from service.web.routes import ROUTES

LOOKED_AT_EVERY = timedelta(seconds=2)

log = structlog.get_logger(__name__)


def read_limits(file: LimitsFile) -> LimitBook:
    """The policies of a file, for the routes there are. Raises LimitsError."""
    limits = file.read()
    book = LimitBook(
        [
            LimitPolicy(
                name=rule.name,
                routes=rule.routes,
                key=rule.key,
                limit=rule.limit,
                window=timedelta(seconds=rule.window),
                shared=rule.shared,
                without_redis=WhenAway(rule.without_redis),
            )
            for rule in limits.rules
        ],
        limits.unlimited,
    )
    if faults := book.faults({route.name: route.knows for route in ROUTES}):
        message = f"{file.path}: {'; '.join(faults)}"
        raise LimitsError(message)
    return book


def first_limits(file: LimitsFile) -> LimitBook:
    """The policies to start with, or the end of this process with one line that says why."""
    try:
        return read_limits(file)
    except LimitsError as error:
        message = f"inphora-auth: {error}"
        raise SystemExit(message) from None


async def follow_limits(file: LimitsFile, limiter: Limiter) -> None:
    """Follow the limits file; keep the policies we have while it holds a mistake."""
    while limiter.active:
        await asyncio.sleep(LOOKED_AT_EVERY.total_seconds())
        if not file.changed():
            continue
        try:
            book = read_limits(file)
        except LimitsError as error:
            log.error("limits.reload_failed", detail=str(error))  # noqa: TRY400 - one line says it
        else:
            limiter.replace(book)
            log.info("limits.reloaded", policies=len(book.policies))
