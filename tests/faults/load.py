"""Clients that sign in, use, refresh and sign out against two processes, and doubt every answer."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from time import monotonic
from typing import Any
from uuid import uuid4

import aiohttp

from service.domain.ids import decode
from tests.faults.journal import Journal, Told
from tests.support.people import Browser, Person, Reply

PAUSE_SECONDS = 0.02
AFTER_A_REFUSAL_SECONDS = 0.1
GONE = frozenset({"token_revoked", "session_revoked"})
RETRY = frozenset({429, 503})


@dataclass
class Client:
    """One browser of one person. It keeps its tokens until an answer ends its session for good."""

    doors: Sequence[Browser]
    person: Person
    journal: Journal
    dice: random.Random
    access: str = ""
    refresh: str = ""
    session_id: str = ""
    dead: tuple[str, str, str] | None = None
    name: str = field(default_factory=lambda: uuid4().hex)
    numbers: Any = field(default_factory=lambda: count(1))

    async def live(self, stop: asyncio.Event) -> None:
        """Go on until told to stop."""
        while not stop.is_set():
            troubles = len(self.journal.troubles)
            try:
                await self._step()
            except (aiohttp.ClientError, TimeoutError) as error:
                self.journal.wrong(f"no answer: {type(error).__name__} {error}")
            refused = len(self.journal.troubles) > troubles
            await asyncio.sleep(AFTER_A_REFUSAL_SECONDS if refused else PAUSE_SECONDS)

    async def _step(self) -> None:
        kind = self.dice.random()
        if self.dead and kind < 0.15:
            await self._knock_with_dead_tokens()
        elif not self.access:
            await self._login()
        elif kind < 0.60:
            await self._me()
        elif kind < 0.95:
            await self._refresh()
        else:
            await self._logout()

    async def _send(self, operation: str, method: str, path: str, **given: Any) -> Reply:
        request_id = f"{self.name}-{next(self.numbers)}"
        sent = monotonic()
        door = self.dice.choice(self.doors)
        reply = await door.send(
            method, f"/api/auth/{path}", headers={"X-Request-ID": request_id}, **given
        )
        degraded = "Auth-Degraded" in reply.headers
        self.journal.note(operation, reply.status, sent=sent, degraded=degraded)
        if reply.headers["X-Request-ID"] != request_id:
            self.journal.wrong(f"{operation} was given the answer to another request")
        return reply

    async def _login(self) -> None:
        body = {"email": self.person.email, "password": self.person.password}
        sent = monotonic()
        reply = await self._send("login", "POST", "login", json=body)
        if reply.status == 200:
            self.session_id = reply.body["session_id"]
            self._keep(reply, sent)
        elif reply.status not in RETRY:
            self.journal.wrong(f"login answered {reply.status} {reply.code}")

    async def _me(self) -> None:
        reply = await self._send("me", "GET", "me", token=self.access)
        if reply.status == 200:
            if reply.body["session"]["id"] != self.session_id:
                self.journal.wrong("me answered with somebody else's session")
        elif reply.code == "token_expired":
            await self._refresh()
        elif reply.status not in RETRY:
            self.journal.wrong(f"me of a live session answered {reply.status} {reply.code}")

    async def _refresh(self) -> None:
        body = {"refresh_token": self.refresh}
        sent = monotonic()
        reply = await self._send("refresh", "POST", "refresh", json=body)
        if reply.status == 200:
            if reply.body["session_id"] != self.session_id:
                self.journal.wrong("refresh answered with somebody else's session")
            self._keep(reply, sent)
        elif reply.status not in RETRY:
            self.journal.wrong(f"refresh of a live session answered {reply.status} {reply.code}")

    async def _logout(self) -> None:
        reply = await self._send("logout", "POST", "logout", token=self.access, json={})
        if reply.status in {202, 204}:
            self.journal.end(self.session_id, applied=reply.status == 204)
            self.dead = (self.session_id, self.access, self.refresh)
            self.access = self.refresh = ""
        elif reply.code == "token_expired":
            await self._refresh()
        elif reply.status not in RETRY:
            self.journal.wrong(f"logout answered {reply.status} {reply.code}")

    async def _knock_with_dead_tokens(self) -> None:
        assert self.dead is not None
        session_id, access, refresh = self.dead
        knocks = (
            ("dead me", "GET", "me", {"token": access}),
            ("dead refresh", "POST", "refresh", {"json": {"refresh_token": refresh}}),
        )
        for operation, method, path, given in knocks:
            sent = monotonic()
            reply = await self._send(operation, method, path, **given)
            if reply.status == 200:
                degraded = "Auth-Degraded" in reply.headers
                self.journal.accepted_dead(operation, session_id, sent=sent, degraded=degraded)
            elif reply.status not in RETRY and reply.code not in {*GONE, "token_expired"}:
                self.journal.wrong(f"{operation} answered {reply.status} {reply.code}")

    def _keep(self, reply: Reply, sent: float) -> None:
        self.access = reply.body["access_token"]
        self.refresh = reply.body["refresh_token"]
        request_id = reply.headers["X-Request-ID"]
        generation = generation_of(self.refresh)
        self.journal.told.append(
            Told(request_id, self.session_id, generation, sent, at=monotonic())
        )


def generation_of(refresh_token: str) -> int:
    """The generation a refresh token carries in clear."""
    raw = decode(refresh_token.removeprefix("rt_"))
    assert raw is not None
    return int.from_bytes(raw[18:23])


@asynccontextmanager
async def at_work(clients: Sequence[Client]) -> AsyncIterator[None]:
    """All of them live until the block ends; each ends the request it is at."""
    stop = asyncio.Event()
    lives = [asyncio.create_task(client.live(stop)) for client in clients]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*lives)
