"""Texts that only this service can make: links to files, and cursors of sessions."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from service.domain.export_link import TICKET_MAX, Ticket, Tickets
from service.domain.maced import Maced
from service.domain.session_cursor import CURSOR_MAX, Place, SessionCursors

OLD, NEW = b"o" * 32, b"n" * 32
TICKET = Ticket(str(UUID(int=7)), 3, 1_700_000_000_000)


@given(st.binary(min_size=1, max_size=200), st.text())
def test_a_claim_is_read_as_it_was_written(claim: bytes, context: str) -> None:
    """By whoever has a key of now or before, and in its own context only."""
    text = Maced([OLD]).write(claim, context=context)

    assert Maced([NEW, OLD]).read(text, context=context) == claim
    assert Maced([NEW, OLD]).read(text, context=context + "x") is None
    assert Maced([NEW]).read(text, context=context) is None


@given(st.text())
def test_any_other_text_is_none(text: str) -> None:
    """Never an error, whatever a URL says."""
    assert Maced([NEW]).read(text) is None
    assert Tickets([NEW]).read(text, now_ms=0) is None
    assert SessionCursors([NEW]).read(text, search="") is None


@given(st.uuids(), st.integers(1, 2**32 - 1), st.integers(1, 2**62))
def test_a_ticket_holds_until_its_instant(export: UUID, number: int, until_ms: int) -> None:
    """And not at it."""
    ticket = Ticket(str(export), number, until_ms)
    text = Tickets([NEW]).write(ticket)

    assert len(text) <= TICKET_MAX
    assert Tickets([NEW]).read(text, now_ms=until_ms - 1) == ticket
    assert Tickets([NEW]).read(text, now_ms=until_ms) is None


def test_no_character_of_a_ticket_can_be_changed() -> None:
    """Each is covered by the MAC, or by there being one spelling only."""
    text = Tickets([NEW]).write(TICKET)
    forged = [text[:n] + ("A" if text[n] != "A" else "B") + text[n + 1 :] for n in range(len(text))]

    assert [one for one in forged if Tickets([NEW]).read(one, now_ms=0) is not None] == []


@given(st.datetimes(timezones=st.just(UTC)), st.text(max_size=40))
def test_a_cursor_is_read_as_it_was_written(at: datetime, session_id: str) -> None:
    """To the microsecond."""
    place = Place(at, session_id)
    text = SessionCursors([NEW]).write(place, search="mine")

    assert len(text) <= CURSOR_MAX
    assert SessionCursors([NEW]).read(text, search="mine") == place
    assert SessionCursors([NEW]).read(text, search="another") is None
