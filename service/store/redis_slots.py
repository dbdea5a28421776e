"""Where a command's key lies in a cluster."""

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import Any

from redis.crc import key_slot

Args = Sequence[Any]


class Where(Enum):
    """Of a command without a key."""

    ANYWHERE = "anywhere"
    EVERYWHERE = "everywhere"
    WITH_THE_LAST = "with the last"


ANYWHERE = frozenset(
    {"ACL", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "DBSIZE", "INFO", "LATENCY", "PING", "ROLE"}
) | {"SLOWLOG", "TIME"}
EVERYWHERE = frozenset({"FLUSHALL", "FLUSHDB", "SCRIPT"})
WITH_THE_LAST = frozenset({"WAIT", "WAITAOF"})
KEY_AT = {"EVAL": 3, "EVALSHA": 3, "EVALSHA_RO": 3, "EVAL_RO": 3, "FCALL": 3}
STREAM_READS = frozenset({"XREAD", "XREADGROUP"})
REMEMBERED = 4096


def place(args: Args) -> int | Where:
    """The slot of a command's first key, or where a command without one goes.

    Every command of this service names its keys in one slot, so the first speaks for all. WAIT
    belongs to the write before it.
    """
    name = str(args[0]).upper()
    verb = name.split(" ", 1)[0]
    if verb in ANYWHERE:
        return Where.ANYWHERE
    if verb in EVERYWHERE:
        return Where.EVERYWHERE
    if verb in WITH_THE_LAST:
        return Where.WITH_THE_LAST
    if verb in STREAM_READS:
        at = next(i for i, word in enumerate(args) if word in {b"STREAMS", "STREAMS"}) + 1
    else:
        at = KEY_AT.get(verb, 1)
    if len(args) <= at:
        message = f"{name} without a key cannot be sent to a cluster"
        raise ValueError(message)
    key = args[at]
    return slot_of_tag(_tag(key if isinstance(key, str) else key.decode()))


@lru_cache(REMEMBERED)
def slot_of_tag(tag: str) -> int:
    """The slot of all keys with this hash tag. There are few, and they are asked for often."""
    return int(key_slot(tag.encode()))


def _tag(key: str) -> str:
    """The part of a key that is hashed: what its first braces hold, else all of it."""
    start = key.find("{")
    end = key.find("}", start + 1)
    return key[start + 1 : end] if 0 <= start < end - 1 else key
