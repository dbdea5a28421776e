"""docs/events.md: every event, what it means, what writes it and what it moves."""

from scripts.docs.event_writers import writers
from scripts.docs.markdown import Row, codes, page, table
from service.contracts.event_meanings import MEANINGS, OUTCOME_MEANINGS
from service.contracts.events import OUTCOMES, OUTCOMES_BY_REASON, Event, EventType
from service.contracts.webhooks import OFFERED
from service.store.projection import MOVES


def render() -> str:
    """The page."""
    head = ("event", "what happened", "written by", "outcome", "moves a row", "webhook")
    return page(
        "Events",
        "service/contracts/events.py, event_meanings.py and webhooks.py, the headers of "
        "service/store/lua, service/store/projection.py, and what names an event in "
        "service/operations, service/store and workers",
        "An event is one entry on a Redis Stream, written by the same script that changes the state "
        "it tells of. A worker copies it into [`audit_log`](data-dictionary.md#audit_log), exactly "
        "once ([how](architecture.md#exactly-once)).",
        f"The fields are {codes(Event._fields)}. Empty ones are left out. `at_ms` is the clock of "
        "Redis in epoch milliseconds. A field may be added, with a default, and is never renamed.",
        "Products can be told of an event that has something in the last column, by "
        "[webhooks](webhooks.md): these are the members of their `data`.",
        table(head, [_row(kind) for kind in EventType]),
        f"`outcome` is {_outcome_meanings()}. It is not stored: the type tells it, and for some types "
        "the reason.",
        "An entry of a type that a worker does not know goes to "
        "[`dead_letters`](data-dictionary.md#dead_letters); see "
        "[operations](operations.md#dead-letters).",
    )


def _row(kind: EventType) -> Row:
    return (
        f"`{kind}`",
        MEANINGS[kind],
        "<br>".join(writers(kind)),
        _outcome(kind),
        MOVES.get(kind, ""),
        codes(OFFERED.get(kind, ())),
    )


def _outcome(kind: EventType) -> str:
    others = [f"`{went}` for `{why}`" for why, went in OUTCOMES_BY_REASON.get(kind, {}).items()]
    return "; ".join([f"`{OUTCOMES[kind]}`", *others])


def _outcome_meanings() -> str:
    *others, last = (f"`{outcome}` ({meaning})" for outcome, meaning in OUTCOME_MEANINGS.items())
    return f"{', '.join(others)} or {last}"
