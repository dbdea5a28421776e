"""Reading a query strictly: what is unknown, empty or said twice is refused, never passed over."""

import re
from datetime import UTC, date, datetime
from ipaddress import ip_address
from typing import Annotated, Any, Literal, TypeVar

from aiohttp import web
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic import StringConstraints as Text

from service.contracts.events import EventType, Outcome
from service.domain import errors as e
from service.domain.audit_cursor import CURSOR_MAX
from service.domain.export_link import TICKET_MAX
from service.domain.session_cursor import CURSOR_MAX as SESSION_CURSOR_MAX
from service.web.bodies import is_plain, validated

RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
NUMBER = re.compile(r"[0-9]{1,9}")
NAME_MAX = 64
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
FIRST_YEAR, LAST_YEAR = 2000, 2200


def instant(text: Any) -> datetime:
    """An instant by RFC 3339. Raises ValueError."""
    if not isinstance(text, str) or not RFC_3339.fullmatch(text):
        message = "give an instant by RFC 3339, such as 2026-11-23T08:00:00Z; write a + as %2B"
        raise ValueError(message)
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        message = "there is no such instant"
        raise ValueError(message) from None


def number(text: Any) -> int:
    """A whole number in digits. Raises ValueError."""
    if not isinstance(text, str) or not NUMBER.fullmatch(text):
        message = "give a whole number in digits"
        raise ValueError(message)
    return int(text)


