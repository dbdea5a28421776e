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

VITALS = "auth:workers:vitals"
"""A hash of workers' names to what each has counted: service/contracts/vitals.py."""

LIVE_NUMBERS = "auth:analytics:live"
"""What goes on right now, as JSON: service/store/live_numbers.py."""

_TAGS = tuple(f"auth:{{{partition:02d}}}:" for partition in range(256))
_SESSIONS = tuple(f"{tag}s:" for tag in _TAGS)
_USERS = tuple(f"{tag}u:" for tag in _TAGS)
_EVENTS = tuple(f"{tag}events" for tag in _TAGS)


def partition_of(person: str) -> int:
    """The partition of a user id, or of whatever stands for somebody unknown."""
    return crc32(person.encode()) % PARTITIONS


def session(partition: int, session_id: str) -> str:
    """A live session's hash, or the tombstone of an ended one."""
    return _SESSIONS[partition] + session_id


def user(partition: int, user_id: str) -> str:
    """The cached user: `<version>|<public JSON>`."""
    return _USERS[partition] + user_id


def challenge(partition: int, challenge_id: str) -> str:
    """A second-factor challenge: a password was right, a code is awaited."""
    return f"{_TAGS[partition]}mfa:{challenge_id}"


def open_challenges(user_id: str) -> str:
    """The keys of a person's open challenges, so that all can be found when they are erased."""
    return f"{_TAGS[partition_of(user_id)]}um:{user_id}"


def passkey_challenge(partition: int, challenge: str) -> str:
    """What an answer of a passkey is awaited for, and in which session or sign-in; no person is named."""
    return f"{_TAGS[partition]}wa:{challenge}"


def rate_limit(policy: str, subject: str) -> str:
    """What one caller asked of late under one policy. No partition: it belongs to no person."""
    return f"auth:rl:{policy}:{subject}"


def events(partition: int) -> str:
    """The partition's event stream; the only kind of key without a lifetime."""
    return _EVENTS[partition]
