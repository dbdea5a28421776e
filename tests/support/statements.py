"""SQL that requests and tests run, without what applications do by themselves once in a while."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.engine import Engine

from service.limits import follow_limits
from service.store.revocations import Revocations
from service.wiring.signing import follow_keys

BACKGROUND = frozenset(
    work.__qualname__ for work in (Revocations.follow, follow_keys, follow_limits)
)
"""Loops of every application of this process: those that tests share run until the end."""


@contextmanager
def noted_statements() -> Iterator[list[str]]:
    """The statements of this process until the block ends."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not _in_background():
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def _in_background() -> bool:
    try:
        task = asyncio.current_task()
    except RuntimeError:  # a thread without an event loop
        return False
    return task is not None and getattr(task.get_coro(), "__qualname__", "") in BACKGROUND
