import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from service.contracts.events import EventType
from service.domain.sessions import Origin
from service.domain.user_file import Newcomer
from service.store.event_log import EventLog
from service.store.user_imports import UserImports

BATCH = 200


@dataclass(frozen=True, slots=True)
class Imported:
    """How many there are after it, and how many had been there before."""

    added: int
    known: int


@dataclass(frozen=True, slots=True)
class ImportUsers:
    """Let people move in, a batch a transaction: run again, it goes on where it was broken off."""

    imports: UserImports
    events: EventLog
    new_id: Callable[[], str]

    async def __call__(
        self, people: Sequence[Newcomer], *, said: Callable[[int], None], dry: bool = False
    ) -> Imported:
        """`said` is told how many are done. `dry`: nobody is added, only counted."""
        added = done = 0
        for batch in _batches(people):
            if dry:
                added += len(batch) - await self.imports.count_known(batch)
            else:
                added += await self.imports.add(batch, new_id=self.new_id, announce=self._announce)
            done += len(batch)
            said(done)
        return Imported(added, done - added)

    async def _announce(self, user_ids: Sequence[str]) -> None:
        await asyncio.gather(
            *(
                self.events.append(
                    EventType.USER_CREATED, Origin(), user_id=user_id, reason="import"
                )
                for user_id in user_ids
            )
        )


def _batches(people: Sequence[Newcomer]) -> Iterator[Sequence[Newcomer]]:
    for start in range(0, len(people), BATCH):
        yield people[start : start + BATCH]
