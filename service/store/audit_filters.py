"""Which rows of the audit are wanted, as conditions of SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, true, union_all

from service.contracts.events import OUTCOMES, OUTCOMES_BY_REASON, Outcome
from service.contracts.tables import audit_held, audit_log

SHOWN = [each.name for each in audit_log.columns if each.name not in {"ip", "user_agent"}]
ROWS = union_all(
    *(select(*(table.c[name] for name in SHOWN)) for table in (audit_log, audit_held))
).subquery("audit_rows")
"""All rows there are, those that retention put aside too."""

_of = ROWS.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which rows; what is empty does not count. `ip` is only compared once a row is open."""

    user_id: str | None = None
    session_id: str | None = None
    types: Sequence[str] = ()
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    ip: str | None = None

    def reached(self) -> ColumnElement[bool]:
        """What an index leads to."""
        conditions: list[ColumnElement[bool]] = [true()]
        if self.user_id:
            conditions.append(_of.user_id == self.user_id)
        if self.session_id:
            conditions.append(_of.session_id == self.session_id)
        if self.since:
            conditions.append(_of.occurred_at >= self.since)
        if self.until:
            conditions.append(_of.occurred_at < self.until)
        return and_(*conditions)

    def looked_at(self) -> ColumnElement[bool] | None:
        """What each of those rows must be looked at for."""
        conditions: list[ColumnElement[bool]] = []
        if self.types:
            conditions.append(_of.type.in_(self.types))
        if self.outcome:
            conditions.append(_went(Outcome(self.outcome)))
        return and_(*conditions) if conditions else None

    def said(self) -> dict[str, Any]:
        """What an audit row of the search says of them."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name in ("user_id", "session_id", "types", "outcome", "since", "until", "ip")
            if (value := getattr(self, name))
        }


def _went(outcome: Outcome) -> ColumnElement[bool]:
    """The condition for rows that went so: by their type, by their reason where that decides."""
    decided = {kind: went for kind, went in OUTCOMES.items() if kind not in OUTCOMES_BY_REASON}
    conditions: list[ColumnElement[bool]] = [
        _of.type.not_in([*OUTCOMES_BY_REASON, *(k for k in decided if decided[k] is not outcome)])
        if outcome is Outcome.NEUTRAL  # so are types of a newer release
        else _of.type.in_([kind for kind in decided if decided[kind] is outcome])
    ]
    for kind, reasons in OUTCOMES_BY_REASON.items():
        if OUTCOMES[kind] is outcome:
            others = [reason for reason, went in reasons.items() if went is not outcome]
            told = or_(_of.reason.is_(None), _of.reason.not_in(others))
        else:
            told = _of.reason.in_([reason for reason, went in reasons.items() if went is outcome])
        conditions.append(and_(_of.type == kind, told))
    return or_(*conditions)
