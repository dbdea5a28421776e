"""What was started stops at the end of a block."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class StopsAtExit(ABC):
    """A running thing as a context manager."""

    @abstractmethod
    def stop(self) -> None:
        """End it; safe to call twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
