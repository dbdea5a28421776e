"""Verify the whole audit: checkpoints and stubs by their signatures, rows by their chain and these."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from service.domain.audit_flaws import Flaw
from service.domain.checkpoint import Checkpoint
from service.domain.signed import SignedBrokenError
from service.domain.stub import FIRST, Stub
from service.operations.verify_chain import Mark, VerifyChain
from service.operations.verify_held import verify_held
from service.operations.verify_signed import VerifySigned, is_a
from service.store.audit_snapshot import AuditSnapshot, open_snapshot
from service.store.checkpoints import Checkpoints
from service.store.database import Database

MARKS = 20_000
"""Checkpoints to hold rows against; of more, evenly many: that only widens a rewritten range."""

Keys = Mapping[str, bytes]
Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was looked at, and the first flaw of each partition, of checkpoints, stubs and holds.

    `dropped` rows are gone by retention, all until the end of the month `until`, but for `held`.
    """

    rows: int
    checkpoints: int
    dropped: int
    until: str
    held: int
    flaws: tuple[Flaw, ...]


@dataclass(slots=True)
class Marks:
    """What checkpoints say of rows, by partition and seq."""

    found: dict[int, dict[int, Mark]] = field(default_factory=dict)

    def add(self, checkpoint: Checkpoint) -> None:
        """Its heads."""
        for partition, (seq, digest) in checkpoint.heads.items():
            self.found.setdefault(partition, {}).setdefault(seq, Mark(digest, checkpoint.number))

    def since(self, partition: int, seq: int) -> Mapping[int, Mark]:
        """Those of rows behind one."""
        return {at: mark for at, mark in self.found.get(partition, {}).items() if at > seq}


@dataclass(frozen=True, slots=True)
class VerifyAudit:
    """Read-only; writers go on meanwhile."""

    database: Database
    checkpoints: Checkpoints

    async def __call__(
        self,
        *,
        exported: Iterable[str] = (),
        public_keys: Keys | None = None,
        begin: Progress,
        progress: Progress,
    ) -> Verdict:
        """The verdict. `begin` is told how many rows there are, `progress` how many more are done.

        `exported` are lines that a sink has kept; `public_keys` are believed instead of ours.
        """
        keys = await self.checkpoints.public_keys() if public_keys is None else public_keys
        lines = list(exported)
        marks = Marks()
        signed, flaws = await self._read_checkpoints(keys, lines, marks)
        # Only now: a checkpoint that is made from here on would know of rows that we don't see.
        async with open_snapshot(self.database) as snapshot:
            stubs, found = await _read_stubs(snapshot, keys, lines)
            flaws += found
            heads = await snapshot.heads()
            newest = max(stubs, key=lambda stub: stub.number, default=None)
            starts = {} if newest is None else newest.starts
            rows = sum(h.seq - starts.get(p, FIRST).seq for p, h in heads.items())
            begin(rows)
            for number in sorted({*heads, *marks.found, *starts, *await snapshot.partitions()}):
                start = starts.get(number, FIRST)
                verify = VerifyChain(
                    number,
                    partial(snapshot.rows, number),
                    heads.get(number),
                    marks.since(number, start.seq),
                    progress,
                    start,
                )
                if (flaw := await verify()) is not None:
                    flaws.append(flaw)
            held, found = await verify_held(snapshot, stubs)
        return Verdict(
            rows,
            signed,
            sum(stub.rows for stub in stubs),
            "" if newest is None else newest.month,
            held,
            (*flaws, *found),
        )

    async def _read_checkpoints(
        self, keys: Keys, lines: list[str], marks: Marks
    ) -> tuple[int, list[Flaw]]:
        count = await self.checkpoints.count()
        step = count // MARKS + 1
        verify = VerifySigned(Checkpoint, keys)
        last: Checkpoint | None = None
        async for each in self.checkpoints.all():
            if not verify.follow(each):
                break
            if each.number % step == 0:
                marks.add(each)
            last = each
        if last is not None:
            marks.add(last)
        for kept in verify.compare([line for line in lines if not is_a(Stub, line)]):
            marks.add(kept)
        return count, verify.flaws


async def _read_stubs(
    snapshot: AuditSnapshot, keys: Keys, lines: list[str]
) -> tuple[list[Stub], list[Flaw]]:
    """Those that we signed, wherever they were found: each says by itself where chains go on."""
    verify = VerifySigned(Stub, keys)
    found = dict[int, Stub]()
    for each in await snapshot.stubs():
        verify.follow(each)
        try:
            each.check(keys)
        except SignedBrokenError:
            continue
        found[each.number] = each
    for kept in verify.compare([line for line in lines if is_a(Stub, line)]):
        found.setdefault(kept.number, kept)
    return list(found.values()), verify.flaws
