"""An analyst asks for files: of a table, which a worker makes, or of an answer, which is ready."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from service.contracts.events import EventType
from service.domain.errors import ConflictError, FieldError, ValidationFailedError
from service.domain.sessions import Origin
from service.operations.query_analytics import QueryAnalytics, Question
from service.operations.render_answer import render
from service.store.analytics_exports import AnalyticsExports, Request, TooManyExportsError
from service.store.copies import Format
from service.store.event_log import EventLog
from service.store.parquet import check_parquet

MOST_DAYS = 1100


@dataclass(frozen=True, slots=True)
class RequestExport:
    """Nothing is made of which it is not written down who asked for it.

    Raises ParquetMissingError, ConflictError for somebody who has too many exports,
    ValidationFailedError and ServiceUnavailableError.
    """

    exports: AnalyticsExports
    query: QueryAnalytics
    events: EventLog
    keep: timedelta

    async def table(self, request: Request, origin: Origin) -> None:
        """Whole rows, people by their pseudonyms."""
        days = (request.until - request.since).days
        if days < 1:
            raise ValidationFailedError([FieldError("to", "give a later day than from")])
        if days > MOST_DAYS:
            message = f"at most {MOST_DAYS} days; `inphora-auth analytics export` takes any number"
            raise ValidationFailedError([FieldError("to", message)])
        if request.format is Format.PARQUET:
            check_parquet()
        try:
            await self.exports.request(request, announce=self._announcing(request, origin))
        except TooManyExportsError:
            raise ConflictError from None

    async def answer(self, request: Request, question: Question, origin: Origin) -> None:
        """What the query answers, small cells merged as there."""
        answer = await self.query(question)
        files = {f"answer.{request.format}": await render(answer, request.format)}
        try:
            await self.exports.add_ready(
                request,
                files,
                rows=len(answer["rows"]),
                keep=self.keep,
                announce=self._announcing(request, origin),
            )
        except TooManyExportsError:
            raise ConflictError from None

    def _announcing(self, request: Request, origin: Origin) -> Callable[[], Awaitable[None]]:
        async def announce() -> None:
            await self.events.append(
                EventType.ANALYTICS_EXPORTED,
                origin,
                actor_id=request.requested_by,
                reason="table" if "table" in request.asked else "query",
                data=_said(request),
            )

        return announce


def _said(request: Request) -> Mapping[str, Any]:
    return {
        "export": request.id,
        "format": request.format,
        "range": f"{request.since}/{request.until}",
        **request.asked,
    }
