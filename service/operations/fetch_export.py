"""An analyst looks how far an export is, and fetches its files by links."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from service.contracts.events import EventType
from service.domain.errors import NotFoundError
from service.domain.export_link import Ticket, Tickets
from service.domain.instants import to_ms, to_rfc3339
from service.domain.sessions import MILLISECOND, Origin
from service.domain.users import Role, User
from service.store.analytics_exports import AnalyticsExports, ExportFile, Job
from service.store.event_log import EventLog

LINK_LIFETIME = timedelta(minutes=15)
"""Whoever has a link can use it that long, also when it got into a log or a chat."""
PATH = "/api/analytics/files?ticket="


@dataclass(frozen=True, slots=True)
class FindExport:
    """How far an export is. Raises NotFoundError, also for somebody else's."""

    exports: AnalyticsExports
    tickets: Tickets
    now_ms: Callable[[], int]

    async def __call__(self, export_id: str, user: User) -> dict[str, Any]:
        job = await self.exports.find(export_id)
        if job is None or (job.request.requested_by != user.id and Role.ADMIN not in user.roles):
            raise NotFoundError
        ready = job.status == "ready"
        files = await self.exports.files(export_id) if ready else []
        return {
            "id": export_id,
            **job.request.asked,
            "format": job.request.format,
            "from": job.request.since.isoformat(),
            "to": job.request.until.isoformat(),
            "status": job.status,
            "progress": round(job.progress, 3),
            "error": job.error,
            "files": [self._shown(job, file) for file in files],
            "expires_at": job.expires_at and to_rfc3339(to_ms(job.expires_at)),
        }

    def _shown(self, job: Job, file: ExportFile) -> dict[str, Any]:
        until_ms = self.now_ms() + LINK_LIFETIME // MILLISECOND
        if job.expires_at is not None:
            until_ms = min(until_ms, to_ms(job.expires_at))
        ticket = self.tickets.write(Ticket(job.request.id, file.number, until_ms))
        return {
            "name": file.name,
            "bytes": file.size,
            "rows": file.rows,
            "sha256": (file.sha256 or b"").hex(),
            "url": PATH + ticket,
        }


class Linked(NamedTuple):
    """A file, and of which export."""

    job: Job
    file: ExportFile


@dataclass(frozen=True, slots=True)
class FetchFile:
    """Give a file to whoever has its link; that it was given stands in the audit first."""

    exports: AnalyticsExports
    tickets: Tickets
    events: EventLog
    now_ms: Callable[[], int]

    async def find(self, ticket: str) -> Linked:
        """What a link leads to. Raises NotFoundError, also when its time is over."""
        read = self.tickets.read(ticket, now_ms=self.now_ms())
        job = None if read is None else await self.exports.find(read.export_id)
        if read is None or job is None or job.status != "ready":
            raise NotFoundError
        for file in await self.exports.files(read.export_id):
            if file.number == read.number:
                return Linked(job, file)
        raise NotFoundError

    async def __call__(self, linked: Linked, origin: Origin) -> AsyncGenerator[bytes, None]:
        """Its bytes."""
        request, file = linked.job.request, linked.file
        await self.events.append(
            EventType.ANALYTICS_FETCHED,
            origin,
            actor_id=request.requested_by,
            data={"export": request.id, "file": file.name},
        )
        async for piece in self.exports.pieces(request.id, file.number):
            yield piece
