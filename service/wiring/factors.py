"""Signing in by password, and second factors."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from secrets import token_bytes

from aiohttp import web

from service.clocks import now_ms
from service.operations.login import Login
from service.operations.prove_code import ProveCode
from service.operations.step_up import ReplaceSession, StepUp
from service.operations.tell_change import TellChange
from service.operations.trust_device import RevokeDevice, TrustDevice
from service.operations.two_factor import ChangeTotp, EnableTotp, SetUpTotp
from service.operations.verify_second_factor import VerifySecondFactor
from service.store.passkeys import PasskeyRecords
from service.store.second_factors import SecondFactors
from service.store.trusted_devices import TrustedDevices
from service.web import factor_keys, keys
from service.web.cookies import DEVICE, TRUSTED, DeviceCookie
from service.web.devices import MarkDevice
from service.wiring.parts import PARTS, Parts
from service.wiring.policies import password_policy


async def wire_factors(app: web.Application) -> AsyncIterator[None]:
    """Let people sign in, prove again who they are, and change what proves it."""
    parts = app[PARTS]
    url, days = parts.settings.public_url, parts.settings.trusted_device_days
    devices = TrustedDevices(parts.database)
    factors = SecondFactors(parts.database)
    prove_code = ProveCode(parts.users, parts.seal, parts.events, parts.throttle, time.time)
    app[keys.LOGIN] = Login(
        parts.users,
        parts.hasher,
        parts.challenges,
        PasskeyRecords(parts.database),
        parts.events,
        parts.throttle,
        devices if days else None,
        parts.open_session,
        token_bytes,
    )
    app[keys.VERIFY_SECOND_FACTOR] = VerifySecondFactor(
        parts.challenges,
        parts.users,
        prove_code,
        parts.open_session,
        TrustDevice(devices, parts.events, timedelta(days=days), token_bytes),
    )
    app[factor_keys.STEP_UP] = StepUp(
        parts.prove_password,
        prove_code,
        ReplaceSession(parts.open_session, parts.end_sessions),
        parts.events,
    )
    wire_changes(app, parts, factors, prove_code)
    app[factor_keys.SECOND_FACTORS] = factors
    app[factor_keys.TRUSTED_DEVICES] = devices
    app[factor_keys.TRUSTED_DAYS] = days
    app[factor_keys.REVOKE_DEVICE] = RevokeDevice(devices, parts.events)
    app[factor_keys.TRUST_COOKIE] = DeviceCookie.of(url, TRUSTED)
    app[factor_keys.MARK_DEVICE] = MarkDevice(
        parts.throttle.proofs, DeviceCookie.of(url, DEVICE), now_ms, token_bytes
    )
    yield


def wire_changes(
    app: web.Application, parts: Parts, factors: SecondFactors, prove_code: ProveCode
) -> None:
    """What changes the second factor itself."""
    tell_change = TellChange(parts.live, parts.end_sessions)
    app[keys.SET_UP_TOTP] = SetUpTotp(
        parts.users,
        parts.seal,
        parts.events,
        parts.require_fresh,
        token_bytes,
        parts.settings.product_name,
    )
    app[keys.ENABLE_TOTP] = EnableTotp(
        parts.users,
        factors,
        parts.seal,
        parts.events,
        parts.throttle,
        tell_change,
        time.time,
        token_bytes,
    )
    app[factor_keys.CHANGE_TOTP] = ChangeTotp(
        factors,
        password_policy(parts.settings),
        parts.events,
        parts.prove_password,
        prove_code,
        tell_change,
        token_bytes,
    )
