"""What a server must tell, so that it can be started, asked and stopped."""

from collections.abc import Sequence
from pathlib import Path
from signal import Signals
from typing import Protocol


class Program(Protocol):
    """What differs between one server and another."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def home(self) -> Path:
        """The directory that holds all it keeps, absolute."""

    @property
    def stop_signal(self) -> Signals:
        """What makes it save, close its clients and end."""

    @property
    def marks(self) -> Sequence[str]:
        """Words of its command line that no other process has together."""

    @property
    def pid_files(self) -> Sequence[Path]:
        """Files of its own that name its process, besides `home/pid`."""

    def prepare(self) -> Sequence[str]:
        """Make what it needs before the first start; return the words before its command."""

    def command(self, port: int) -> Sequence[str]:
        """The server's command line."""

    def url(self, port: int) -> str:
        """Where clients connect, with the password."""

    def answers(self, pid: int, port: int) -> bool:
        """Whether a client that knows the password is served."""
