"""Follow a row of signed lines, each naming the one before it, and name the first that is wrong."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from service.domain.audit_flaws import Fault, Flaw
from service.domain.signed import NONE_BEFORE, Signed, SignedBrokenError

S = TypeVar("S", bound=Signed)


class VerifySigned(Generic[S]):
    """One walk over lines of a kind; `flaws` has the first flaw of the table and of a sink's copy."""

    def __init__(self, kind: type[S], keys: Mapping[str, bytes]) -> None:
        self.flaws: list[Flaw] = []
        self._kind, self._keys = kind, keys
        self._expected, self._previous = 1, NONE_BEFORE
        self._digests: dict[int, str] = {}

    def follow(self, each: S) -> bool:
        """Take the next line of the table; False from the first flaw on."""
        if not self.flaws and (flaw := self._fault_of(each)) is not None:
            self.flaws.append(flaw)
        if self.flaws:
            return False
        self._digests[each.number] = each.digest
        self._expected, self._previous = each.number + 1, each.digest
        return True

    def compare(self, lines: Iterable[str]) -> Iterator[S]:
        """Hold lines that a sink has kept against the table; those that we signed, one by one."""
        whole = not self.flaws
        for line in lines:
            try:
                kept = self._kind.from_line(line)
                kept.check(self._keys)
            except SignedBrokenError as broken:
                self._add(0, Fault.EDITED, f"an exported line {broken}: {line[:60]!r}")
                return
            yield kept
            if whole and self._digests.get(kept.number) != kept.digest:
                fault = Fault.REWRITTEN if kept.number in self._digests else Fault.DELETED
                self._add(kept.number, fault, "the exported one is not in the database")
                return

    def _fault_of(self, each: S) -> Flaw | None:
        if each.number != self._expected:
            return self._flaw(self._expected, Fault.DELETED, f"the next one is {each.number}")
        try:
            each.check(self._keys)
        except SignedBrokenError as broken:
            return self._flaw(each.number, Fault.EDITED, f"it {broken}")
        if each.previous != self._previous:
            return self._flaw(self._expected - 1, Fault.EDITED, "the one after it names another")
        return None

    def _add(self, number: int, fault: Fault, detail: str) -> None:
        self.flaws.append(self._flaw(number, fault, detail))

    def _flaw(self, number: int, fault: Fault, detail: str) -> Flaw:
        return Flaw(None, number, fault, detail, self._kind.__name__.lower())


def is_a(kind: type[Signed], line: str) -> bool:
    """Whether a line says that it is of a kind, signed or not."""
    try:
        return bool(json.loads(json.loads(line)["body"])["format"] == kind.FORMAT)
    except (ValueError, TypeError, KeyError, RecursionError):
        return False
