"""The keys of access tokens: opened at the start, followed while the process runs."""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from secrets import token_bytes

import structlog

from config.settings import Settings
from service.domain.access_token import AccessTokens
from service.domain.errors import ServiceUnavailableError
from service.domain.key_ring import RELOADED_EVERY, RingKey, arranged
from service.domain.signing_key import VerifyingKey
from service.store.event_log import EventLog
from service.store.key_rotation import KeyRotation
from service.store.signing_keys import SigningKeyRecords

log = structlog.get_logger(__name__)


async def open_tokens(
    settings: Settings, signing: SigningKeyRecords, events: EventLog
) -> AccessTokens:
    """What signs and verifies. Raises ServiceUnavailableError, SealBrokenError."""
    try:
        await KeyRotation(signing, events, settings.access_token_ttl).ensure(settings.jwt_algorithm)
    except ServiceUnavailableError:
        # Without Redis no key is replaced, which the workers will do later; one must be there.
        if not await signing.load():
            raise
    return AccessTokens(
        keys=_keys_of_now(await signing.load()),
        issuer=settings.public_url,
        audience=settings.jwt_audience,
        ttl=settings.access_token_ttl,
        randomness=token_bytes,
    )


async def follow_keys(
    signing: SigningKeyRecords, tokens: AccessTokens, *, every: timedelta = RELOADED_EVERY
) -> None:
    """Change keys when it is time, by what was last read; go on by that while SQL is away."""
    ring: Sequence[RingKey] = ()
    while True:
        try:
            if tokens.used:
                tokens.used = False
                await signing.note_used(tokens.keys[0].kid)
            ring = await signing.load()
        except Exception as error:  # noqa: BLE001 - whoever can still verify must go on verifying
            _tell(error)
        if keys := _keys_of_now(ring):
            tokens.replace_keys(keys)
        await asyncio.sleep(every.total_seconds())


def _keys_of_now(ring: Sequence[RingKey]) -> list[VerifyingKey]:
    return arranged(ring, time.time_ns() // 1_000_000)


def _tell(error: Exception) -> None:
    """In one line: it comes again every minute."""
    why = f"{type(error).__name__}: {error}".partition("\n")[0]
    log.error("keys.reload_failed", why=why)
