"""Who asks on behalf of a service: HTTP Basic by RFC 6749 §2.3.1."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import unquote_plus

from aiohttp import web

from service.domain.errors import InvalidClientError

SCHEME = "basic "
MAX_LENGTH = 1024


@dataclass(frozen=True, slots=True)
class ClientBook:
    """The clients there are: of each the id, and SHA-256 of its secret."""

    digests: Mapping[str, bytes]

    def authenticate(self, request: web.Request) -> str:
        """The id of the client that asks. Raises InvalidClientError: one answer for all faults.

        Every client's secret is compared, so that time tells neither an id nor a secret.
        """
        found = ""
        for name, secret in _given(request.headers.get("Authorization", "")):
            digest = sha256(secret.encode("utf-8", "surrogatepass")).digest()
            for known, wanted in self.digests.items():
                if compare_digest(digest, wanted) & (name == known):
                    found = known
        if not found:
            raise InvalidClientError
        return found


def _given(header: str) -> list[tuple[str, str]]:
    """Id and secret as the RFC has them, form-urlencoded, and as most clients send them, plain."""
    if header[: len(SCHEME)].lower() != SCHEME or len(header) > MAX_LENGTH:
        return []
    try:
        plain = b64decode(header[len(SCHEME) :].strip(), validate=True).decode("utf-8")
    except ValueError:
        return []
    name, _, secret = plain.partition(":")
    return [(unquote_plus(name), unquote_plus(secret)), (name, secret)]
