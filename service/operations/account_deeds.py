"""What there is that an administrator may do to an account."""

from collections.abc import Sequence
from datetime import datetime

from service.contracts.events import EventType
from service.domain.instants import to_ms, to_rfc3339
from service.domain.sessions import EndReason
from service.domain.users import Role
from service.store.admin_changes import NOW, UNLOCKED, AccountChange


def lock(until: datetime | None) -> AccountChange:
    """Shut out for a time, or until somebody unlocks."""
    told = {"until": to_rfc3339(to_ms(until))} if until else {}
    return AccountChange(
        event=EventType.USER_LOCKED,
        values={"locked_at": NOW, "locked_until": until},
        data=told,
        ends=EndReason.ACCOUNT_DISABLED,
        narrows=True,
    )


UNLOCK = AccountChange(event=EventType.USER_UNLOCKED, values=UNLOCKED, forgives=True)
DISABLE = AccountChange(
    event=EventType.USER_DISABLED,
    values={"disabled_at": NOW},
    ends=EndReason.ACCOUNT_DISABLED,
    narrows=True,
)
ENABLE = AccountChange(event=EventType.USER_ENABLED, values={"disabled_at": None}, opens=True)
RESET_2FA = AccountChange(
    event=EventType.USER_MFA_RESET,
    values={"totp_secret": None, "totp_pending": None},
    ends=EndReason.MFA_CHANGE,
    takes_factors=True,
)
REVOKE = AccountChange(event=EventType.SESSIONS_REVOKED, ends=EndReason.REVOKED_ADMIN)


def revoke_one(session_id: str) -> AccountChange:
    """End one session."""
    return AccountChange(
        event=EventType.SESSIONS_REVOKED, ends=EndReason.REVOKED_ADMIN, only=session_id
    )


def set_roles(roles: Sequence[Role]) -> AccountChange:
    """What they may do from now on; looked up at every request, so no session needs to end."""
    wanted = [role for role in Role if role in roles]
    return AccountChange(
        event=EventType.USER_ROLES_CHANGED,
        values={"roles": [role.value for role in wanted]},
        data={"roles": [role.value for role in wanted]},
        narrows=Role.ADMIN not in wanted,
    )
