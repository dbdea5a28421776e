"""Somebody to sign in as, and what their client does."""

from dataclasses import dataclass
from typing import Any

PASSWORD = "correct horse battery staple"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@dataclass(frozen=True, slots=True)
class Person:
    """A user that a test may do anything with."""

    id: str
    email: str
    password: str = PASSWORD


@dataclass(frozen=True, slots=True)
class Reply:
    """A response, read whole."""

    status: int
    headers: Any
    body: Any

    @property
    def code(self) -> str:
        """The problem's code, or an empty string for a reply that is none."""
        return self.body.get("code", "") if isinstance(self.body, dict) else ""


@dataclass(frozen=True, slots=True)
class Browser:
    """A client of the API over any aiohttp session or test client."""

    http: Any
    base: str = ""

    async def send(self, method: str, path: str, *, token: str = "", **given: Any) -> Reply:
        """Send one request and read its whole reply."""
        headers = dict(given.pop("headers", {}))
        if token:
            headers["Authorization"] = f"Bearer {token}"
        async with self.http.request(method, self.base + path, headers=headers, **given) as reply:
            text = await reply.text()
            json_like = reply.content_type.endswith(("/json", "+json"))
            return Reply(
                reply.status,
                reply.headers,
                await reply.json(content_type=None) if json_like else text,
            )

    async def login(self, person: Person) -> dict[str, Any]:
        """Sign in by password; the tokens, or the challenge."""
        body = {"email": person.email, "password": person.password}
        reply = await self.send("POST", "/api/auth/login", json=body)
        assert reply.status == 200, reply
        answer: dict[str, Any] = reply.body
        return answer

    async def refresh(self, token: str, **given: Any) -> Reply:
        """Trade a refresh token."""
        return await self.send("POST", "/api/auth/refresh", json={"refresh_token": token}, **given)

    async def me(self, token: str) -> Reply:
        """Who the access token says I am."""
        return await self.send("GET", "/api/auth/me", token=token)

    async def logout(self, token: str, **body: Any) -> Reply:
        """Sign out by access token."""
        return await self.send("POST", "/api/auth/logout", token=token, json=body)
