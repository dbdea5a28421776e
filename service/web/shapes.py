"""The shapes of replies, for the OpenAPI document; tests hold real replies against them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.contracts.events import Outcome
from service.domain.sessions import EndReason


class Shape(BaseModel):
    """A reply."""

    model_config = ConfigDict(extra="forbid")


class UserShape(Shape):
    """A person."""

    id: str
    email: str
    name: str
    roles: list[str]
    mfa_enabled: bool
    created_at: datetime


class SessionShape(Shape):
    """A sign-in and all its refreshes."""

    id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ip: str
    device: str
    amr: list[str]
    current: bool


class TokensShape(Shape):
    """A pair of tokens; the refresh token is not here where it is a cookie.

    `device_token`: of a device that is trusted from now on; to be sent with its next sign-ins.
    """

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    refresh_token: str | None = None
    refresh_expires_in: int
    session_id: str
    user: UserShape
    device_token: str | None = None


class ChallengeShape(Shape):
    """A second factor is needed: send `mfa_token` and a code to `/verify-2fa`."""

    mfa_required: Literal[True]
    mfa_token: str
    methods: list[str]
    expires_in: int


class MeShape(Shape):
    """The caller."""

    user: UserShape
    session: SessionShape


class SessionsShape(Shape):
    """The caller's sessions."""

    sessions: list[SessionShape]


class ErasureShape(Shape):
    """When the caller will be forgotten, or was."""

    status: Literal["erased", "scheduled"]
    erase_at: datetime


class ExportJobShape(Shape):
    """The archive is not made yet: ask again, at the same place."""

    id: str
    status: Literal["pending"]
    requested_at: datetime


class ArchiveShape(Shape):
    """All that is held on the caller: docs/privacy.md."""

    format: Literal["inphora-person-1"]
    made_at: datetime
    kept_until: datetime
    account: dict[str, Any]
    sessions: list[dict[str, Any]]
    passkeys: list[dict[str, Any]]
    events: list[dict[str, Any]]
    mails: list[dict[str, Any]]
    unread_events: list[dict[str, str]]
    withheld: list[str]


class AuditRowShape(Shape):
    """What happened: docs/audit.md. `erased`: what was personal in it is gone for good."""

    partition: int
    seq: int
    occurred_at: datetime
    recorded_at: datetime
    type: str
    outcome: Outcome
    user_id: str | None
    session_id: str | None
    generation: int | None
    ip: str | None
    user_agent: str | None
    request_id: str | None
    actor_id: str | None
    reason: str | None
    data: dict[str, Any]
    erased: bool


class AuditPageShape(Shape):
    """Rows, the newest first. There may be fewer than asked for, even none, and more to come:
    the end is where `next_cursor` is null.
    """

    rows: list[AuditRowShape]
    next_cursor: str | None


class MetricShape(Shape):
    """A metric: what it means, what it can be parted by, and its SQL."""

    name: str
    version: int
    unit: str
    kind: str
    definition: str
    columns: list[str]
    grains: list[str]
    by: list[str]
    sql: str


class MetricsShape(Shape):
    """All of them."""

    metrics: list[MetricShape]


class WatermarkShape(Shape):
    """`refreshed_at`: what was received before is counted; `closed_through`: what is final."""

    refreshed_at: str | None
    closed_through: str | None


class AnswerShape(Shape):
    """Rows by `columns`. `partial`: windows that are not over, or not counted to their end.
    `suppressed`: how many cells were too small, and are merged into `other` or null.
    """

    columns: list[str]
    rows: list[list[str | int | float | None]]
    tz: str
    grain: str
    exact: bool
    watermark: WatermarkShape
    partial: list[str]
    suppressed: int
    metric_versions: dict[str, int]


class SignedInShape(Shape):
    """Open sessions, and whose they are."""

    users: int
    sessions: int


class MinuteShape(Shape):
    """What a minute brought: sign-ins, and steps of sign-ins that failed."""

    minute: str
    logins: int
    failures: int


class LiveNumbersShape(Shape):
    """What goes on, as of some seconds ago; the minutes oldest first, the last not over yet."""

    as_of: str
    signed_in: SignedInShape
    per_minute: list[MinuteShape]
    approx: bool


class SessionRowShape(Shape):
    """A session as analysts see it; `user_key`: a pseudonym."""

    session_id: str
    user_key: str | None
    started_at: datetime | None
    last_active_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    client: str | None
    device_class: str
    browser: str | None
    os: str | None
    country: str | None
    method: str | None
    mfa_used: bool
    refresh_count: int
    refresh_background_count: int
    reuse_detected: bool


class SessionRowsShape(Shape):
    """The newest first."""

    sessions: list[SessionRowShape]
    next_cursor: str | None


class ExportFileShape(Shape):
    """`url`: a path that anybody may fetch for a quarter of an hour; ask again for a new one."""

    name: str
    bytes: int
    rows: int
    sha256: str
    url: str


class AnalyticsExportShape(Shape):
    """How far an export is. `error`: why it failed. Files are there once it is ready."""

    id: str
    table: str | None = None
    query: dict[str, str] | None = None
    format: Literal["csv", "json", "parquet"]
    since: str = Field(alias="from")
    until: str = Field(alias="to")
    status: Literal["pending", "running", "ready", "failed"]
    progress: float
    error: str | None
    files: list[ExportFileShape]
    expires_at: datetime | None


class HealthShape(Shape):
    """How the service and what it stands on are."""

    status: Literal["ok", "degraded", "down"]
    checks: dict[str, dict[str, Any]]


class StatusShape(Shape):
    """Alive, or ready."""

    status: Literal["ok"]


class JwksShape(Shape):
    """RFC 7517."""

    keys: list[dict[str, str]]


class FieldShape(Shape):
    """A refused field."""

    field: str
    message: str


class ProblemShape(Shape):
    """RFC 9457. `reason`: why the caller's session ended, where the code says that it did."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldShape] | None = None
    reason: EndReason | None = None
