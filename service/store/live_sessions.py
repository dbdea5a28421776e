"""Live sessions in Redis: one script a state change, which also writes its event."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from service.contracts import keys
from service.contracts.events import EventType
from service.domain.errors import InvalidCredentialsError, ServiceUnavailableError
from service.domain.ids import partition_in
from service.domain.sessions import (
    MILLISECOND,
    REPLAY_CAP,
    TIMEOUTS,
    EndReason,
    Origin,
    Rotation,
    Session,
    SessionPolicy,
)
from service.domain.users import Account, User, user_from_json
from service.store.script_client import Reply, ScriptClient

CACHED_USER_MS = 300_000
TOMBSTONE_MARGIN_MS = 60_000
END_AT_ONCE = 500
ROTATED_LENGTH = 7

ERASED_USER = f"{2**53 - 1}|"
"""Stands where an erased person's copy was: a version that no copy outdoes."""

STORE_CLOCK = 0
"""As `now_ms`: let the store decide what time it is."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What `session_sweep` found: a session in use, with its latest, or the end of one."""

    alive: bool
    last_used_ms: int = 0
    generation: int = 0


class LiveSessions:
    """The sessions that Redis holds. Raises ServiceUnavailableError while it is away."""

    def __init__(
        self,
        scripts: ScriptClient,
        policy: SessionPolicy,
        *,
        clock: Callable[[], int] = lambda: STORE_CLOCK,
        replicas: int = 0,
    ) -> None:
        """An end waits for so many `replicas`: ServiceUnavailableError when it has too few."""
        self._scripts = scripts
        self._replicas = replicas
        self._clock = clock
        self._limits = {
            "idle_ms": policy.idle_ms,
            "max_ms": policy.max_ms,
        }
        self._replay_ms = policy.replay_window // MILLISECOND
        self.user_hits = 0
        self.user_misses = 0
        self._tombstone_ms = policy.access_ms + TOMBSTONE_MARGIN_MS

    def refuse_when_away(self) -> None:
        """Raise ServiceUnavailableError while Redis is known not to answer."""
        if not self._scripts.breaker.closed:
            raise ServiceUnavailableError

    async def open(self, session: Session, account: Account, origin: Origin) -> int:
        """Make a new session live; the store's instant of its beginning.

        Raises InvalidCredentialsError when it was ended meanwhile.
        """
        partition = _partition(session.id)
        reply = await self._scripts.run(
            "session_open",
            session=keys.session(partition, session.id),
            user=keys.user(partition, session.user_id),
            events=keys.events(partition),
            session_id=session.id,
            user_id=session.user_id,
            user_blob=_blob(account),
            user_ms=CACHED_USER_MS,
            amr=" ".join(session.amr),
            ip=session.ip,
            device=session.device,
            user_agent=origin.user_agent,
            request_id=origin.request_id,
            now_ms=self._clock(),
            **self._limits,
        )
        if reply[0] == b"ended":
            raise InvalidCredentialsError
        return int(reply[1])

    async def check(self, session_id: str, user_id: str, *, generation: int) -> Checked:
        """One round trip for an authenticated request; notes that this generation arrived."""
        partition = _partition(session_id)
        reply = await self._scripts.run(
            "session_check",
            session=keys.session(partition, session_id),
            user=keys.user(partition, user_id),
            generation=generation,
            now_ms=self._clock(),
            **self._limits,
        )
        match reply:
            case [b"alive", user, created, last, amr, ip, device, blob]:
                self._count(blob)
                session = _session(session_id, user, created, last, amr, ip, device)
                return Checked(session=session, user=_user(blob))
            case [b"ended", reason]:
                return Checked(end_reason=EndReason(reason.decode()))
            case _:
                return Checked()

    async def rotate(
        self, session_id: str, *, generation: int, origin: Origin, data: str = ""
    ) -> Rotated:
        """Trade a generation for its successor; `data` is a JSON object for the event."""
        partition = _partition(session_id)
        reply = await self._scripts.run(
            "refresh_rotate",
            session=keys.session(partition, session_id),
            users=keys.user(partition, ""),
            events=keys.events(partition),
            session_id=session_id,
            generation=generation,
            replay_ms=self._replay_ms,
            replay_cap=REPLAY_CAP,
            tombstone_ms=self._tombstone_ms,
            data=data,
            now_ms=self._clock(),
            **self._limits,
            **origin.fields(),
        )
        if len(reply) == ROTATED_LENGTH:
            self._count(reply[-1])
        return _rotated(reply)

    async def restore(self, session: Session, *, generation: int, request_id: str) -> bool:
        """Bring a session back from SQL; False when Redis holds it, or its tombstone, after all."""
        partition = _partition(session.id)
        reply = await self._scripts.run(
            "session_restore",
            session=keys.session(partition, session.id),
            events=keys.events(partition),
            session_id=session.id,
            user_id=session.user_id,
            generation=generation,
            created_ms=session.created_ms,
            last_used_ms=session.last_used_ms,
            amr=" ".join(session.amr),
            ip=session.ip,
            device=session.device,
            request_id=request_id,
            now_ms=self._clock(),
            **self._limits,
        )
        return bool(reply[0] == b"restored")

    async def sweep(self, session: Session, reason: EndReason) -> Swept:
        """End a session that SQL calls overdue, unless Redis saw it used since."""
        partition = _partition(session.id)
        reply = await self._scripts.run(
            "session_sweep",
            session=keys.session(partition, session.id),
            events=keys.events(partition),
            session_id=session.id,
            user_id=session.user_id,
            reason=reason,
            tombstone_ms=self._tombstone_ms,
            now_ms=self._clock(),
            **self._limits,
        )
        if reply[0] != b"alive":
            return Swept(alive=False)
        return Swept(alive=True, last_used_ms=int(reply[1]), generation=int(reply[2]))

    def _count(self, blob: bytes | None) -> None:
        if blob is None:
            self.user_misses += 1
        else:
            self.user_hits += 1

    async def cache_user(self, account: Account) -> None:
        """Replace the cached copy of a person, unless it is newer than this one."""
        user_id = account.user.id
        await self._scripts.run(
            "user_cache",
            user=keys.user(keys.partition_of(user_id), user_id),
            blob=_blob(account),
            lifetime_ms=CACHED_USER_MS,
        )

    async def erase_user(self, user_id: str, *, request_id: str = "", reason: str) -> None:
        """Forget an erased person, whose sessions have been ended; saying so twice says it once."""
        partition = keys.partition_of(user_id)
        await self._scripts.run(
            "user_erase",
            user=keys.user(partition, user_id),
            open=keys.open_challenges(user_id),
            events=keys.events(partition),
            user_id=user_id,
            mark=ERASED_USER,
            lifetime_ms=CACHED_USER_MS,
            request_id=request_id,
            reason=reason,
            now_ms=self._clock(),
        )

    async def end(
        self,
        user_id: str,
        session_ids: Sequence[str],
        reason: EndReason,
        origin: Origin,
        *,
        actor_id: str = "",
        silent: bool = False,
        again: bool = False,
    ) -> list[str]:
        """Put tombstones where a person's sessions were. Their end must already be in SQL.

        `silent`: the audit has these ends already; only Redis lost them. Returns those that had
        ended before and whose event is on no stream any more; `again` tells of these once more.
        """
        gone: list[str] = []
        ended = EventType.SESSION_EXPIRED if reason in TIMEOUTS else EventType.SESSION_ENDED
        event = "" if silent else ended.value
        partition = keys.partition_of(user_id)
        for start in range(0, len(session_ids), END_AT_ONCE):
            some = session_ids[start : start + END_AT_ONCE]
            reply = await self._scripts.run(
                "sessions_end",
                self._replicas,
                events=keys.events(partition),
                sessions=[keys.session(partition, session_id) for session_id in some],
                session_ids=some,
                event=event,
                user_id=user_id,
                reason=reason,
                again=int(again),
                tombstone_ms=self._tombstone_ms,
                actor_id=actor_id,
                now_ms=self._clock(),
                **origin.fields(),
            )
            gone += [session_id.decode() for session_id in reply[1:]]
        return gone


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


def _rotated(reply: Reply) -> Rotated:
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


def _partition(session_id: str) -> int:
    partition = partition_in(session_id, partitions=keys.PARTITIONS)
    if partition is None:
        message = f"not a session id: {session_id!r}"
        raise ValueError(message)
    return partition


def _blob(account: Account) -> str:
    return f"{account.version}|{account.user.to_json()}"


def _user(blob: bytes | None) -> User | None:
    return None if blob is None else _cached_user(blob)


@lru_cache(maxsize=4096)
def _cached_user(blob: bytes) -> User | None:
    text = blob.partition(b"|")[2].decode()
    return user_from_json(text) if text else None  # ERASED_USER
