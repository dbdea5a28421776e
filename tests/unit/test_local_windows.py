"""Windows in memory: bounded, and as strict as those in Redis."""

from datetime import timedelta

import pytest

from service.domain.rate_limits import LimitPolicy
from service.store import local_windows
from service.store.local_windows import LocalWindows


class Ticks:
    """A clock in the test's hands."""

    now_ms = 5_000_000

    def __call__(self) -> int:
        return self.now_ms


POLICY = LimitPolicy(
    name="p", routes=(), key=("ip",), limit=3, window=timedelta(seconds=8), shared=False
)


def test_admits_the_limit_and_tells_the_truth_about_the_wait() -> None:
    """Who waits as long as told is admitted, who comes a millisecond earlier is not."""
    ticks = Ticks()
    windows = LocalWindows(ticks_ms=ticks)
    assert [windows.take(POLICY, "x").admitted for _ in range(4)] == [True, True, True, False]

    wait_ms = windows.take(POLICY, "x").reset_ms
    assert 8000 <= wait_ms <= 9000
    ticks.now_ms += wait_ms - 1
    assert not windows.take(POLICY, "x").admitted
    ticks.now_ms += 1
    assert windows.take(POLICY, "x").admitted


def test_callers_and_policies_are_apart() -> None:
    """One caller's requests are nobody else's."""
    windows = LocalWindows(ticks_ms=Ticks())
    for _ in range(4):
        last = windows.take(POLICY, "x")
    assert not last.admitted

    assert windows.take(POLICY, "y").remaining == 2


def test_only_the_first_refusal_of_a_window_is_marked() -> None:
    """However many follow."""
    ticks = Ticks()
    windows = LocalWindows(ticks_ms=ticks)

    def first_refusals(times: int) -> int:
        return sum(windows.take(POLICY, "x").first_refusal for _ in range(times))

    assert first_refusals(20) == 1
    ticks.now_ms += 9000
    assert first_refusals(20) == 1


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those not used for longest are forgotten; who keeps coming stays counted."""
    monkeypatch.setattr(local_windows, "MAX_KEYS", 100)
    windows = LocalWindows(ticks_ms=Ticks())
    for _ in range(3):
        windows.take(POLICY, "flood")

    for number in range(500):
        windows.take(POLICY, f"other-{number}")
        assert not windows.take(POLICY, "flood").admitted
    assert len(windows) == 100
