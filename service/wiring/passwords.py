"""Accounts of one's own: signing up, passwords, addresses, names."""

import asyncio
from collections.abc import AsyncIterator
from secrets import token_bytes
from uuid import uuid4

from aiohttp import web

from service.clocks import now_ms
from service.domain.common_passwords import common_passwords
from service.domain.mail_links import Links
from service.operations.change_email import ChangeEmail, VerifyEmail
from service.operations.change_password import ChangePassword
from service.operations.register import Register, VerifyRegistration
from service.operations.rename import Rename
from service.operations.reset_password import ForgetPassword, ResetPassword
from service.operations.tell_change import TellChange
from service.store.account_changes import AccountChanges
from service.store.email_changes import EmailChanges
from service.store.password_resets import PasswordResets
from service.store.registrations import Registrations
from service.web import password_keys as keys
from service.wiring.parts import PARTS
from service.wiring.policies import password_policy


async def wire_passwords(app: web.Application) -> AsyncIterator[None]:
    """Let people sign themselves up, and look after their account."""
    parts = app[PARTS]
    settings, events, hasher = parts.settings, parts.events, parts.hasher
    database, mails = parts.database, parts.mails
    policy, links = password_policy(settings), Links(settings.public_url, token_bytes)
    tell_change = TellChange(parts.live, parts.end_sessions)
    registrations = Registrations(database, mails)
    resets = PasswordResets(database, mails)
    changes, emails = AccountChanges(database), EmailChanges(database, mails)
    app[keys.REGISTER] = Register(
        parts.users,
        registrations,
        hasher,
        policy,
        events,
        links,
        lambda: str(uuid4()),
        now_ms,
        is_open=settings.registration == "open",
        verifies=settings.verifies_email,
    )
    app[keys.VERIFY_REGISTRATION] = VerifyRegistration(registrations, events)
    app[keys.FORGET_PASSWORD] = ForgetPassword(resets, events, links)
    app[keys.RESET_PASSWORD] = ResetPassword(resets, hasher, policy, events, tell_change)
    app[keys.CHANGE_PASSWORD] = ChangePassword(
        parts.require_fresh,
        parts.prove_password,
        policy,
        hasher,
        changes,
        events,
        tell_change,
    )
    app[keys.CHANGE_EMAIL] = ChangeEmail(
        parts.require_fresh, parts.prove_password, emails, events, links
    )
    app[keys.VERIFY_EMAIL] = VerifyEmail(emails, events, tell_change)
    app[keys.RENAME] = Rename(changes, events, parts.live)
    reading = asyncio.create_task(asyncio.to_thread(common_passwords))  # before anybody waits
    yield
    await reading
