"""Cookies: what the browser keeps out of every script's reach. In cookie mode, the refresh token.

The cookie is `SameSite=Strict`, and what is done by it also wants a header that no form can send and an
`Origin` that is ours (OWASP, Cross-Site Request Forgery Prevention: custom request headers, and
verifying the origin).
"""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from service.domain.errors import CsrfFailedError

NAME, DEVICE, TRUSTED = "inphora_refresh", "inphora_device", "inphora_trusted"
SCRIPTED = "fetch"
ATTRIBUTES = "Path=/api/auth; Secure; HttpOnly; SameSite=Strict"
"""Browsers take `Secure` from localhost over plain http as well."""


@dataclass(frozen=True, slots=True)
class RefreshCookie:
    """Sets, reads and drops it; `origins` may ask by it besides the service's own."""

    name: str
    origins: Collection[str]

    @classmethod
    def of(cls, public_url: str, origins: Collection[str]) -> "RefreshCookie":
        """For a service at this address. Over https no page without TLS can plant it (RFC 6265bis)."""
        parts = urlsplit(public_url)
        return cls(_name(public_url, NAME), {*origins, f"{parts.scheme}://{parts.netloc}"})

    def write(self, refresh_token: str, *, seconds: int) -> str:
        """The value of Set-Cookie; it goes when the session would."""
        return f"{self.name}={refresh_token}; Max-Age={seconds}; {ATTRIBUTES}"

    def drop(self) -> str:
        """The value of Set-Cookie that ends it."""
        return f"{self.name}=; Max-Age=0; {ATTRIBUTES}"

    def is_asked_for(self, request: web.Request) -> bool:
        """Whether a request is a script's in cookie mode."""
        return request.headers.get("X-Requested-With") == SCRIPTED

    def read(self, request: web.Request) -> str | None:
        """The refresh token of a request that proves to be a script's of ours.

        Raises CsrfFailedError for one that brings the cookie and no proof.
        """
        refresh_token = request.cookies.get(self.name)
        if refresh_token is None:
            return None
        if not self.is_asked_for(request) or not self._ours(request):
            raise CsrfFailedError
        return refresh_token

    def _ours(self, request: web.Request) -> bool:
        origin = request.headers.get("Origin", "")
        if origin in self.origins:
            return True
        try:
            host = urlsplit(origin).netloc
        except ValueError:  # such as http://[
            return False
        return host != "" and host == request.host


@dataclass(frozen=True, slots=True)
class DeviceCookie:
    """Says something of the device; alone it opens nothing, so it needs no proof of its own."""

    name: str

    @classmethod
    def of(cls, public_url: str, name: str) -> "DeviceCookie":
        """For a service at this address."""
        return cls(_name(public_url, name))

    def write(self, value: str, *, seconds: int) -> str:
        """The value of Set-Cookie."""
        return f"{self.name}={value}; Max-Age={seconds}; {ATTRIBUTES}"

    def read(self, request: web.Request) -> str:
        """What the browser kept, or an empty string."""
        return request.cookies.get(self.name, "")


def _name(public_url: str, name: str) -> str:
    return f"__Secure-{name}" if urlsplit(public_url).scheme == "https" else name
