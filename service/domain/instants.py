"""Instants: epoch milliseconds inside, `datetime` for SQL, RFC 3339 for people."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_datetime(at_ms: int) -> datetime:
    """For SQL."""
    return EPOCH + timedelta(milliseconds=at_ms)


def to_ms(at: datetime) -> int:
    """The inverse; what is finer than a millisecond is cut."""
    return (at - EPOCH) // timedelta(milliseconds=1)


def month_of(at: datetime) -> tuple[datetime, datetime]:
    """The month of an instant in UTC: its first instant, and the first of the next."""
    begins = datetime(at.astimezone(UTC).year, at.astimezone(UTC).month, 1, tzinfo=UTC)
    return begins, (begins + timedelta(days=32)).replace(day=1)


@lru_cache(maxsize=8192)
def to_rfc3339(at_ms: int) -> str:
    """`2026-11-23T08:07:09.120Z`."""
    text = to_datetime(at_ms).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
