"""Turn dead letters into audit rows: after an upgrade, say, that knows their type."""

from collections.abc import Collection
from dataclasses import dataclass

from service.contracts.events import Event
from service.store.audit import AuditRecords, StreamedEvent
from service.store.database import RowsRefusedError
from service.store.dead_letters import DeadLetters, KeptLetter

ERASED = "what it says can't be read any more: its person was erased, or its day forgotten"


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many became rows (or were rows already), and how many stay, with the reason of each."""

    stored: int
    refused: dict[int, str]


@dataclass(frozen=True, slots=True)
class ReplayDeadLetters:
    """Try each that waits, the oldest first; one that was replayed is never tried again.

    A row keeps the instant of its event and stands at the end of its partition's chain.
    """

    letters: DeadLetters
    audit: AuditRecords

    async def __call__(self, only: Collection[int] = ()) -> Replayed:
        """Those of these ids, or all."""
        stored, refused = 0, dict[int, str]()
        async for letter in self.letters.kept():
            if only and letter.id not in only:
                continue
            error = await self._replay(letter)
            if error is None:
                stored += 1
            else:
                refused[letter.id] = error
        return Replayed(stored, refused)

    async def _replay(self, kept: KeptLetter) -> str | None:
        """Why it is still no row, or None."""
        letter = await self.letters.find(kept.id)
        if letter is None:
            return ERASED
        try:
            event = StreamedEvent(letter.stream_id, Event.read(letter.fields))
            await self.audit.record(kept.partition, [event])
        except (ValueError, RecursionError) as error:
            reason = f"{type(error).__name__}: {error}"
        except RowsRefusedError as error:
            reason = str(error)
        else:
            # Dying here is no harm: the row is there, and another replay leaves it out.
            await self.letters.note_replayed(kept.id)
            return None
        await self.letters.note_error(kept.id, reason)
        return reason
