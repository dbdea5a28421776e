from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from service.contracts.events import STEP_UP, EventType
from service.contracts.keys import partition_of
from service.domain.errors import ServiceUnavailableError, SessionLimitError
from service.domain.ids import RANDOM_BYTES, make_id
from service.domain.sessions import EndReason, Origin, Session, SessionCap, SessionPolicy
from service.domain.users import Account
from service.operations.tokens import MintTokens, TokenPair
from service.store.event_log import EventLog
from service.store.live_sessions import LiveSessions
from service.store.revocations import Revocations
from service.store.session_records import SessionRecords


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Begin a session for somebody who has proven who they are: first in SQL, then in Redis.

    Raises InvalidCredentialsError when what they proved is not what signs them in any more.
    Raises SessionLimitError for one more than the cap, and for one that others, who signed in at the
    same moment, left no room for.
    """

    records: SessionRecords
    live: LiveSessions
    revocations: Revocations
    events: EventLog
    mint: MintTokens
    policy: SessionPolicy
    cap: SessionCap
    now_ms: Callable[[], int]
    randomness: Callable[[int], bytes]

    def refuse_in_vain(self) -> None:
        """Raise ServiceUnavailableError while Redis is known to be away: no session could open."""
        self.live.refuse_when_away()

    async def __call__(
        self,
        account: Account,
        *,
        amr: Sequence[str],
        device: str,
        origin: Origin,
        replaces: str | None = None,
    ) -> TokenPair:
        """`replaces`: a session of theirs that ends in SQL when this one begins; a step-up."""
        now_ms = self.now_ms()
        session = Session(
            id=make_id(partition_of(account.user.id), self.randomness(RANDOM_BYTES)),
            user_id=account.user.id,
            created_ms=now_ms,
            last_used_ms=now_ms,
            ip=origin.ip,
            device=device,
            amr=amr,
        )
        evicted = await self._add(
            session, origin, credentials=account.credentials, replaces=replaces
        )
        try:
            created_ms = await self.live.open(
                session, account, origin, reason=STEP_UP if replaces else ""
            )
        except ServiceUnavailableError:
            # Nobody will ever hold its tokens; whether Redis has it or not, it must not live.
            await self.records.end(session.id, EndReason.ABORTED)
            raise
        if evicted:
            with suppress(ServiceUnavailableError):  # the rows say so; the workers apply them
                await self.live.end(session.user_id, evicted, EndReason.EVICTED, origin)
        return self.mint(
            session_id=session.id,
            generation=1,
            created_ms=created_ms,
            amr=amr,
            user=account.user,
        )

    async def _add(
        self, session: Session, origin: Origin, *, credentials: int, replaces: str | None
    ) -> Sequence[str]:
        """Make its row, as the cap allows; the sessions that had to go for it."""
        try:
            evicted = await self.records.add(
                session,
                origin,
                credentials=credentials,
                replaces=replaces,
                cap=self.cap,
                policy=self.policy,
            )
        except SessionLimitError:
            await self.events.append(
                EventType.SESSION_REFUSED, origin, user_id=session.user_id, reason="cap"
            )
            raise
        for session_id in evicted:
            self.revocations.add(session_id, EndReason.EVICTED)
        return evicted
