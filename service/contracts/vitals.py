"""What a worker tells of itself through Redis, for the metrics of the web processes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self


@dataclass(slots=True, kw_only=True)
class JobTally:
    """What came of one job's runs since the worker started; `seconds` is what they took together."""

    done: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    done_ms: int = 0


@dataclass(slots=True, kw_only=True)
class Vitals:
    """One worker since it started. `at_ms` is when it said so, in epoch milliseconds.

    At `mails_at_ms` so many mails waited, and `mails_oldest_ms` is when the oldest was written.
    """

    at_ms: int = 0
    stored: int = 0
    batches: int = 0
    dead: int = 0
    mails_sent: int = 0
    mails_failed: int = 0
    mails_at_ms: int = 0
    mails_waiting: int = 0
    mails_oldest_ms: int = 0
    jobs: dict[str, JobTally] = field(default_factory=dict)

    def to_json(self) -> str:
        """As it stands in Redis."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """What `to_json` wrote, also in another release: an unknown field is left out."""
        told = json.loads(text)
        jobs = {name: JobTally(**_known(JobTally, tally)) for name, tally in told["jobs"].items()}
        return cls(**{**_known(cls, told), "jobs": jobs})


def _known(kind: type[Any], told: Mapping[str, Any]) -> dict[str, Any]:
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in told.items() if name in names}
