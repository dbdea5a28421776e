"""Tables as CSV (RFC 4180) that no spreadsheet takes for formulas."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

FORMULA = frozenset("=+-@\t\r")


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """One line a row. A text that a spreadsheet would take for a formula gets a quote before it."""
    out = io.StringIO()
    write = csv.writer(out).writerow
    for row in rows:
        write([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return f"'{value}" if isinstance(value, str) and value[:1] in FORMULA else value
