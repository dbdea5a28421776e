"""The audit, for those who may read it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

from aiohttp import web

from service.domain.audit_rows import to_csv, to_ndjson
from service.domain.errors import FieldError, ServiceUnavailableError, ValidationFailedError
from service.store.audit_filters import Filters
from service.web.callers import CALLER
from service.web.keys import AUDIT_EXPORTS, EXPORT_AUDIT, SEARCH_AUDIT, VISIT
from service.web.negotiation import choose
from service.web.queries import AuditQuery, read_query
from service.web.ready import NO_STORE
from service.web.replies import json_reply
from service.web.streams import stream

JSON, CSV, NDJSON = "application/json", "text/csv", "application/x-ndjson"
FORMS = {"json": JSON, "csv": CSV, "ndjson": NDJSON}
PAGE = 50
BUSY = timedelta(seconds=15)


async def get_audit(request: web.Request) -> web.StreamResponse:
    query = read_query(request, AuditQuery)
    form = FORMS[query.format] if query.format else choose(request, tuple(FORMS.values()))
    filters = Filters(
        user_id=query.user_id,
        session_id=query.session_id,
        types=query.type,
        outcome=query.outcome,
        since=query.since,
        until=query.until,
        ip=query.ip,
    )
    if form != JSON:
        return await _export(request, query, filters, form)
    found = await request.app[SEARCH_AUDIT](
        filters,
        cursor=query.cursor,
        limit=query.limit or PAGE,
        actor_id=request[CALLER].user.id,
        origin=request[VISIT].origin,
    )
    return json_reply({"rows": found.rows, "next_cursor": found.next_cursor})


async def _export(
    request: web.Request, query: AuditQuery, filters: Filters, form: str
) -> web.StreamResponse:
    pages = [name for name in ("limit", "cursor") if getattr(query, name) is not None]
    if pages:
        message = "only JSON comes in pages; leave it out to get all rows"
        raise ValidationFailedError([FieldError(name, message) for name in pages])
    response = web.StreamResponse(headers={**NO_STORE, "Content-Disposition": _file(form)})
    response.content_type, response.charset = form, "utf-8"
    if request.method == "HEAD":  # nothing is given out
        return response
    exports = request.app[AUDIT_EXPORTS]
    if exports.locked():
        raise ServiceUnavailableError(BUSY)
    async with exports, aclosing(_chunks(request, filters, form)) as chunks:
        return await stream(request, response, chunks)


async def _chunks(request: web.Request, filters: Filters, form: str) -> AsyncGenerator[bytes, None]:
    batches = request.app[EXPORT_AUDIT](
        filters,
        request[VISIT].origin,
        actor_id=request[CALLER].user.id,
        reason="csv" if form == CSV else "ndjson",
    )
    head = form == CSV
    async with aclosing(batches):
        async for rows in batches:
            yield (to_csv(rows, head=head) if form == CSV else to_ndjson(rows)).encode()
            head = False
    if head:
        yield to_csv([], head=True).encode()


def _file(form: str) -> str:
    ending = "csv" if form == CSV else "ndjson"
    return f'attachment; filename="audit-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{ending}"'
