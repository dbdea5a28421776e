"""Live sessions in Redis: one script a state change, which also writes its event."""

from collections.abc import Callable, Sequence

from service.contracts import keys
from service.contracts.events import EventType
from service.domain.errors import (
    InvalidCredentialsError,
    ServiceUnavailableError,
    SessionLimitError,
)
from service.domain.ids import partition_in
from service.domain.sessions import (
    MILLISECOND,
    REPLAY_CAP,
    TIMEOUTS,
    EndReason,
    Origin,
    Session,
    SessionPolicy,
)
from service.domain.users import Account
from service.store.script_client import ScriptClient
from service.store.session_replies import (
    CHECKED_LENGTH,
    ROTATED_LENGTH,
    Checked,
    Looked,
    Rotated,
    Swept,
    read_checked,
    read_looked,
    read_rotated,
)

CACHED_USER_MS = 300_000
TOMBSTONE_MARGIN_MS = 60_000
END_AT_ONCE = 500

ERASED_USER = f"{2**53 - 1}|"
"""Stands where an erased person's copy was: a version that no copy outdoes."""

STORE_CLOCK = 0
"""As `now_ms`: let the store decide what time it is."""


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

    async def open(
        self, session: Session, account: Account, origin: Origin, *, reason: str = ""
    ) -> int:
        """Make a new session live; the store's instant of its beginning. `reason`: STEP_UP, if it is.

        Raises InvalidCredentialsError when it was ended meanwhile, SessionLimitError when that was
        for the sake of another sign-in.
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
            reason=reason,
            now_ms=self._clock(),
            **self._limits,
        )
        if reply[0] == b"ended":
            evicted = reply[1] == b"evicted"
            raise SessionLimitError if evicted else InvalidCredentialsError
        return int(reply[1])

    async def check(self, session_id: str, user_id: str, *, generation: int) -> Checked:
        """One round trip for an authenticated request; notes that this generation arrived."""
        partition = _partition(session_id)
        reply = await self._scripts.run(
            "session_check",
            session=keys.session(partition, session_id),
            user=keys.user(partition, user_id),
            events=keys.events(partition),
            generation=generation,
            now_ms=self._clock(),
            **self._limits,
        )
        if len(reply) == CHECKED_LENGTH:
            self._count(reply[-1])
        return read_checked(session_id, reply)

    async def look(self, session_id: str) -> Looked | EndReason | None:
        """One round trip that changes nothing; None for a session that Redis does not have."""
        reply = await self._scripts.run(
            "session_look",
            session=keys.session(_partition(session_id), session_id),
            now_ms=self._clock(),
            **self._limits,
        )
        return read_looked(reply)

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
        return read_rotated(reply)

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

    async def sweep(self, session: Session) -> Swept:
        """End a session that SQL calls overdue, unless by Redis's clock it is not.

        What Redis has seen of it counts; for one that Redis has lost, what the row says.
        """
        partition = _partition(session.id)
        reply = await self._scripts.run(
            "session_sweep",
            session=keys.session(partition, session.id),
            events=keys.events(partition),
            session_id=session.id,
            user_id=session.user_id,
            created_ms=session.created_ms,
            last_used_ms=session.last_used_ms,
            tombstone_ms=self._tombstone_ms,
            now_ms=self._clock(),
            **self._limits,
        )
        if reply[0] != b"alive":
            return Swept(end_reason=EndReason(reply[1].decode()))
        return Swept(end_reason=None, last_used_ms=int(reply[1]), generation=int(reply[2]))

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


def _partition(session_id: str) -> int:
    partition = partition_in(session_id, partitions=keys.PARTITIONS)
    if partition is None:
        message = f"not a session id: {session_id!r}"
        raise ValueError(message)
    return partition


def _blob(account: Account) -> str:
    return f"{account.version}|{account.user.to_json()}"
