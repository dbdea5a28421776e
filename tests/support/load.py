"""A small steady load: somebody who keeps using and refreshing one session, as a client should."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from tests.support.people import Browser

PACE_SECONDS = 0.02


@dataclass
class Client:
    """One signed-in device. It keeps its tokens over a 503, as it must."""

    browser: Browser
    tokens: dict[str, Any]
    statuses: list[int] = field(default_factory=list)
    refusals: list[Any] = field(default_factory=list)
    refreshed: int = 0
    used: int = 0

    @property
    def session_id(self) -> str:
        """Of the session that it must never lose."""
        session_id: str = self.tokens["session_id"]
        return session_id

    async def step(self) -> None:
        """Use the access token, then trade the refresh token."""
        me = await self.browser.me(self.tokens["access_token"])
        self._note(me)
        if me.status == 200:
            assert me.body["session"]["id"] == self.session_id
            self.used += 1
        fresh = await self.browser.refresh(self.tokens["refresh_token"])
        self._note(fresh)
        if fresh.status == 200:
            self.tokens = fresh.body
            self.refreshed += 1

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until told to stop."""
        while not stop.is_set():
            await self.step()
            try:
                await asyncio.wait_for(stop.wait(), PACE_SECONDS)
            except TimeoutError:
                continue

    def _note(self, reply: Any) -> None:
        self.statuses.append(reply.status)
        if reply.status not in {200, 503}:
            self.refusals.append(reply)


@dataclass
class Intruder:
    """Holds tokens of a session that was signed out, and tries them all the time."""

    browser: Browser
    tokens: dict[str, Any]
    let_in: list[Any] = field(default_factory=list)
    tries: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until told to stop."""
        while not stop.is_set():
            for reply in (
                await self.browser.me(self.tokens["access_token"]),
                await self.browser.refresh(self.tokens["refresh_token"]),
            ):
                self.tries += 1
                if reply.status not in {401, 503}:
                    self.let_in.append(reply)
            try:
                await asyncio.wait_for(stop.wait(), PACE_SECONDS)
            except TimeoutError:
                continue
