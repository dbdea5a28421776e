"""What administrators send. Every deed wants its reason: a line for whoever reads the audit."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, Strict
from pydantic import StringConstraints as Text

from service.domain.users import Role
from service.store.administration import Status
from service.web.bodies import Body, Email, Password, is_plain
from service.web.queries import Query, instant, number

REASON_MAX = 500
CURSOR_MAX = 256


def _said(text: str) -> str:
    if not text.strip():
        message = "say why"
        raise ValueError(message)
    return is_plain(text)


Reason = Annotated[str, Text(min_length=1, max_length=REASON_MAX), AfterValidator(_said)]
Roles = Annotated[
    tuple[Annotated[Role, Strict(strict=False)], ...],
    Strict(strict=False),
    Field(max_length=len(Role)),
]
Until = Annotated[datetime, Strict(strict=False), BeforeValidator(instant)]
PersonName = Annotated[str, Text(max_length=200), AfterValidator(is_plain)]


class ReasonBody(Body):
    """Why it is done."""

    reason: Reason


class LockBody(Body):
    """Why, and until when; without, until somebody unlocks."""

    reason: Reason
    until: Until | None = None


class RolesBody(Body):
    """All the roles they have from now on, none for an ordinary user, and why."""

    roles: Roles
    reason: Reason


class NewUserBody(Body):
    """A person; without a password they set one by `forgot password`."""

    email: Email
    name: PersonName = ""
    roles: Roles = ()
    password: Password | None = None


class PageQuery(Query):
    """Which page."""

    limit: Annotated[
        Annotated[int, Field(ge=1, le=200), BeforeValidator(number)] | None,
        Field(description="rows of a page; 50 if not given"),
    ] = None
    cursor: Annotated[
        Annotated[str, Text(min_length=1, max_length=CURSOR_MAX)] | None,
        Field(description="next_cursor of the page before, with the same filters"),
    ] = None


class UsersQuery(PageQuery):
    """Which people."""

    q: Annotated[
        Annotated[str, Text(min_length=1, max_length=254), AfterValidator(is_plain)] | None,
        Field(description="how their e-mail address or name begins, in any case"),
    ] = None
    role: Annotated[Role | None, Field(description="who have this role")] = None
    status: Annotated[Status | None, Field(description="whether they may sign in")] = None


class EndQuery(Query):
    """Why a session is ended."""

    reason: Annotated[Reason, Field(description="why, for whoever reads the audit")]
