"""service/domain/step_up.py: what counts as proven of late."""

from datetime import timedelta

import pytest

from service.domain.step_up import is_fresh

MINUTE = 60_000


@pytest.mark.parametrize(
    ("amr", "age_ms", "second_factor", "proven", "fresh"),
    [
        pytest.param(("pwd",), 14 * MINUTE, False, (), True, id="a password of late"),
        pytest.param(("pwd",), 15 * MINUTE, False, (), False, id="a password of long ago"),
        pytest.param(("pwd",), 0, True, (), False, id="a password alone beside a second factor"),
        pytest.param(("pwd", "otp", "mfa"), 0, True, (), True, id="both factors"),
        pytest.param(("hwk", "user", "mfa"), 0, True, (), True, id="a passkey is both"),
        pytest.param(("pwd", "otp", "mfa"), 15 * MINUTE, True, (), False, id="both, long ago"),
        pytest.param(("pwd",), 99 * MINUTE, False, ("pwd",), True, id="the password once more"),
        pytest.param(("pwd",), 99 * MINUTE, True, ("pwd",), False, id="only one of two, once more"),
        pytest.param(("pwd",), 99 * MINUTE, True, ("pwd", "otp", "mfa"), True, id="both once more"),
    ],
)
def test_factor_change_wants_re_authentication(
    *, amr: tuple[str, ...], age_ms: int, second_factor: bool, proven: tuple[str, ...], fresh: bool
) -> None:
    """ASVS 7.5.1: whoever took over a session can't change the factors with it."""
    said = is_fresh(
        amr=amr,
        opened_ms=1_000,
        now_ms=1_000 + age_ms,
        has_second_factor=second_factor,
        within=timedelta(minutes=15),
        proven=proven,
    )

    assert fresh == said
