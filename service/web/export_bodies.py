"""What asks for an export."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic import StringConstraints as Text

from service.web.bodies import Body
from service.web.queries import Day

TABLES = Literal["sessions", "events", "user_days", "daily_actives", "flows", "concurrency"]


class ExportBody(Body):
    """A table, or a query, of some days; either, not both."""

    table: Annotated[TABLES | None, Field(description="whole rows, by UTC days")] = None
    query: Annotated[
        dict[
            Annotated[str, Text(max_length=64)],
            Annotated[str, Text(max_length=500)],
        ]
        | None,
        Field(description="parameters of GET /api/analytics/query but from, to and format"),
    ] = None
    format: Annotated[
        Literal["csv", "json", "parquet"], Field(description="json: an object a line")
    ]
    since: Annotated[Day, Field(alias="from", description="the first day")]
    until: Annotated[Day, Field(alias="to", description="the day after the last")]
