"""Instants between milliseconds, SQL and people."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.instants import to_datetime, to_ms, to_rfc3339


@pytest.mark.parametrize(
    ("at_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (1_795_421_229_120, "2026-11-23T08:07:09.120Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_an_instant_as_people_read_it(at_ms: int, text: str) -> None:
    """RFC 3339, UTC, always three decimals."""
    assert to_rfc3339(at_ms) == text


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_milliseconds_survive_sql_and_text(at_ms: int) -> None:
    """To the millisecond, over the whole calendar."""
    assert to_ms(to_datetime(at_ms)) == at_ms
    assert to_ms(datetime.fromisoformat(to_rfc3339(at_ms))) == at_ms


def test_what_is_finer_than_a_millisecond_is_cut() -> None:
    """PostgreSQL keeps microseconds; they never round up into the future."""
    assert to_ms(datetime(1970, 1, 1, 0, 0, 0, 1_999, tzinfo=UTC)) == 1


def test_another_time_zone_is_the_same_instant() -> None:
    """What SQL hands back need not be in UTC."""
    assert to_ms(datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))) == 0