def _ip(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        message = "give an IPv4 or IPv6 address"
        raise ValueError(message) from None


Id = Annotated[str, Text(min_length=1, max_length=64), AfterValidator(is_plain)]
Address = Annotated[str, Text(min_length=2, max_length=64), AfterValidator(_ip)]
Instant = Annotated[datetime, BeforeValidator(instant)]


class Query(BaseModel):
    """The parameters of a URL. None is absent, which nobody can say; a tuple may be repeated."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class AuditQuery(Query):
    """Which rows of the audit, and how they are given."""

    user_id: Annotated[Id | None, Field(description="whom it happened to")] = None
    session_id: Annotated[Id | None, Field(description="in which session")] = None
    type: Annotated[
        tuple[EventType, ...], Field(max_length=len(EventType), description="any of these")
    ] = ()
    outcome: Annotated[Outcome | None, Field(description="how it went")] = None
    ip: Annotated[Address | None, Field(description="the client's address")] = None
    since: Annotated[Instant | None, Field(description="that instant too")] = None
    until: Annotated[Instant | None, Field(description="without that instant")] = None
    limit: Annotated[
        Annotated[int, Field(ge=1, le=200), BeforeValidator(number)] | None,
        Field(description="rows of a page; 50 if not given"),
    ] = None
    cursor: Annotated[
        Annotated[str, Text(min_length=1, max_length=CURSOR_MAX)] | None,
        Field(description="next_cursor of the page before, with the same filters"),
    ] = None
    format: Annotated[
        Literal["json", "csv", "ndjson"] | None, Field(description="goes before Accept")
    ] = None


def _day(text: Any) -> date:
    if not isinstance(text, str) or not DAY.fullmatch(text):
        message = "give a local day, such as 2026-11-23"
        raise ValueError(message)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        message = "there is no such day"
        raise ValueError(message) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        message = f"give a day of the years {FIRST_YEAR} to {LAST_YEAR}"
        raise ValueError(message)
    return day


Day = Annotated[date, BeforeValidator(_day)]
Name = Annotated[str, Text(min_length=1, max_length=NAME_MAX), AfterValidator(is_plain)]
Flag = Literal["true", "false"]


class AnalyticsQuery(Query):
    """Which metrics, of when, by what."""

    metrics: Annotated[
        Annotated[str, Text(min_length=1, max_length=500)],
        Field(description="names of GET /api/analytics/metrics, by commas"),
    ]
    since: Annotated[Day, Field(alias="from", description="the first local day")]
    until: Annotated[Day, Field(alias="to", description="the local day after the last")]
    tz: Annotated[Name | None, Field(description="IANA name; UTC if not given")] = None
    grain: Annotated[
        Literal["15m", "hour", "day", "week", "month", "total"] | None,
        Field(description="how long a window is; day if not given"),
    ] = None
    by: Annotated[
        Literal[
            "client", "device_class", "browser", "os", "country", "method", "end_reason", "reason"
        ]
        | None,
        Field(description="a row for each of these, where the metric allows it"),
    ] = None
    client: Annotated[Name | None, Field(description="only of this client")] = None
    device_class: Annotated[Name | None, Field(description="only by such devices")] = None
    browser: Annotated[Name | None, Field(description="only by this browser")] = None
    os: Annotated[Name | None, Field(description="only by this system")] = None
    country: Annotated[Name | None, Field(description="only from this country")] = None
    method: Annotated[Name | None, Field(description="only signed in by this")] = None
    include_test: Annotated[Flag | None, Field(description="with test accounts")] = None
    include_bots: Annotated[Flag | None, Field(description="with bots")] = None
    compare: Annotated[
        Literal["previous"] | None, Field(description="beside it, as many days just before")
    ] = None
    format: Annotated[
        Literal["json", "csv", "parquet"] | None, Field(description="goes before Accept")
    ] = None


class SessionQuery(Query):
    """Which sessions, row by row."""

    since: Annotated[Day, Field(alias="from", description="the first local day")]
    until: Annotated[Day, Field(alias="to", description="the local day after the last")]
    tz: Annotated[Name | None, Field(description="IANA name; UTC if not given")] = None
    at: Annotated[
        Literal["started", "ended"] | None,
        Field(description="what happened in these days; started if not given"),
    ] = None
    client: Annotated[Name | None, Field(description="only of this client")] = None
    device_class: Annotated[Name | None, Field(description="only by such devices")] = None
    browser: Annotated[Name | None, Field(description="only by this browser")] = None
    os: Annotated[Name | None, Field(description="only by this system")] = None
    country: Annotated[Name | None, Field(description="only from this country")] = None
    method: Annotated[Name | None, Field(description="only signed in by this")] = None
    end_reason: Annotated[Name | None, Field(description="only those that ended by this")] = None
    reuse_detected: Annotated[
        Flag | None, Field(description="only those in which an old token came back, or did not")
    ] = None
    include_test: Annotated[Flag | None, Field(description="with test accounts")] = None
    include_bots: Annotated[Flag | None, Field(description="with bots")] = None
    limit: Annotated[
        Annotated[int, Field(ge=1, le=200), BeforeValidator(number)] | None,
        Field(description="rows of a page; 50 if not given"),
    ] = None
    cursor: Annotated[
        Annotated[str, Text(min_length=1, max_length=SESSION_CURSOR_MAX)] | None,
        Field(description="next_cursor of the page before, with the same filters"),
    ] = None


class FileQuery(Query):
    """The link to a file."""

    ticket: Annotated[
        Annotated[str, Text(min_length=1, max_length=TICKET_MAX)],
        Field(description="from the url of a file of an export"),
    ]


Q = TypeVar("Q", bound=Query)


def read_query(request: web.Request, shape: type[Q]) -> Q:
    """The query as its shape. Raises ValidationFailedError."""
    given = request.query
    values: dict[str, Any] = {}
    twice: list[e.FieldError] = []
    for name in dict.fromkeys(given):
        field = shape.model_fields.get(name)
        several = given.getall(name)
        if field is not None and isinstance(field.default, tuple):
            values[name] = several
            continue
        values[name] = several[0]
        if len(several) > 1:
            twice.append(e.FieldError(name[:NAME_MAX], "give it once"))
    if twice:
        raise e.ValidationFailedError(twice)
    return validated(shape, values)
