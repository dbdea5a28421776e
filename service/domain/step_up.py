"""What changes an account wants more than a session: who it is was proven of late."""

from collections.abc import Collection
from datetime import timedelta

from service.domain.sessions import MILLISECOND

MULTIPLE = "mfa"
"""RFC 8176: more than one factor."""


def is_fresh(
    *,
    amr: Collection[str],
    opened_ms: int,
    now_ms: int,
    has_second_factor: bool,
    within: timedelta,
    proven: Collection[str] = (),
) -> bool:
    """Whether a session, or what its request proved besides, is enough.

    A step-up opens a new session, so a session's beginning is when its person last proved who they
    are. Somebody with a second factor has to have shown it; anybody else, anything.
    """

    def enough(methods: Collection[str]) -> bool:
        return MULTIPLE in methods if has_second_factor else bool(methods)

    return enough(proven) or (enough(amr) and now_ms - opened_ms < within // MILLISECOND)
