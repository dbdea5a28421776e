"""Being forgotten: in SQL at once or after a time of grace, then in Redis, then told to the audit."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from service.contracts.events import EventType
from service.domain.errors import (
    NotFoundError,
    ServiceUnavailableError,
    TokenRevokedError,
)
from service.domain.sessions import EndReason, Origin
from service.domain.users import Account
from service.operations.authenticate import Caller
from service.operations.prove_password import ProvePassword
from service.operations.require_fresh import RequireFresh
from service.store.erasures import Erasure, Erasures, LegallyHeldError, RequestedBy
from service.store.event_log import EventLog
from service.store.live_sessions import LiveSessions
from service.store.revocations import Revocations


@dataclass(frozen=True, slots=True)
class EraseUser:
    """Forget a person for good. Raises NotFoundError.

    Once it is committed in SQL it is done: what Redis could not be told, the workers tell it. Who is
    under a legal hold is signed out and can't sign in; the workers do the rest when it is released.
    """

    erasures: Erasures
    live: LiveSessions
    revocations: Revocations
    events: EventLog

    async def __call__(
        self, user_id: str, by: RequestedBy, *, request_id: str, last_admin: bool = False
    ) -> Erasure:
        """Raises NotFoundError, and LastAdminError, unless `last_admin` may go."""
        # From here on nothing may say where they were: only the request's id leads on.
        origin = Origin(request_id=request_id)
        try:
            erasure = await self.erasures.erase(user_id, by, last_admin=last_admin)
        except LegallyHeldError:
            return await self.request(user_id, by, origin, grace=timedelta(), last_admin=last_admin)
        if erasure is None:
            raise NotFoundError
        with suppress(ServiceUnavailableError):
            await self._end(erasure, origin)
            await self.live.erase_user(user_id, request_id=request_id, reason=by)
        return erasure

    async def request(
        self,
        user_id: str,
        by: RequestedBy,
        origin: Origin,
        *,
        grace: timedelta,
        last_admin: bool = False,
    ) -> Erasure:
        """Sign them out and let nobody sign in, until they are forgotten.

        Raises NotFoundError, and LastAdminError, unless `last_admin` may go.
        """

        async def announce(_: Account) -> None:
            await self.events.append(
                EventType.USER_ERASURE_REQUESTED, origin, user_id=user_id, reason=by
            )

        erasure = await self.erasures.request(
            user_id, by, grace=grace, announce=announce, last_admin=last_admin
        )
        if erasure is None:
            raise NotFoundError
        with suppress(ServiceUnavailableError):
            await self._end(erasure, origin)
        return erasure

    async def _end(self, erasure: Erasure, origin: Origin) -> None:
        """Let everybody know of the sessions that ended by it."""
        for session_id in erasure.ended:
            self.revocations.add(session_id, EndReason.ERASED)
        await self.live.end(erasure.user_id, erasure.ended, EndReason.ERASED, origin)


@dataclass(frozen=True, slots=True)
class EraseOneself:
    """Be forgotten, after `grace`, by password; who has a second factor showed it of late, too.

    Raises StepUpRequiredError, InvalidCredentialsError, AccountLockedError, LastAdminError.
    """

    require_fresh: RequireFresh
    prove_password: ProvePassword
    erase_user: EraseUser
    grace: timedelta

    async def __call__(self, caller: Caller, password: str, origin: Origin) -> Erasure:
        user = caller.user
        self.require_fresh(caller, proven=("pwd",))
        await self.prove_password(user.id, password, origin, action="erase")
        by = RequestedBy.SELF
        try:
            if self.grace:
                return await self.erase_user.request(user.id, by, origin, grace=self.grace)
            return await self.erase_user(user.id, by, request_id=origin.request_id)
        except NotFoundError as error:  # another request was first
            raise TokenRevokedError from error


@dataclass(frozen=True, slots=True)
class CancelErasure:
    """Take a request back before its time of grace is over. Raises NotFoundError."""

    erasures: Erasures
    events: EventLog

    async def __call__(self, user_id: str) -> None:
        async def announce(_: Account) -> None:
            await self.events.append(
                EventType.USER_ERASURE_CANCELLED, Origin(), user_id=user_id, reason="operator"
            )

        if not await self.erasures.cancel(user_id, announce=announce):
            raise NotFoundError
