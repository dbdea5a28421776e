"""Sends mails: takes one that is due, hands it on, and only then takes it from the table.

At least once: who dies in between leaves the row to another worker, which sends the same Message-ID
again. What is due is read from SQL, so no missed tick and no lost queue loses a mail.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from jinja2 import TemplateError

from service.contracts.events import EventType
from service.contracts.mails import Mail, MailTemplate
from service.contracts.vitals import Vitals
from service.domain.errors import ServiceUnavailableError
from service.domain.instants import to_datetime
from service.domain.mail_tries import EXPIRES, away_delay, next_delay
from service.domain.sessions import Origin
from service.outbound.mails.carriers import OpenCarrier
from service.outbound.mails.delivery import Carrier, Delivery, Fate
from service.outbound.mails.letter import AddressUnusableError, Letters
from service.store.event_log import EventLog
from service.store.mail_queue import SENT, Claimed, MailQueue

LEASE = timedelta(minutes=5)
"""More than connecting to a server and sending one mail may take."""
RUN_SECONDS = 120.0
"""After this long the rest is left to the next run, so that another worker may take its turn."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SendMails:
    """Sends what is due; ends early when nobody can be reached. `chance` is from 0 to 1.

    Without an `open_carrier` mails wait, until they are of no use any more.
    """

    queue: MailQueue
    letters: Letters
    open_carrier: OpenCarrier | None
    events: EventLog
    now_ms: Callable[[], int]
    chance: Callable[[], float]
    vitals: Vitals

    async def __call__(self) -> int:
        """How many it sent."""
        await self._expire()
        sent, until = 0, time.monotonic() + RUN_SECONDS
        if self.open_carrier is not None:
            async with self.open_carrier() as carrier:
                while time.monotonic() < until:
                    fate = await self._send_one(carrier)
                    sent += fate is Fate.SENT
                    if fate in {None, Fate.AWAY}:
                        break
        await self._tell_waiting()
        return sent

    async def _send_one(self, carrier: Carrier) -> Fate | None:
        """What came of the one that is due for longest; None when none is."""
        claimed = await self.queue.claim(self._now(), lease=LEASE)
        if claimed is None:
            return None
        delivery = await self._deliver(carrier, claimed)
        await self._settle(claimed, delivery)
        return delivery.fate

    async def _deliver(self, carrier: Carrier, claimed: Claimed) -> Delivery:
        if claimed.sent:
            return Delivery(Fate.SENT)
        if claimed.to is None:
            log.error("mails.unreadable", mail=claimed.id)
            return Delivery(Fate.LATER, "SECRET_KEY does not open it")
        try:
            mail = Mail(MailTemplate(claimed.template), claimed.to, params=claimed.params)
            message = self.letters.write(mail, number=claimed.id, at=claimed.created_at)
        except AddressUnusableError:
            return Delivery(Fate.NEVER, "address_unusable")
        except (TemplateError, ValueError):
            log.exception("mails.unwritable", mail=claimed.id, template=claimed.template)
            return Delivery(Fate.LATER, "its template fails")
        return await carrier.deliver(message)

    async def _settle(self, claimed: Claimed, delivery: Delivery) -> None:
        match delivery.fate:
            case Fate.SENT:
                await self._take_off(claimed)
            case Fate.AWAY:
                log.warning("mails.server_away", why=delivery.why)
                due = self._now() + away_delay(self.chance())
                await self.queue.put_back(claimed, due, delivery.why, counted=False)
            case Fate.LATER if delay := next_delay(claimed.tries, self.chance()):
                due = self._now() + delay
                await self.queue.put_back(claimed, due, delivery.why, counted=True)
            case _:
                announce = partial(
                    self._announce_failed, delivery.why, claimed.template, claimed.user_id
                )
                await self.queue.drop(claimed, announce)

    async def _take_off(self, claimed: Claimed) -> None:
        """Of the table, with its event; while that cannot be told, remember that it was sent."""
        try:
            if await self.queue.drop(claimed, partial(self._announce_sent, claimed)):
                self.vitals.mails_sent += 1
        except ServiceUnavailableError:
            due = self._now() + away_delay(self.chance())
            await self.queue.put_back(claimed, due, SENT, counted=False)
            raise

    async def _expire(self) -> None:
        announce = partial(self._announce_failed, "expired")
        while await self.queue.expire(self._now() - EXPIRES, announce):
            pass

    async def _announce_sent(self, claimed: Claimed) -> None:
        data = {"template": claimed.template}
        await self.events.append(EventType.MAIL_SENT, Origin(), user_id=claimed.user_id, data=data)

    async def _announce_failed(self, why: str, template: str, user_id: str) -> None:
        log.error("mails.given_up", template=template, why=why)
        data = {"template": template}
        await self.events.append(
            EventType.MAIL_FAILED, Origin(), user_id=user_id, reason=why, data=data
        )
        self.vitals.mails_failed += 1

    async def _tell_waiting(self) -> None:
        try:
            state = await self.queue.state()
        except ServiceUnavailableError:
            return
        self.vitals.mails_at_ms = self.now_ms()
        self.vitals.mails_waiting = state.waiting
        self.vitals.mails_oldest_ms = int(state.oldest.timestamp() * 1000) if state.oldest else 0

    def _now(self) -> datetime:
        return to_datetime(self.now_ms())
