"""Rows of the audit as text: what an auditor's programs and spreadsheets read."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from service.domain.csv_text import csv_text

FIELDS = (
    "partition",
    "seq",
    "occurred_at",
    "recorded_at",
    "type",
    "outcome",
    "user_id",
    "session_id",
    "generation",
    "ip",
    "user_agent",
    "request_id",
    "actor_id",
    "reason",
    "data",
    "erased",
)
"""Of a row that people read; also the columns of CSV. `erased`: what was personal is gone."""

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def to_ndjson(rows: Iterable[Mapping[str, Any]]) -> str:
    """One JSON object a line."""
    return "".join([f"{_to_json(row)}\n" for row in rows])


def to_csv(rows: Iterable[Mapping[str, Any]], *, head: bool = False) -> str:
    """RFC 4180, with the names first if wanted.

    A text that a spreadsheet would take for a formula gets a quote before it.
    """
    named = [[row[name] for name in FIELDS] for row in rows]
    return csv_text([FIELDS, *named] if head else named)
