"""Tables of the schema `analytics` that are added up from its facts, and what is said of them."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)

from service.contracts import analytics_tables
from service.contracts.analytics_tables import INSTANT, PERSON, SCHEMA, key

metadata = analytics_tables.metadata

TZ = "IANA name"
PARTED = "the dimension of the cell; empty: all that there is"
CELL = "its value, or unknown; other of all that there is"

agg_zone = Table(
    "agg_zone",
    metadata,
    Column("tz", Text, primary_key=True, comment=TZ),
    Column("asked_at", INSTANT, nullable=False, comment="when somebody last asked for it"),
    Column("built_at", INSTANT, comment="its days are worked out since; null: not yet"),
    schema=SCHEMA,
    comment="time zones in use: their days are kept ready",
)

agg_user_day = Table(
    "agg_user_day",
    metadata,
    Column("tz", Text, primary_key=True, comment=TZ),
    Column("day", Date, primary_key=True, comment="local"),
    Column("user_key", Uuid(as_uuid=False), primary_key=True, comment=PERSON),
    Column("client_key", Integer, primary_key=True, comment="of dim_client"),
    Column("device_key", Integer, primary_key=True, comment="of dim_device"),
    Column("geo_key", Integer, primary_key=True, comment="of dim_geo"),
    Column("is_test", Boolean, nullable=False, comment="not counted"),
    schema=SCHEMA,
    comment="who was active on which local day, by what",
)

agg_active_day = Table(
    "agg_active_day",
    metadata,
    Column("tz", Text, primary_key=True, comment=TZ),
    Column("day", Date, primary_key=True, comment="local"),
    Column("part_by", Text, primary_key=True, comment=PARTED),
    Column("cell", Text, primary_key=True, comment=CELL),
    Column("dau", Integer, nullable=False, comment="distinct users of the day"),
    Column("wau", Integer, nullable=False, comment="of 7 days that end with it"),
    Column("mau", Integer, nullable=False, comment="of 28 days that end with it"),
    Column("mfa_enrolled", Integer, nullable=False, comment="of mau, with a second factor"),
    Column("new_users", Integer, nullable=False, comment="of dau, never active before"),
    schema=SCHEMA,
    comment="active users a day, without test accounts and bots; small cells are not merged",
)

agg_counts_15m = Table(
    "agg_counts_15m",
    metadata,
    Column("cube", Text, primary_key=True, comment="what is counted: service/metrics/sources.py"),
    Column("part_by", Text, primary_key=True, comment=PARTED),
    Column("bucket", INSTANT, primary_key=True, comment="the quarter of an hour's beginning"),
    Column("cell", Text, primary_key=True, comment=CELL),
    Column("is_test", Boolean, primary_key=True, comment="of test accounts"),
    Column("is_bot", Boolean, primary_key=True, comment="of crawlers, scripts and monitors"),
    Column("users", Integer, nullable=False, comment="distinct ones"),
    Column("sums", ARRAY(BigInteger), nullable=False, comment="in the order of the cube's sums"),
    schema=SCHEMA,
    comment="counts by one dimension at a time; small cells are not merged",
)

agg_flow = Table(
    "agg_flow",
    metadata,
    Column("subject_key", Uuid(as_uuid=False), primary_key=True, comment="whose sign-in"),
    Column("started_at", INSTANT, primary_key=True, comment="of its first step"),
    Column("last_at", INSTANT, nullable=False, comment="of its last step"),
    key("client"),
    key("device"),
    key("geo"),
    Column("attempts", Integer, nullable=False, comment="sign-ins that succeeded or failed"),
    Column("password", Boolean, nullable=False, comment="a password was right"),
    Column("second_factor", Boolean, nullable=False, comment="a second factor was right"),
    Column("session", Boolean, nullable=False, comment="a session began"),
    Column("is_test", Boolean, nullable=False, comment="not counted"),
    Index("ix_agg_flow_started_at", "started_at"),
    schema=SCHEMA,
    comment="sign-in flows: steps of one subject, each within 30 minutes of the one before",
)

agg_moved = Table(
    "agg_moved",
    metadata,
    Column("event_id", Text, primary_key=True, comment="of fct_auth_events"),
    Column("occurred_at", INSTANT, nullable=False, comment="of the event"),
    schema=SCHEMA,
    comment="events that were told their device and country late; the next refresh counts them anew",
)

agg_concurrency_15m = Table(
    "agg_concurrency_15m",
    metadata,
    Column("bucket", INSTANT, primary_key=True, comment="the quarter of an hour's beginning"),
    Column("open_peak", Integer, nullable=False, comment="sessions open at once, at most"),
    Column("open_seconds", Double, nullable=False, comment="added up over open sessions"),
    Column("active_users", Integer, nullable=False, comment="distinct users who were active"),
    schema=SCHEMA,
    comment="sessions open and people active at once, without test accounts and bots",
)

meta_metric = Table(
    "meta_metric",
    metadata,
    Column("name", Text, primary_key=True, comment="as the API has it"),
    Column("version", Integer, nullable=False, comment="rises when numbers change by definition"),
    Column("unit", Text, nullable=False, comment="users, events, seconds, share"),
    Column("definition", Text, nullable=False, comment="in words"),
    Column("sql", Text, nullable=False, comment="what is asked, for :edges of windows"),
    schema=SCHEMA,
    comment="every metric, by the release that last refreshed the aggregates",
)

meta_watermark = Table(
    "meta_watermark",
    metadata,
    Column("only", Boolean, primary_key=True, server_default=text("true"), comment="one row"),
    Column("refreshed_at", INSTANT, nullable=False, comment="all received before is counted"),
    Column("closed_through", INSTANT, nullable=False, comment="before it, only late events count"),
    schema=SCHEMA,
    comment="how fresh the aggregates are",
)
