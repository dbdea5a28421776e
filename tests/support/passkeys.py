"""A person with an authenticator of software, at a service in this process."""

from dataclasses import dataclass
from typing import Any

from tests.support.authenticator import Authenticator
from tests.support.people import Browser, Reply


@dataclass(frozen=True, slots=True)
class PasskeyBrowser:
    """Asks for options, has them answered, and sends the answer."""

    browser: Browser

    async def options(self, path: str, *, token: str = "", **body: Any) -> dict[str, Any]:
        reply = await self.browser.send("POST", f"/api/auth/{path}/options", token=token, json=body)
        assert reply.status == 200, reply
        options: dict[str, Any] = reply.body["options"]
        return options

    async def add(
        self, token: str, authenticator: Authenticator, *, name: str = "Key", **wrong: Any
    ) -> Reply:
        """Make a passkey as whoever holds the access token."""
        credential = authenticator.make(await self.options("passkeys", token=token), **wrong)
        return await self.browser.send(
            "POST", "/api/auth/passkeys", token=token, json={"name": name, "credential": credential}
        )

    async def sign_in(self, authenticator: Authenticator, **wrong: Any) -> Reply:
        """Sign in by a passkey alone."""
        credential = authenticator.show(await self.options("login/passkey"), **wrong)
        return await self.send_in({"credential": credential})

    async def send_in(self, body: dict[str, Any]) -> Reply:
        return await self.browser.send("POST", "/api/auth/login/passkey", json=body)

    async def second_factor(
        self, mfa_token: str, authenticator: Authenticator, **wrong: Any
    ) -> Reply:
        """Finish a sign-in by password."""
        options = await self.options("verify-2fa/passkey", mfa_token=mfa_token)
        body = {"mfa_token": mfa_token, "credential": authenticator.show(options, **wrong)}
        return await self.browser.send("POST", "/api/auth/verify-2fa/passkey", json=body)

    async def step_up(self, token: str, authenticator: Authenticator, **wrong: Any) -> Reply:
        """Prove again who one is."""
        options = await self.options("step-up/passkey", token=token)
        body = {"credential": authenticator.show(options, **wrong)}
        return await self.browser.send("POST", "/api/auth/step-up/passkey", token=token, json=body)
