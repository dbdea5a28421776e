"""Exports of analysts: each day a file or a bit of one, so that a worker goes on where one died."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from service.contracts.analytics_views import EXPORTED, View
from service.domain.errors import ParquetMissingError
from service.store.analytics_exports import (
    MOST_BYTES,
    MOST_TRIES,
    AnalyticsExports,
    Job,
    TooLargeError,
)
from service.store.copies import Copies, Format
from service.store.parquet import check_parquet
from service.store.schema_file import describe

LEASE = timedelta(minutes=10)
"""Longer than a day's file may take; after it another worker takes an export for given up."""
DAY = timedelta(days=1)
TOO_LARGE = (
    f"more than {MOST_BYTES >> 30} GiB: ask for fewer days, or use `inphora-auth analytics export`"
)
GIVEN_UP = f"given up after {MOST_TRIES} tries: the operator finds why in the workers' log"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class MakeTables:
    """Make the exports of tables that wait, the oldest first; drop those that expired."""

    exports: AnalyticsExports
    copies: Copies
    keep: timedelta
    lease: timedelta = LEASE

    async def __call__(self) -> int:
        """How many it made, or gave up."""
        ended = 0
        while claimed := await self.exports.claim(lease=self.lease):
            try:
                ended += await self._make(claimed)
            except asyncio.CancelledError:  # this worker ends, or its time is over: go on at once
                await self.exports.give_back(claimed.request.id)
                raise
        if dropped := await self.exports.sweep():
            log.info("analytics_exports.dropped", exports=dropped)
        return ended

    async def _make(self, job: Job) -> bool:
        view, form = EXPORTED[job.request.asked["table"]], job.request.format
        try:
            if job.tries > MOST_TRIES:
                return await self._fail(job, GIVEN_UP)
            if form is Format.PARQUET:
                check_parquet()
            with TemporaryDirectory(prefix="inphora-") as folder:
                path = Path(folder) / "day"
                while job.days_done < job.days:
                    gone_on = await self._add_day(job, view, path)
                    if gone_on is None:
                        return False
                    job = gone_on
        except TooLargeError:
            return await self._fail(job, TOO_LARGE)
        except ParquetMissingError as missing:
            return await self._fail(job, missing.detail)
        await self.exports.finish(job, describe(view, form), keep=self.keep)
        log.info("analytics_exports.made", export=job.request.id, days=job.days)
        return True

    async def _add_day(self, job: Job, view: View, path: Path) -> Job | None:
        day, form = job.request.since + job.days_done * DAY, job.request.format
        rows = await self.copies.write_day(view, day, form, path, head=job.days_done == 0)
        whole = form is Format.PARQUET
        name = (
            f"date={day}/part.parquet" if whole else f"{job.request.asked['table']}.{form.ending}"
        )
        return await self.exports.add_day(job, name, path, rows=rows, whole=whole)

    async def _fail(self, job: Job, why: str) -> bool:
        await self.exports.fail(job, why, keep=self.keep)
        log.warning("analytics_exports.failed", export=job.request.id, why=why)
        return True
