"""Walk one partition's chain and say which row is the first bad one, and what was done to it."""

from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from service.domain.audit_chain import Entry, link
from service.domain.audit_flaws import Fault, Flaw
from service.domain.stub import FIRST, Start
from service.store.audit_snapshot import HeadRow, Standing

REACH = 1000
"""How many rows a run of deleted or inserted ones may have to be told from an edit."""
PROGRESS_EVERY = 1000

Rows = Callable[[], AsyncIterator[Standing]]


class Mark(NamedTuple):
    """What a signed checkpoint says of a partition."""

    hash: bytes
    checkpoint: int


class Found(NamedTuple):
    """A row that belongs elsewhere; `by_text`: only what it says, its hash stayed behind."""

    seq: int
    by_text: bool


@dataclass(slots=True)
class VerifyChain:
    """One walk. `rows` can be asked again, for the row that belongs where a bad one stands.

    `start`: the newest row that retention dropped, by its stub.
    """

    partition: int
    rows: Rows
    head: HeadRow | None
    marks: Mapping[int, Mark]
    progress: Callable[[int], object]
    start: Start = FIRST
    _seq: int = field(init=False)
    _hash: bytes = field(init=False)
    _marked: int = field(init=False)
    _recent: deque[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._seq, self._hash = self.start
        self._marked = self._seq
        self._recent = deque([self._hash], REACH)

    async def __call__(self) -> Flaw | None:
        """The first bad row, or None when every row is what was written."""
        unchained, since = 0, 0
        rewritten: Flaw | None = None
        async for row in self.rows():
            if self.head is not None and row.hash is None and row.seq > self.head.chained:
                unchained += 1
                continue
            if not self._follows(row):
                return await self._diagnose(row)
            if rewritten is not None:
                return rewritten
            self._seq, self._hash = row.seq, row.hash or b""
            self._recent.append(self._hash)
            if (mark := self.marks.get(row.seq)) is not None:
                if mark.hash != row.hash:
                    # The next row tells: it follows only what was chained anew behind it too.
                    rewritten = self._rewritten(row.seq, mark)
                else:
                    self._marked = row.seq
            since += 1
            if since == PROGRESS_EVERY:
                self.progress(since)
                since = 0
        self.progress(since)
        return rewritten or self._end(unchained)

    def _follows(self, row: Standing) -> bool:
        return (
            row.seq == self._seq + 1
            and row.prev_hash == self._hash
            and not row.odd
            and row.hash == self._link(self._hash, row.seq, row.entry)
        )

    def _link(self, previous: bytes | None, seq: int, entry: Entry) -> bytes | None:
        """A row's hash, or None for one that no release ever wrote."""
        try:
            return link(previous or b"", self.partition, seq, entry)
        except (TypeError, ValueError, OverflowError):
            return None

    async def _diagnose(self, row: Standing) -> Flaw:
        """What became of the row that should stand here."""
        place = self._seq + 1
        if row.seq < place:
            detail = f"the first row is {self.start.seq + 1}"
            return self._flaw(row.seq, Fault.INSERTED, detail)
        if row.odd:
            return self._flaw(row.seq, Fault.EDITED, row.odd)
        found = await self._find_owner_of(place, row)
        if row.seq > place:
            return self._gap(place, row.seq, found)
        if found is None:
            return self._without_owner(place, row)
        if found.by_text or self._link(row.prev_hash, found.seq, row.entry) == row.hash:
            return self._flaw(place, Fault.SWAPPED, f"with row {found.seq}")
        detail = f"the row that belongs here is row {found.seq}"
        return self._flaw(place, Fault.INSERTED, detail)

    def _gap(self, place: int, following: int, found: Found | None) -> Flaw:
        if found is not None:
            return self._flaw(place, Fault.SWAPPED, f"it stands as row {found.seq}")
        return self._flaw(place, Fault.DELETED, f"the next row is {following}")

    def _without_owner(self, place: int, row: Standing) -> Flaw:
        """What is wrong where no row is left that belongs here."""
        if row.prev_hash != self._hash:
            if (
                self._link(row.prev_hash, place, row.entry) == row.hash
                and place - 1 > self.start.seq
            ):
                return self._flaw(
                    place - 1,
                    Fault.EDITED,
                    "its hash was made anew, the row after it knows the old",
                )
            for shift in range(1, REACH):
                if self._link(row.prev_hash, place + shift, row.entry) == row.hash:
                    detail = f"{shift} of them, and the rest was renumbered"
                    return self._flaw(place, Fault.DELETED, detail)
            if row.prev_hash is not None and row.prev_hash in self._recent:
                back = len(self._recent) - 1 - self._recent.index(row.prev_hash)
                if self._link(row.prev_hash, place - back, row.entry) == row.hash:
                    detail = f"{back} of them, and the rest was renumbered"
                    return self._flaw(place - back, Fault.INSERTED, detail)
        return self._flaw(place, Fault.EDITED, "it is not what its hash was made of")

    async def _find_owner_of(self, place: int, bad: Standing) -> Found | None:
        """Another row that says what was written to this place."""
        async for row in self.rows():
            if row.seq == bad.seq == place:
                continue
            digest = self._link(self._hash, place, row.entry)
            if digest is not None and digest in (row.hash, bad.hash):
                return Found(row.seq, by_text=digest != row.hash)
        return None

    def _rewritten(self, seq: int, mark: Mark) -> Flaw:
        first = self._marked + 1
        return self._flaw(
            first,
            Fault.REWRITTEN,
            f"between rows {first} and {seq} something was changed and chained anew: "
            f"checkpoint {mark.checkpoint} has another hash of row {seq}",
        )

    def _end(self, unchained: int) -> Flaw | None:
        """What the head and the checkpoints know of rows behind the last one."""
        last = self._seq
        told = max(self.marks, default=0)
        if told > last:
            by = f"checkpoint {self.marks[told].checkpoint}"
            return self._flaw(last + 1, Fault.CUT, f"{by} knows of {told} rows")
        if self.head is None:
            return self._flaw(last, Fault.EDITED, "audit_heads has lost this partition")
        return self._against_head(self.head, last) or self._against_rest(self.head, last, unchained)

    def _against_head(self, head: HeadRow, last: int) -> Flaw | None:
        knows = f"audit_heads knows of {head.chained} rows"
        if head.chained > last:
            return self._flaw(last + 1, Fault.CUT, knows)
        if head.chained < last:
            return self._flaw(head.chained + 1, Fault.INSERTED, knows)
        if last and head.hash != self._hash:
            return self._flaw(last, Fault.EDITED, "audit_heads has another hash of it")
        return None

    def _against_rest(self, head: HeadRow, last: int, unchained: int) -> Flaw | None:
        """Rows of an older release, which a worker has not reached yet."""
        if head.seq > last + unchained:
            knows = f"audit_heads knows of {head.seq} rows"
            return self._flaw(last + unchained + 1, Fault.CUT, knows)
        if head.seq < last + unchained:
            return self._flaw(head.seq + 1, Fault.INSERTED, f"audit_heads knows of {head.seq} rows")
        if unchained:
            detail = f"{unchained} rows of an older release; a running worker chains them"
            return self._flaw(last + 1, Fault.UNCHAINED, detail)
        return None

    def _flaw(self, seq: int, fault: Fault, detail: str) -> Flaw:
        return Flaw(self.partition, seq, fault, detail)
