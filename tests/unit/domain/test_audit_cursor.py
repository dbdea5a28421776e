"""A cursor goes on with its own search, and with nothing else."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from service.domain.audit_cursor import CURSOR_MAX, CursorCodec, Position

OLD, NEW = b"o" * 32, b"n" * 32
CODEC = CursorCodec([NEW, OLD])
PLACE = Position(datetime(2026, 11, 23, 8, 7, 9, 123456, tzinfo=UTC), 15, 2**40)
POSITIONS = st.builds(
    Position,
    st.datetimes(timezones=st.just(UTC)),
    st.integers(0, 15),
    st.integers(1, 2**63 - 1),
)


@given(POSITIONS, st.text())
def test_it_is_read_as_it_was_written(position: Position, search: str) -> None:
    """To the microsecond, for any instant that PostgreSQL gives us."""
    text = CODEC.write(position, search=search)

    assert CODEC.read(text, search=search) == position
    assert len(text) <= CURSOR_MAX


def test_another_search_does_not_take_it() -> None:
    """Filters that changed between two pages would leave rows out without a word."""
    assert CODEC.read(CODEC.write(PLACE, search="a"), search="b") is None


def test_no_character_can_be_changed() -> None:
    """Each is covered by the MAC, or by there being one spelling only."""
    text = CODEC.write(PLACE, search="")
    forged = [text[:n] + ("A" if text[n] != "A" else "B") + text[n + 1 :] for n in range(len(text))]

    assert [one for one in forged if CODEC.read(one, search="") is not None] == []


@given(st.text(max_size=80))
def test_any_other_text_is_none(text: str) -> None:
    """Never an error, whatever it is."""
    assert CODEC.read(text, search="") is None


def test_a_search_survives_a_new_secret_key() -> None:
    """Read by any key, written by the first."""
    written = CursorCodec([OLD]).write(PLACE, search="")

    assert CODEC.read(written, search="") == PLACE
    assert CursorCodec([b"x" * 32]).read(written, search="") is None
