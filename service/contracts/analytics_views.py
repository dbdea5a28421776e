"""The views that BI tools bind to and that exports are made of: the promise of version 1.

A column of a `v1_` view is never renamed, dropped or given another meaning; columns may be added.
What has to break that comes as `v2_` beside it. The SQL of the views is in the migrations.
"""

from dataclasses import dataclass
from typing import NamedTuple

from service.contracts.aggregate_tables import TZ
from service.contracts.analytics_tables import PERSON, SCHEMA

NOT_KNOWN = "null: not known"
DAY_UTC = "UTC"
IS_TEST = "a test account: left out by default"
IS_BOT = "a crawler, a script or a monitor: left out by default"


class ViewColumn(NamedTuple):
    """A column; `type` as PostgreSQL calls it."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A view of the schema `analytics`. `day`: the column whose UTC days an export goes by.

    `order` is of an export's rows; of a view that is exported it is a key.
    """

    name: str
    comment: str
    columns: tuple[ViewColumn, ...]
    day: str = ""
    order: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Its name for SQL."""
        return f"{SCHEMA}.{self.name}"

    @property
    def day_is_date(self) -> bool:
        """Whether it has days instead of instants."""
        return any(each.name == self.day and each.type == "date" for each in self.columns)


C = ViewColumn
INSTANT = "timestamp with time zone"
DIMENSIONS = (
    C("client", "text", f"whom access tokens are for; {NOT_KNOWN}"),
    C("device_class", "text", "desktop, mobile, tablet, bot or other"),
    C("browser", "text", f"family, such as Firefox; {NOT_KNOWN}"),
    C("os", "text", f"family, such as Android; {NOT_KNOWN}"),
    C("country", "text", f"ISO 3166-1 alpha-2; {NOT_KNOWN}"),
)
FLAGS = (C("is_test", "boolean", IS_TEST), C("is_bot", "boolean", IS_BOT))
METHOD = C(
    "method",
    "text",
    f"how they signed in: pwd, pwd otp mfa, or pwd mfa by a recovery code; {NOT_KNOWN}",
)

VIEWS = (
    View(
        name="v1_sessions",
        comment="one session a row, its dimensions beside it",
        columns=(
            C("session_id", "text", "as in the audit"),
            C("user_key", "uuid", PERSON),
            *DIMENSIONS,
            C("started_at", INSTANT, "the sign-in; null until its event came"),
            C("started_on", "date", f"the day of started_at, {DAY_UTC}"),
            C("last_active_at", INSTANT, "of the last activity that counts"),
            C("ended_at", INSTANT, "null: open"),
            C("end_reason", "text", "of the first end that was told; null: open"),
            C("end_category", "text", "of v1_reasons; null: open"),
            C("expires_at", INSTANT, "when it ends at the latest"),
            METHOD,
            C("mfa_used", "boolean", "a second factor"),
            C("refresh_count", "integer", "all refreshes"),
            C("refresh_background_count", "integer", "of them by tabs that nobody looked at"),
            C("reuse_detected", "boolean", "an old refresh token came back"),
            *FLAGS,
        ),
        day="started_at",
        order=("started_at", "session_id"),
    ),
    View(
        name="v1_events",
        comment="one event a row, its dimensions beside it",
        columns=(
            C("event_id", "text", "partition and id in its stream"),
            C("event_name", "text", "type: docs/events.md"),
            C("occurred_at", INSTANT, "the clock of Redis"),
            C("occurred_on", "date", f"the day of occurred_at, {DAY_UTC}"),
            C("received_at", INSTANT, "when a worker stored it"),
            C("user_key", "uuid", f"{PERSON}; null: nobody knows who"),
            C("subject_key", "uuid", "whose sign-in: user_key, else of address and user agent"),
            C("session_id", "text", "null before there is one"),
            *DIMENSIONS,
            C("outcome", "text", "success, failure or neutral"),
            C("reason_code", "text", "why it failed or ended"),
            C(
                "reason_category",
                "text",
                "of v1_reasons, or limit; null: no reason, or a newer one",
            ),
            METHOD,
            C("is_foreground", "boolean", "of a refresh: a tab that somebody looks at"),
            *FLAGS,
            C("schema_version", "smallint", "1"),
        ),
        day="occurred_at",
        order=("occurred_at", "event_id"),
    ),
    View(
        name="v1_user_days",
        comment="who was active on which local day, by what; a row for each zone in use",
        columns=(
            C("tz", "text", TZ),
            C("day", "date", "local"),
            C("user_key", "uuid", PERSON),
            *DIMENSIONS,
            *FLAGS,
        ),
        day="day",
        order=("tz", "day", "user_key", "client", "device_class", "browser", "os", "country"),
    ),
    View(
        name="v1_daily_actives",
        comment="active users a local day, without test accounts and bots",
        columns=(
            C("tz", "text", TZ),
            C("day", "date", "local"),
            C("dau", "integer", "distinct users of the day"),
            C("wau", "integer", "of 7 days that end with it"),
            C("mau", "integer", "of 28 days that end with it"),
        ),
        day="day",
        order=("tz", "day"),
    ),
    View(
        name="v1_flows",
        comment="sign-in flows: steps of one subject, each within 30 minutes of the one before",
        columns=(
            C("subject_key", "uuid", "whose sign-in"),
            C("started_at", INSTANT, "of its first step"),
            C("started_on", "date", f"the day of started_at, {DAY_UTC}"),
            C("last_at", INSTANT, "of its last step"),
            *DIMENSIONS,
            C("attempts", "integer", "sign-ins that succeeded or failed"),
            C("password", "boolean", "a password was right"),
            C("second_factor", "boolean", "a second factor was right"),
            C("session", "boolean", "a session began"),
            *FLAGS,
        ),
        day="started_at",
        order=("started_at", "subject_key"),
    ),
    View(
        name="v1_concurrency",
        comment="sessions open and people active at once, without test accounts and bots",
        columns=(
            C("bucket", INSTANT, "the quarter of an hour's beginning"),
            C("open_peak", "integer", "sessions open at once, at most"),
            C("open_seconds", "double precision", "added up over open sessions"),
            C("active_users", "integer", "distinct users who were active"),
        ),
        day="bucket",
        order=("bucket",),
    ),
    View(
        name="v1_reasons",
        comment="what kind of thing a reason is",
        columns=(
            C("reason_code", "text", "as events and sessions say it"),
            C(
                "category",
                "text",
                "credentials, second_factor, replay, session, person or operator",
            ),
        ),
    ),
    View(
        name="v1_dates",
        comment="the calendar, for joining",
        columns=(
            C("day", "date", "2000-01-01 to 2100-12-31"),
            C("year", "smallint", "of the calendar"),
            C("quarter", "smallint", "1 to 4"),
            C("month", "smallint", "1 to 12"),
            C("iso_year", "smallint", "of the ISO 8601 week"),
            C("iso_week", "smallint", "1 to 53"),
            C("weekday", "smallint", "1 Monday to 7 Sunday"),
        ),
    ),
    View(
        name="v1_metrics",
        comment="every metric, by the release that last refreshed the aggregates",
        columns=(
            C("name", "text", "as the API has it"),
            C("version", "integer", "rises when numbers change by definition"),
            C("unit", "text", "users, events, seconds, share"),
            C("definition", "text", "in words"),
            C("sql", "text", "what is asked, for :edges of windows"),
        ),
    ),
    View(
        name="v1_freshness",
        comment="how fresh the aggregates are: one row",
        columns=(
            C("refreshed_at", INSTANT, "all received before is counted"),
            C("closed_through", INSTANT, "before it, only late events count"),
        ),
    ),
)

EXPORTED = {view.name.removeprefix("v1_"): view for view in VIEWS if view.day}
"""What can be exported, by the names that people give."""

REASONS = {
    "unknown_user": "credentials",
    "wrong_password": "credentials",
    "disabled": "credentials",
    "erase": "credentials",
    "wrong_code": "second_factor",
    "too_many_tries": "second_factor",
    "totp": "second_factor",
    "recovery_code": "second_factor",
    "concurrent": "replay",
    "lost_response": "replay",
    "logout": "session",
    "idle_timeout": "session",
    "absolute_timeout": "session",
    "token_reuse": "session",
    "evicted": "session",
    "aborted": "session",
    "superseded": "session",
    "revoked_user": "person",
    "password_change": "person",
    "email_change": "person",
    "mfa_change": "person",
    "erased": "person",
    "self": "person",
    "revoked_admin": "operator",
    "account_disabled": "operator",
    "operator": "operator",
}
"""The rows of `dim_reason`: a reason that is added here is added by a migration, too."""
