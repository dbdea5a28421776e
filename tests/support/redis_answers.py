"""Commands that redis-py types for its two clients at once, as its asynchronous one answers them."""

from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def answer_of(call: Awaitable[T] | T) -> T:
    """What Redis answers to a command that was just called."""
    assert isinstance(call, Awaitable)
    answer: T = await call
    return answer
