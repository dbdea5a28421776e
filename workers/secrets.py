"""What is sealed under SECRET_KEY_PREVIOUS is sealed anew (docs/keys.md)."""

from dataclasses import dataclass

import structlog

from service.store.resealing import Resealing

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reseal:
    """All that is left, a batch a transaction; what a run does not get to waits for the next."""

    resealing: Resealing

    async def __call__(self) -> int:
        """How many values it sealed anew."""
        await self.resealing.note_key()
        resealed = unreadable = 0
        if len(self.resealing.sealer.keys) > 1:
            async for batch in self.resealing():
                resealed += batch.resealed
                unreadable += batch.unreadable
        if resealed:
            log.info("secrets.resealed", values=resealed)
        if unreadable:
            log.error("secrets.unreadable", values=unreadable)
        return resealed
