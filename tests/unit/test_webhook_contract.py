"""What products are offered, and never more."""

import json
from typing import Any

import pytest

from service.contracts.events import Event, EventType
from service.contracts.webhooks import OFFERED, event_id, unknown, wants
from service.store.webhook_outbox import body_of

PERSONAL: dict[str, Any] = {
    "ip": "203.0.113.7",
    "user_agent": "Canary/7",
    "data": {"device": "canary's"},
}


@pytest.mark.parametrize(
    ("pattern", "kind", "answer"),
    [
        ("session.ended", "session.ended", True),
        ("session.ended", "session.expired", False),
        ("session.*", "session.expired", True),
        ("user.*", "session.ended", False),
        ("*", "user.created", True),
        ("*.ended", "session.ended", False),
        ("session", "session.ended", False),
        ("ses*", "session.ended", False),
    ],
)
def test_patterns(pattern: str, kind: str, *, answer: bool) -> None:
    """A type, all of a noun, or all."""
    assert wants([pattern], kind) is answer


def test_what_nobody_offers() -> None:
    """A wish that could never come true is named."""
    bad = ["token.refreshed", "limit.*", "audit.exported", "moon.landed", ""]

    assert unknown([*bad, "session.ended", "user.*", "*"]) == bad


@pytest.mark.parametrize("kind", OFFERED)
def test_a_payload(kind: EventType) -> None:
    """Type, instant and ids; nothing that is personal."""
    event = Event(type=kind, at_ms=1_789_000_000_123, user_id="u", reason="r", **PERSONAL)
    payload = json.loads(body_of(event))

    assert payload.keys() == {"type", "timestamp", "data"}
    assert payload["type"] == kind
    assert payload["timestamp"] == "2026-09-10T00:26:40.123Z"
    assert payload["data"] == {"user_id": "u", "reason": "r"}


def test_an_id_holds_no_dot() -> None:
    """What is signed is joined by dots."""
    assert event_id(7, "1789000000000-12") == "evt_7_1789000000000-12"
    assert "." not in event_id(15, f"{2**63}-{2**63}")
    assert len(event_id(15, f"{2**64 - 1}-{2**64 - 1}")) <= 64
