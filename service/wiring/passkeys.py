"""Passkeys."""

from collections.abc import AsyncIterator
from secrets import token_bytes
from uuid import uuid4

from aiohttp import web

from service.domain.relying_party import RelyingParty
from service.operations.keep_passkeys import (
    AddPasskey,
    RemovePasskey,
    RenamePasskey,
    TellOfPasskey,
)
from service.operations.passkey_sign_in import (
    SecondFactorByPasskey,
    SignInByPasskey,
    StepUpByPasskey,
)
from service.operations.prove_passkey import ProvePasskey
from service.operations.step_up import ReplaceSession
from service.store.passkey_challenges import PasskeyChallenges
from service.store.passkeys import PasskeyRecords
from service.web import passkeys_keys as keys
from service.wiring.parts import PARTS


async def wire_passkeys(app: web.Application) -> AsyncIterator[None]:
    """Let people sign in by passkeys, and keep them."""
    parts = app[PARTS]
    settings = parts.settings
    party = RelyingParty(settings.passkey_rp_id, settings.product_name, settings.passkey_origins)
    challenges = PasskeyChallenges(parts.scripts, token_bytes)
    records = app[keys.PASSKEYS] = PasskeyRecords(parts.database)
    tell = TellOfPasskey(parts.events)
    prove = ProvePasskey(party, challenges, records, parts.users, parts.events)
    replace = ReplaceSession(parts.open_session, parts.end_sessions)
    app[keys.ADD_PASSKEY] = AddPasskey(
        party,
        challenges,
        records,
        parts.require_fresh,
        parts.events,
        tell,
        lambda: str(uuid4()),
    )
    app[keys.RENAME_PASSKEY] = RenamePasskey(records, tell)
    app[keys.REMOVE_PASSKEY] = RemovePasskey(records, parts.require_fresh, tell)
    app[keys.SIGN_IN_BY_PASSKEY] = SignInByPasskey(prove, parts.open_session)
    app[keys.SECOND_FACTOR_BY_PASSKEY] = SecondFactorByPasskey(
        prove, parts.challenges, parts.throttle, parts.open_session
    )
    app[keys.STEP_UP_BY_PASSKEY] = StepUpByPasskey(prove, replace)
    yield
