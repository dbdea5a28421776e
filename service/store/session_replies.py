"""What the session scripts answer, as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from service.domain.sessions import EndReason, Rotation, Session
from service.domain.users import User, user_from_json
from service.store.script_client import Reply

CHECKED_LENGTH, ROTATED_LENGTH = 8, 7
"""Of the replies that bring the cached user, or its absence, as their last."""


class Rotated(NamedTuple):
    """What `refresh_rotate` decided. `user` is None while no copy is cached."""

    outcome: Rotation
    user_id: str = ""
    generation: int = 0
    created_ms: int = 0
    now_ms: int = 0
    amr: Sequence[str] = ()
    user: User | None = None
    end_reason: EndReason | None = None


class Checked(NamedTuple):
    """What `session_check` saw: a live session, the reason of its end, or neither (absent)."""

    session: Session | None = None
    user: User | None = None
    end_reason: EndReason | None = None

    @property
    def known(self) -> bool:
        """Whether Redis had anything to say."""
        return self.session is not None or self.end_reason is not None


class Looked(NamedTuple):
    """What `session_look` saw of a live session; `seen`: the newest generation that arrived."""

    user_id: str
    generation: int
    seen: int
    created_ms: int
    last_used_ms: int

    def takes(self, generation: int) -> bool:
        """Whether a refresh token of this generation would still be traded, windows aside."""
        return generation >= self.generation or (
            generation == self.generation - 1 and self.seen < self.generation
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What `session_sweep` found: a session in use, with its latest, or one that is over, and why."""

    end_reason: EndReason | None
    last_used_ms: int = 0
    generation: int = 0


def read_checked(session_id: str, reply: Reply) -> Checked:
    """What `session_check` answered about a session."""
    match reply:
        case [b"alive", user, created, last, amr, ip, device, blob]:
            session = _session(session_id, user, created, last, amr, ip, device)
            return Checked(session=session, user=_user(blob))
        case [b"ended", reason]:
            return Checked(end_reason=EndReason(reason.decode()))
        case _:
            return Checked()


def read_looked(reply: Reply) -> Looked | EndReason | None:
    """What `session_look` answered: alive, why not, or None for a session that Redis has not."""
    match reply:
        case [b"alive", user, generation, seen, created, last]:
            return Looked(user.decode(), generation, seen, created, last)
        case [b"ended", reason]:
            return EndReason(reason.decode())
        case _:
            return None


def read_rotated(reply: Reply) -> Rotated:
    """What `refresh_rotate` answered."""
    match reply:
        case [outcome, user, generation, created, now, amr, blob]:
            return Rotated(
                outcome=Rotation(outcome.decode()),
                user_id=user.decode(),
                generation=int(generation),
                created_ms=int(created),
                now_ms=int(now),
                amr=tuple(amr.decode().split()),
                user=_user(blob),
            )
        case [b"ended", reason]:
            return Rotated(outcome=Rotation.ENDED, end_reason=EndReason(reason.decode()))
        case [b"reused", user]:
            return Rotated(outcome=Rotation.REUSED, user_id=user.decode())
        case _:
            return Rotated(outcome=Rotation.ABSENT)


@lru_cache(maxsize=8192)
def _session(
    session_id: str, user: bytes, created: int, last: int, amr: bytes, ip: bytes, device: bytes
) -> Session:
    """A session from its reply; the same reply comes again for a minute of requests."""
    return Session(
        id=session_id,
        user_id=user.decode(),
        created_ms=created,
        last_used_ms=last,
        ip=ip.decode(),
        device=device.decode(),
        amr=tuple(amr.decode().split()),
    )


def _user(blob: bytes | None) -> User | None:
    return None if blob is None else _cached_user(blob)


@lru_cache(maxsize=4096)
def _cached_user(blob: bytes) -> User | None:
    text = blob.partition(b"|")[2].decode()
    return user_from_json(text) if text else None  # ERASED_USER
