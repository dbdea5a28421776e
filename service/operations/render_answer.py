"""An analyst's answer as the bytes of a file."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from service.contracts.analytics_views import ViewColumn
from service.domain.csv_text import csv_text
from service.metrics.registry import METRICS
from service.store.copies import Format
from service.store.parquet import parquet_of

TEXTS = {"window"}.union(*(metric.cells for metric in METRICS))


async def render(answer: Mapping[str, Any], form: Format) -> bytes:
    """CSV and Parquet have the rows alone; JSON all that is said of them.

    In Parquet windows and cells are texts, and every number is a double, so that the columns of two
    answers are the same. Raises ParquetMissingError.
    """
    columns, rows = answer["columns"], answer["rows"]
    if form is Format.JSON:
        return json.dumps(answer, separators=(",", ":")).encode()
    if form is Format.CSV:
        return csv_text([columns, *rows]).encode()
    typed = [
        ViewColumn(name, "text" if name in TEXTS else "double precision", "") for name in columns
    ]
    return await asyncio.to_thread(parquet_of, typed, rows)
