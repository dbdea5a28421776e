"""Where products want to be told of events: the table of endpoints, and their secrets."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Executable, Row, delete, func, insert, or_, select, update

from service.contracts.tables import webhook_deliveries, webhook_endpoints
from service.domain.secrets import Sealer
from service.store.database import Database

_OF = webhook_endpoints.c
_ROWS = webhook_deliveries.c


class DisabledReason(StrEnum):
    """Why an endpoint is told nothing now."""

    OPERATOR = "operator"
    FAILING = "failing"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An endpoint as operators see it; counts are of its deliveries."""

    id: str
    url: str
    types: Sequence[str]
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str | None
    failing_since: datetime | None
    waiting: int = 0
    failed: int = 0


Announce = Callable[[Endpoint], Awaitable[None]]
"""Says so in the audit, before the change is committed: without it there is no change."""


def place(endpoint_id: str) -> str:
    """What binds a sealed secret to its endpoint."""
    return f"webhook/{endpoint_id}"


@dataclass(frozen=True, slots=True)
class WebhookEndpoints:
    """The table of that name. What changes one returns it, or None when there is none."""

    database: Database
    sealer: Sealer

    async def add(
        self,
        *,
        endpoint_id: str,
        url: str,
        types: Sequence[str],
        secret: bytes,
        announce: Announce,
    ) -> Endpoint:
        """From the commit on it is told of what is stored."""
        values = {
            "id": endpoint_id,
            "url": url,
            "types": list(types),
            "secret": self._seal(endpoint_id, secret),
        }
        statement = insert(webhook_endpoints).values(values).returning(webhook_endpoints)
        async with self.database.transaction() as connection:
            added = _endpoint((await connection.execute(statement)).one())
            await announce(added)
        return added

    async def all(self) -> list[Endpoint]:
        """Every endpoint, the oldest first, with how much waits for it and how much it lacks."""
        counts = (
            select(
                _ROWS.endpoint_id,
                func.count(_ROWS.due_at).label("waiting"),
                func.count(_ROWS.failed_at).label("failed"),
            )
            .where(or_(_ROWS.due_at.is_not(None), _ROWS.failed_at.is_not(None)))
            .group_by(_ROWS.endpoint_id)
            .subquery()
        )
        query = (
            select(
                webhook_endpoints,
                func.coalesce(counts.c.waiting, 0).label("waiting"),
                func.coalesce(counts.c.failed, 0).label("failed"),
            )
            .outerjoin(counts, counts.c.endpoint_id == _OF.id)
            .order_by(_OF.created_at, _OF.id)
        )
        async with self.database.transaction() as connection:
            return [
                _endpoint(row, waiting=row.waiting, failed=row.failed)
                for row in await connection.execute(query)
            ]

    async def remove(self, endpoint_id: str, announce: Announce) -> Endpoint | None:
        """Forget it and its deliveries."""
        statement = delete(webhook_endpoints).where(_OF.id == endpoint_id)
        return await self._change(statement.returning(webhook_endpoints), announce)

    async def enable(self, endpoint_id: str, at: datetime, announce: Announce) -> Endpoint | None:
        """Deliver again, with a clean slate; what waited is tried from its first try on."""
        clean = dict.fromkeys(("disabled_at", "disabled_reason", "failing_since", "paused_until"))
        waiting = update(webhook_deliveries).where(
            _ROWS.endpoint_id == endpoint_id, _ROWS.due_at.is_not(None)
        )
        return await self._change(
            _update(endpoint_id, **clean), announce, waiting.values(tries=0, due_at=at)
        )

    async def disable(
        self, endpoint_id: str, reason: DisabledReason, at: datetime, announce: Announce
    ) -> Endpoint | None:
        """Deliver no more; None also when it is disabled already."""
        statement = _update(endpoint_id, disabled_at=at, disabled_reason=reason)
        return await self._change(statement.where(_OF.disabled_at.is_(None)), announce)

    async def rotate_secret(
        self, endpoint_id: str, secret: bytes, *, previous_until: datetime, announce: Announce
    ) -> Endpoint | None:
        """Sign with this from now on, and until then with the former one too."""
        statement = _update(
            endpoint_id,
            previous_secret=_OF.secret,
            previous_until=previous_until,
            secret=self._seal(endpoint_id, secret),
        )
        return await self._change(statement, announce)

    async def _change(
        self, statement: Any, announce: Announce, *then: Executable
    ) -> Endpoint | None:
        async with self.database.transaction() as connection:
            row = (await connection.execute(statement)).one_or_none()
            if row is None:
                return None
            changed = _endpoint(row)
            for each in then:
                await connection.execute(each)
            await announce(changed)
        return changed

    def _seal(self, endpoint_id: str, secret: bytes) -> bytes:
        return self.sealer.seal(secret, context=place(endpoint_id))


def _update(endpoint_id: str, **values: Any) -> Any:
    statement = update(webhook_endpoints).where(_OF.id == endpoint_id).values(**values)
    return statement.returning(webhook_endpoints)


def _endpoint(row: Row[Any], *, waiting: int = 0, failed: int = 0) -> Endpoint:
    return Endpoint(
        id=row.id,
        url=row.url,
        types=tuple(row.types),
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        disabled_reason=row.disabled_reason,
        failing_since=row.failing_since,
        waiting=waiting,
        failed=failed,
    )
