"""The stubs of months that retention dropped."""

from sqlalchemy import func

from service.contracts.tables import audit_stubs
from service.domain.stub import Stub
from service.store.database import Database
from service.store.ledger import Ledger


class Stubs(Ledger[Stub]):
    """The table `audit_stubs`."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, audit_stubs, Stub)

    async def untold(self) -> list[Stub]:
        """Those of which the audit does not know yet, the oldest first."""
        return await self._page(audit_stubs.c.told_at.is_(None))

    async def note_told(self, number: int) -> None:
        """Its event is on its way into the audit."""
        await self._set(number, told_at=func.now())
