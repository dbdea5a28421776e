"""What stands beside exported files, so that whoever finds them knows what the columns mean."""

import json

from service.contracts.analytics_views import View
from service.store.copies import Format
from service.store.parquet import TYPES

CSV_TYPES = {"timestamp with time zone": "RFC 3339, UTC", "boolean": "true or false"}


def describe(view: View, form: Format) -> bytes:
    """The schema file of a view: names, types of PostgreSQL and of the file, comments."""
    types = TYPES if form is Format.PARQUET else CSV_TYPES
    said = {
        "table": view.name.removeprefix("v1_"),
        "view": view.place,
        "about": view.comment,
        "day": view.day,
        "format": form.value,
        "columns": [
            {
                "name": column.name,
                "type": types.get(column.type, "text"),
                "sql_type": column.type,
                "comment": column.comment,
            }
            for column in view.columns
        ],
    }
    return json.dumps(said, indent=2).encode() + b"\n"
