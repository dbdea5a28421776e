"""Where commands of this service go in a cluster."""

from typing import Any

import pytest
from redis.crc import key_slot

from service.contracts import keys
from service.store.redis_slots import Where, place

A, B = keys.events(3), keys.session(3, "x")


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("GET", A), key_slot(A.encode())),
        (("get", A.encode()), key_slot(A.encode())),
        (("EVALSHA", "sha", 2, B, A, "argument"), key_slot(B.encode())),
        (("XREADGROUP", b"GROUP", "g", "c", b"COUNT", 5, b"STREAMS", A, ">"), key_slot(b"{03}")),
        (("XGROUP CREATE", A, "audit", "0", b"MKSTREAM"), key_slot(A.encode())),
        (("SET", "auth:{}:x", 1), key_slot(b"auth:{}:x")),
        (("SET", "plain{unclosed", 1), key_slot(b"plain{unclosed")),
        (("SET", "a{1}{2}", 1), key_slot(b"a{1}{2}")),
        (("PING",), Where.ANYWHERE),
        (("CONFIG GET", "maxmemory"), Where.ANYWHERE),
        (("SCRIPT LOAD", "return 1"), Where.EVERYWHERE),
        (("FLUSHALL",), Where.EVERYWHERE),
        (("WAIT", 1, 100), Where.WITH_THE_LAST),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, tuple) else "",
)
def test_place(args: tuple[Any, ...], expected: int | Where) -> None:
    assert place(args) == expected


def test_a_keyed_command_without_a_key() -> None:
    with pytest.raises(ValueError, match="without a key"):
        place(("RANDOMKEY",))


def test_every_partition_is_one_slot() -> None:
    """A script's keys lie together, and the partitions are spread."""
    slots = [place(("GET", keys.events(partition))) for partition in range(keys.PARTITIONS)]

    for partition in range(keys.PARTITIONS):
        assert place(("GET", keys.user(partition, "u"))) == slots[partition]
        assert place(("GET", keys.challenge(partition, "c"))) == slots[partition]
    assert len({slot * 3 // 16_384 for slot in slots if isinstance(slot, int)}) == 3
