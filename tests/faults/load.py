"""Clients that sign in, use, refresh and sign out against two processes, and doubt every answer."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

import aiohttp

from tests.faults.journal import Journal
from tests.support.people import Browser, Person, Reply

PAUSE = 0.01
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

    async def live(self, stop: asyncio.Event) -> None:
        """Go on until told to stop."""
        while not stop.is_set():
            with suppress(aiohttp.ClientError, TimeoutError):
                await self._step()
            await asyncio.sleep(PAUSE)

    async def _step(self) -> None:
        if not self.access:
            await self._login()
            return
        kind = self.dice.random()
        if self.dead and kind < 0.15:
            await self._knock_with_dead_tokens()
        elif kind < 0.60:
            await self._me()
        elif kind < 0.95:
            await self._refresh()
        else:
            await self._logout()

    def _door(self) -> Browser:
        return self.dice.choice(self.doors)

    async def _login(self) -> None:
        body = {"email": self.person.email, "password": self.person.password}
        reply = await self._door().send("POST", "/api/auth/login", json=body)
        self.journal.note("login", reply.status)
        if reply.status == 200:
            self._keep(reply)
            self.journal.logins.add(self.session_id)
        elif reply.status not in RETRY:
            self.journal.wrong(f"login answered {reply.status} {reply.code}")

    async def _me(self) -> None:
        reply = await self._door().me(self.access)
        self.journal.note("me", reply.status)
        if reply.status == 200:
            if reply.body["session"]["id"] != self.session_id:
                self.journal.wrong("me answered with somebody else's session")
        elif reply.code == "token_expired":
            await self._refresh()
        elif reply.status not in RETRY:
            self.journal.wrong(f"me of a live session answered {reply.status} {reply.code}")

    async def _refresh(self) -> None:
        reply = await self._door().refresh(self.refresh)
        self.journal.note("refresh", reply.status)
        if reply.status == 200:
            if reply.body["session_id"] != self.session_id:
                self.journal.wrong("refresh answered with somebody else's session")
            self._keep(reply)
            self.journal.rotations[self.session_id, generation(self.refresh)] += 1
        elif reply.status not in RETRY:
            self.journal.wrong(f"refresh of a live session answered {reply.status} {reply.code}")

    async def _logout(self) -> None:
        reply = await self._door().logout(self.access)
        self.journal.note("logout", reply.status)
        if reply.status in {202, 204} or reply.code == "token_revoked":
            self.journal.ended.setdefault(self.session_id, monotonic())
            self.dead = (self.session_id, self.access, self.refresh)
            self.access = self.refresh = ""
        elif reply.code == "token_expired":
            await self._refresh()
        elif reply.status not in RETRY:
            self.journal.wrong(f"logout answered {reply.status} {reply.code}")

    async def _knock_with_dead_tokens(self) -> None:
        assert self.dead is not None
        session_id, access, refresh = self.dead
        sent = monotonic()
        me = await self._door().me(access)
        self.journal.note("dead me", me.status)
        if me.status == 200:
            degraded = "Auth-Degraded" in me.headers
            self.journal.dead_token_accepted(session_id, sent, degraded=degraded)
        again = await self._door().refresh(refresh)
        self.journal.note("dead refresh", again.status)
        if again.status == 200:
            self.journal.wrong("a refresh token worked after its session's end")
        elif again.status not in RETRY and again.code not in GONE:
            self.journal.wrong(f"a dead refresh token answered {again.code}")

    def _keep(self, reply: Reply) -> None:
        self.access = reply.body["access_token"]
        self.refresh = reply.body["refresh_token"]
        self.session_id = reply.body["session_id"]


def generation(refresh_token: str) -> int:
    """The generation a refresh token carries in clear."""
    from service.domain.ids import decode

    raw = decode(refresh_token.removeprefix("rt_"))
    assert raw is not None
    return int.from_bytes(raw[18:23])
