"""What can be wrong with the audit, in words that an auditor can hand on."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What was done to a row."""

    EDITED = "edited"
    DELETED = "deleted"
    SWAPPED = "swapped"
    INSERTED = "inserted"
    CUT = "tail cut"
    REWRITTEN = "rewritten"
    UNCHAINED = "not chained yet"


@dataclass(frozen=True, slots=True)
class Flaw:
    """The first bad row of a partition; `partition` is None for checkpoint or stub number `seq`."""

    partition: int | None
    seq: int
    fault: Fault
    detail: str
    of: str = "checkpoint"

    def __str__(self) -> str:
        where = (
            f"{self.of} {self.seq}"
            if self.partition is None
            else f"partition {self.partition:02d}, row {self.seq}"
        )
        return f"{where}: {self.fault}: {self.detail}"
