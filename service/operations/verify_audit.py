"""Verify the whole audit: the checkpoints by their signatures, every row by its chain and by them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from service.domain.audit_flaws import Fault, Flaw
from service.domain.checkpoint import NONE_BEFORE, Checkpoint, CheckpointBrokenError
from service.operations.verify_chain import Mark, VerifyChain
from service.store.audit_snapshot import open_snapshot
from service.store.checkpoints import Checkpoints
from service.store.database import Database

MARKS = 20_000
"""Checkpoints to hold rows against; of more, evenly many: that only widens a rewritten range."""

Marks = dict[int, dict[int, Mark]]
Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was looked at, and the first flaw of each partition and of the checkpoints."""

    rows: int
    checkpoints: int
    flaws: tuple[Flaw, ...]


@dataclass(frozen=True, slots=True)
class VerifyAudit:
    """Read-only; writers go on meanwhile."""

    database: Database
    checkpoints: Checkpoints

    async def __call__(
        self,
        *,
        exported: Iterable[str] = (),
        public_keys: Mapping[str, bytes] | None = None,
        begin: Progress,
        progress: Progress,
    ) -> Verdict:
        """The verdict. `begin` is told how many rows there are, `progress` how many more are done.

        `exported` are lines that a sink has kept; `public_keys` are believed instead of ours.
        """
        keys = await self.checkpoints.public_keys() if public_keys is None else public_keys
        marks: Marks = {}
        signed, flaws = await self._read_checkpoints(keys, list(exported), marks)
        # Only now: a checkpoint that is made from here on would know of rows that we don't see.
        async with open_snapshot(self.database) as snapshot:
            heads = await snapshot.heads()
            rows = sum(head.seq for head in heads.values())
            begin(rows)
            for number in sorted({*heads, *marks, *await snapshot.partitions()}):
                verify = VerifyChain(
                    number,
                    partial(snapshot.rows, number),
                    heads.get(number),
                    marks.get(number, {}),
                    progress,
                )
                if (flaw := await verify()) is not None:
                    flaws.append(flaw)
        return Verdict(rows, signed, tuple(flaws))

    async def _read_checkpoints(
        self, keys: Mapping[str, bytes], exported: list[str], marks: Marks
    ) -> tuple[int, list[Flaw]]:
        count = await self.checkpoints.count()
        step = count // MARKS + 1
        digests: dict[int, str] = {}
        expected, previous = 1, NONE_BEFORE
        flaws: list[Flaw] = []
        last: Checkpoint | None = None
        async for each in self.checkpoints.all():
            flaw = _fault_of(each, keys, expected, previous)
            if flaw is not None:
                flaws.append(flaw)
                break
            if exported:
                digests[each.number] = each.digest
            if each.number % step == 0:
                _mark(marks, each)
            expected, previous, last = each.number + 1, each.digest, each
        if last is not None:
            _mark(marks, last)
        for line in exported:
            flaw = _read_line(line, keys, None if flaws else digests, marks)
            if flaw is not None:
                flaws.append(flaw)
                break
        return count, flaws


def _fault_of(
    checkpoint: Checkpoint, keys: Mapping[str, bytes], expected: int, previous: str
) -> Flaw | None:
    if checkpoint.number != expected:
        return Flaw(None, expected, Fault.DELETED, f"the next one is {checkpoint.number}")
    try:
        checkpoint.check(keys)
    except CheckpointBrokenError as broken:
        return Flaw(None, checkpoint.number, Fault.EDITED, f"it {broken}")
    if checkpoint.previous != previous:
        return Flaw(None, expected - 1, Fault.EDITED, "the one after it names another")
    return None


def _read_line(
    line: str, keys: Mapping[str, bytes], digests: Mapping[int, str] | None, marks: Marks
) -> Flaw | None:
    """Hold an exported checkpoint against the database's own, and take its marks."""
    try:
        checkpoint = Checkpoint.from_line(line)
        checkpoint.check(keys)
    except CheckpointBrokenError as broken:
        return Flaw(None, 0, Fault.EDITED, f"an exported line {broken}: {line[:60]!r}")
    _mark(marks, checkpoint)
    if digests is not None and digests.get(checkpoint.number) != checkpoint.digest:
        fault = Fault.REWRITTEN if checkpoint.number in digests else Fault.DELETED
        return Flaw(None, checkpoint.number, fault, "the exported one is not in the database")
    return None


def _mark(marks: Marks, checkpoint: Checkpoint) -> None:
    for partition, (seq, digest) in checkpoint.heads.items():
        marks.setdefault(partition, {}).setdefault(seq, Mark(digest, checkpoint.number))
