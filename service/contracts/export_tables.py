"""Exports that analysts asked for: the request, the job and its files, in rows that expire.

Files are kept in PostgreSQL, in pieces: it is what web processes and workers on several machines
share, and what a backup, a role and a sweep already look after.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from service.contracts.aggregate_tables import metadata
from service.contracts.analytics_tables import INSTANT, SCHEMA

__all__ = ["export_file", "export_job", "export_piece", "metadata"]

export_job = Table(
    "export_job",
    metadata,
    Column("id", String(36), primary_key=True, comment="random"),
    Column("requested_by", Text, nullable=False, comment="of users; who may fetch it"),
    Column("asked", JSONB, nullable=False, comment="the table, or the query, as it was asked"),
    Column("format", String(8), nullable=False, comment="csv, json or parquet"),
    Column("since", Date, nullable=False, comment="the first day, UTC"),
    Column("until", Date, nullable=False, comment="the day after the last, UTC"),
    Column("requested_at", INSTANT, nullable=False, comment="from here on a worker may take it"),
    Column("claimed_at", INSTANT, comment="when a worker last took it or went on; null: never"),
    Column(
        "tries", SmallInteger, nullable=False, server_default=text("0"), comment="since it went on"
    ),
    Column(
        "days_done", Integer, nullable=False, server_default=text("0"), comment="that are in files"
    ),
    Column("ended_at", INSTANT, comment="when it was whole, or given up; null: not yet"),
    Column("error", Text, comment="why it was given up; null: it was not"),
    Column("expires_at", INSTANT, comment="when a sweep drops it: EXPORT_KEEP_SECONDS later"),
    schema=SCHEMA,
    comment="exports that analysts asked for",
)

export_file = Table(
    "export_file",
    metadata,
    Column(
        "export_id",
        ForeignKey(export_job.c.id, ondelete="CASCADE"),
        primary_key=True,
        comment="of export_job; goes with it",
    ),
    Column("number", Integer, primary_key=True, autoincrement=False, comment="from 1"),
    Column("name", Text, nullable=False, comment="such as date=2026-11-01/part.parquet"),
    Column("size", BigInteger, nullable=False, comment="bytes so far"),
    Column("rows", BigInteger, nullable=False, comment="so far"),
    Column("sha256", LargeBinary, comment="of the whole file; null: it still grows"),
    schema=SCHEMA,
    comment="files of an export",
)

export_piece = Table(
    "export_piece",
    metadata,
    Column(
        "export_id",
        ForeignKey(export_job.c.id, ondelete="CASCADE"),
        primary_key=True,
        comment="of export_job; goes with it",
    ),
    Column("number", Integer, primary_key=True, autoincrement=False, comment="of export_file"),
    Column("begin", BigInteger, primary_key=True, comment="how many bytes come before it"),
    Column("body", LargeBinary, nullable=False, comment="half a megabyte at most"),
    schema=SCHEMA,
    comment="files of an export, in pieces",
)
