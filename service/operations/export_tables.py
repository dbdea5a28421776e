"""Write a table as files, a day each; days that are final and as they were are left alone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from service.contracts.analytics_views import EXPORTED, View
from service.contracts.events import EventType
from service.domain.sessions import Origin
from service.store.copies import Copies, Format
from service.store.event_log import EventLog
from service.store.export_days import ExportDays
from service.store.export_folder import ExportFolder, open_folder
from service.store.parquet import check_parquet

DAY = timedelta(days=1)
OVERLAP = timedelta(minutes=15)
"""Longer than an event may take from `received_at` to its commit."""


class Written(NamedTuple):
    """How many days were written with how many rows, and how many were left alone."""

    days: int
    rows: int
    kept: int


@dataclass(frozen=True, slots=True)
class ExportTables:
    """Raises FolderRefusedError, NoRoomError, ParquetMissingError, ServiceUnavailableError, OSError.

    Nothing is written whose writing is not written down.
    """

    copies: Copies
    days: ExportDays
    events: EventLog

    async def __call__(
        self,
        table: str,
        form: Format,
        out: Path,
        *,
        since: date | None,
        until: date | None,
        origin: Origin,
        begin: Callable[[int], object],
        done: Callable[[int], object],
    ) -> Written:
        """Days of [since, until); from the first or to the last that there is, where not given.

        `begin` is told how many days there are, `done` of each.
        """
        view = EXPORTED[table]
        if form is Format.PARQUET:
            check_parquet()
        edges = await self.days.edges(view)
        if edges is None:
            return Written(0, 0, 0)
        first, end = since or edges[0], until or edges[1] + DAY
        wanted = [first + n * DAY for n in range((end - first).days)]
        begin(len(wanted))
        said = {"table": table, "format": form, "range": f"{first}/{end}"}
        await self.events.append(
            EventType.ANALYTICS_EXPORTED, origin, reason="command_line", data=said
        )
        with open_folder(out / table, view, form) as folder:
            return await self._write(folder, view, wanted, done)

    async def _write(
        self, folder: ExportFolder, view: View, wanted: list[date], done: Callable[[int], object]
    ) -> Written:
        exported = {day: folder.exported_at(day) for day in wanted}
        oldest = min((at for at in exported.values() if at is not None), default=None)
        changed = None if oldest is None else await self.days.changed(view, oldest - OVERLAP)
        days = rows = 0
        for day in wanted:
            at = exported[day]
            if at is None or changed is None or (day in changed and changed[day] >= at - OVERLAP):
                now, closed = await self.days.freshness()
                part = folder.work / "part"
                found = await self.copies.write_day(view, day, folder.form, part, head=True)
                final = closed is not None and _end(day) <= closed
                folder.publish(day, part, rows=found, as_of=now, closed=final)
                days, rows = days + 1, rows + found
            done(1)
        return Written(days, rows, len(wanted) - days)


def _end(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + DAY
