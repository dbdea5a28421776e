"""Every Redis key. State is spread over partitions, each a hash tag: one script, one slot.

A person's partition is a hash of their id. A session's or challenge's id carries the partition of
its person in its first byte, so whoever holds the id knows where its state lives.
"""

from zlib import crc32

PARTITIONS = 16
"""Fixed when first deployed: changing it would part people from their sessions' slots."""

EVENT_GROUP = "audit"
"""The consumer group that copies events into tables."""

HEARTBEAT = "auth:workers:heartbeat"
"""When a worker last proved that it drains the streams, as epoch milliseconds."""


def partition_of(person: str) -> int:
    """The partition of a user id, or of whatever stands for somebody unknown."""
    return crc32(person.encode()) % PARTITIONS


def session(partition: int, session_id: str) -> str:
    """A live session's hash, or the tombstone of an ended one."""
    return f"auth:{{{partition:02d}}}:s:{session_id}"


def user(partition: int, user_id: str) -> str:
    """The cached user: `<version>|<public JSON>`."""
    return f"auth:{{{partition:02d}}}:u:{user_id}"


def challenge(partition: int, challenge_id: str) -> str:
    """A second-factor challenge: a password was right, a code is awaited."""
    return f"auth:{{{partition:02d}}}:mfa:{challenge_id}"


def rate_limit(policy: str, subject: str) -> str:
    """What one caller asked of late under one policy. No partition: it belongs to no person."""
    return f"auth:rl:{policy}:{subject}"


def events(partition: int) -> str:
    """The partition's event stream; the only kind of key without a lifetime."""
    return f"auth:{{{partition:02d}}}:events"
