"""Rate limits in this process's memory: of policies that are not shared, and without Redis."""

from collections.abc import Callable
from dataclasses import dataclass, field

from service.domain.rate_limits import BUCKETS, LimitPolicy, Standing

MAX_KEYS = 10_000


@dataclass(slots=True)
class _Window:
    """The coarse form of `rate_limit.lua`: counts by bucket, the newest first."""

    width_ms: int
    newest: int
    counts: list[int] = field(default_factory=lambda: [0] * (BUCKETS + 1))
    counted: int = 0
    told_ms: int | None = None

    def move_to(self, bucket: int) -> None:
        """Forget what is older than the window."""
        shift = min(bucket - self.newest, len(self.counts))
        if shift > 0:
            self.counts = [0] * shift + self.counts[: len(self.counts) - shift]
            self.counted = sum(self.counts)
            self.newest = bucket

    def forgets_ms(self, many: int, now_ms: int) -> int:
        """In how many milliseconds `many` of the oldest will be forgotten."""
        for age in range(BUCKETS, -1, -1):
            many -= self.counts[age]
            if many <= 0:
                return (self.newest - age + BUCKETS + 1) * self.width_ms - now_ms
        return 0


class LocalWindows:
    """Coarse windows of this process alone; remembers MAX_KEYS of them, those used last (4 MB)."""

    def __init__(self, *, ticks_ms: Callable[[], int]) -> None:
        self._ticks_ms = ticks_ms
        self._windows: dict[tuple[str, str], _Window] = {}

    def take(self, policy: LimitPolicy, subject: str) -> Standing:
        """Count one request, unless it is one too many."""
        now_ms = self._ticks_ms()
        window = self._window(policy, subject, now_ms)
        counted = window.counted
        if counted < policy.limit:
            window.counts[0] += 1
            window.counted += 1
            return Standing(
                policy=policy,
                admitted=True,
                remaining=policy.limit - counted - 1,
                reset_ms=window.forgets_ms(1, now_ms),
            )
        first = window.told_ms is None or now_ms - window.told_ms >= policy.window_ms
        if first:
            window.told_ms = now_ms
        return Standing(
            policy=policy,
            admitted=False,
            remaining=0,
            reset_ms=window.forgets_ms(counted - policy.limit + 1, now_ms),
            first_refusal=first,
        )

    def __len__(self) -> int:
        return len(self._windows)

    def _window(self, policy: LimitPolicy, subject: str, now_ms: int) -> _Window:
        key, width_ms = (policy.name, subject), -(-policy.window_ms // BUCKETS)
        window = self._windows.pop(key, None)
        bucket = now_ms // width_ms
        if window is None or window.width_ms != width_ms:
            window = _Window(width_ms, bucket)
        if len(self._windows) >= MAX_KEYS:
            del self._windows[next(iter(self._windows))]
        self._windows[key] = window
        window.move_to(bucket)
        return window
