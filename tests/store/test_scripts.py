"""A script's header is its contract: it is executed, so it cannot go stale."""

import re

import pytest

from service.contracts.events import EventType
from service.domain.sessions import Rotation
from service.store.scripts import Script, load, load_all

ALL = load_all()
LITERAL = re.compile(r'\breturn \{"(\w+)"')


def body(script: Script) -> str:
    """The script's own lines, without the header and the shared parts."""
    own = script.source.split(f"-- {script.name}:", 1)[1]
    return "\n".join(line for line in own.splitlines() if not line.startswith("--"))


@pytest.mark.parametrize("script", ALL, ids=lambda script: script.name)
def test_header(script: Script) -> None:
    """Every name is used, every outcome promised and every event known."""
    text = body(script)

    for slot in (*script.keys, *script.argv):
        assert re.search(rf"\b{slot.name}\b", text), f"{slot.name} is never used"
    assert set(LITERAL.findall(text)) <= script.returns
    for outcome in script.returns:
        assert f'"{outcome}"' in text
    assert script.writes <= set(EventType)
    for event in script.writes - {"session.ended", "session.expired"}:
        assert f'"{event}"' in text
    if "emit(" in text and script.name != "event_append":
        assert script.writes


def test_rotation_knows_every_outcome() -> None:
    """The script and the code that reads it list the same outcomes."""
    assert load("refresh_rotate").returns == set(Rotation)


def test_a_forgotten_argument_is_an_error() -> None:
    """A call without one of the header's names never reaches the store."""
    with pytest.raises(KeyError, match="lifetime_ms"):
        load("user_cache").arguments({"user": "k", "blob": "1|{}"})


def test_sequences_come_last() -> None:
    """A `...` slot takes all that is left."""
    arguments = load("events_ack").arguments({"events": "s", "group": "g", "ids": ["1-0", "2-0"]})

    assert arguments == [1, "s", "g", "1-0", "2-0"]
