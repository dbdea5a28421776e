"""The shapes of replies to administrators."""

from datetime import datetime

from service.contracts.events import Outcome
from service.domain.sessions import EndReason
from service.store.administration import Status
from service.web.shapes import Shape, UserShape


class AdminUserShape(UserShape):
    """A person as administrators see them. `last_sign_in_at`: null too when it is past retention."""

    status: Status
    locked_until: datetime | None
    last_sign_in_at: datetime | None
    sessions: int
    passkeys: int


class AdminUsersShape(Shape):
    """The newest first."""

    users: list[AdminUserShape]
    next_cursor: str | None


class AdminSessionShape(Shape):
    """A session, live or ended."""

    id: str
    user_id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ip: str
    device: str
    amr: list[str]
    ended_at: datetime | None
    end_reason: EndReason | None


class AdminSessionsShape(Shape):
    """The newest first, ended ones too."""

    sessions: list[AdminSessionShape]
    next_cursor: str | None


class TimelineEntryShape(Shape):
    """What happened, in a sentence. `until` and `times`: so many uses in a row are told as one."""

    at: datetime
    type: str
    outcome: Outcome
    reason: str | None
    ip: str | None
    device: str | None
    generation: int | None
    actor_id: str | None
    says: str
    times: int
    until: datetime | None


class TimelineShape(Shape):
    """The oldest first. `session` is null once retention dropped its row. Not `complete`: some uses
    in the middle are left out, for there are thousands.
    """

    session: AdminSessionShape | None
    user_id: str
    events: list[TimelineEntryShape]
    complete: bool


class EndedShape(Shape):
    """How many sessions ended."""

    ended: int
