"""Counting a request against the policies of its route."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import structlog

from service.contracts.events import EventType
from service.domain.errors import ServiceUnavailableError
from service.domain.neighbourhoods import neighbourhood_of
from service.domain.rate_limits import (
    KeyKind,
    LimitBook,
    LimitPolicy,
    Standing,
    WhenAway,
    account_digest,
    network_digest,
)
from service.domain.sessions import MILLISECOND, Origin
from service.store.event_log import EventLog
from service.store.limit_windows import LimitWindows, Question
from service.store.local_windows import LocalWindows

log = structlog.get_logger(__name__)


class Verdict(NamedTuple):
    """Where a caller stands, and how long they have to wait: None for one who may go on."""

    standings: Sequence[Standing] = ()
    retry_after: timedelta | None = None


@dataclass(slots=True)
class Limiter:
    """Counts requests. Not enforcing, it says what it would refuse; not active, it does nothing.

    Policies count by themselves: what one refuses, another may have counted.
    """

    windows: LimitWindows
    local: LocalWindows
    events: EventLog
    digest_key: bytes
    book: LimitBook
    active: bool = True
    enforcing: bool = True

    def policies(self, route: str) -> Sequence[LimitPolicy]:
        """What a route is counted by."""
        return self.book.find(route) if self.active else ()

    def replace(self, book: LimitBook) -> None:
        """Use these policies from now on. Windows of a policy that keeps its name go on."""
        self.book = book
        self.windows.forget()

    def ids(self, *, ip: str, account: str = "", session: str = "") -> dict[KeyKind, str]:
        """What is known of a caller, as keys show it."""
        ids: dict[KeyKind, str] = {"ip": network_digest(ip, self.digest_key)}
        if account:
            ids["account"] = account_digest(account, self.digest_key)
        if session:
            ids["session"] = session
        return ids

    def begin(
        self,
        policies: Sequence[LimitPolicy],
        ids: Mapping[KeyKind, str],
        origin: Origin,
        *,
        user_id: str = "",
    ) -> "Check":
        """Ask now, in one round trip for all policies, and with whatever this turn still sends."""
        return Check(self, [self._ask(p, p.subject(ids)) for p in policies], origin, user_id)

    def _ask(self, policy: LimitPolicy, subject: str) -> Question:
        if policy.shared:
            return self.windows.ask(policy, subject)
        return Question(policy, subject, self.local.take(policy, subject))


class Check(NamedTuple):
    """A request that is being counted."""

    limiter: Limiter
    asked: Sequence[Question]
    origin: Origin
    user_id: str

    @property
    def refused(self) -> bool:
        """Whether it is certain already that the request is refused."""
        return self.limiter.enforcing and any(
            isinstance(question.answer, Standing) and not question.answer.admitted
            for question in self.asked
        )

    async def settle(self) -> Verdict:
        """What came of it. Raises ServiceUnavailableError where a policy denies without Redis."""
        standings, away = [], False
        for question in self.asked:
            try:
                standing = await self.limiter.windows.settle(question)
            except ServiceUnavailableError:
                away = away or question.policy.without_redis is WhenAway.DENY
                if question.policy.without_redis is not WhenAway.MEMORY:
                    continue
                standing = self.limiter.local.take(question.policy.alone, question.subject)
            standings.append(standing)
        for standing in standings:
            if standing.first_refusal:
                await self._tell(standing.policy)
        if not self.limiter.enforcing:
            return Verdict()
        if away:
            raise ServiceUnavailableError
        waits = [standing.reset_ms for standing in standings if not standing.admitted]
        return Verdict(standings, max(waits) * MILLISECOND if waits else None)

    async def _tell(self, policy: LimitPolicy) -> None:
        """Say once a window that a limit was reached; the log alone hears of it without Redis."""
        data = {
            "policy": policy.name,
            "counted_by": "+".join(policy.key),
            "limit": policy.limit,
            "window_seconds": policy.window // timedelta(seconds=1),
            "enforced": self.limiter.enforcing,
        }
        origin = self.origin
        log.warning(
            "limit.exceeded",
            **data,
            network=neighbourhood_of(origin.ip),
            request_id=origin.request_id,
        )
        try:
            await self.limiter.events.append(
                EventType.LIMIT_EXCEEDED,
                origin,
                user_id=self.user_id,
                reason=policy.name,
                data=data,
            )
        except ServiceUnavailableError:
            return
