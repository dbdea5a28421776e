"""What other services are offered."""

import time
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

from aiohttp import web

from config.settings import Settings
from service.operations.introspect import Introspect
from service.operations.revoke_token import RevokeToken
from service.web import keys
from service.web.client_auth import ClientBook
from service.web.oauth_keys import CLIENTS, INTROSPECT, METADATA, REVOKE_TOKEN
from service.wiring.parts import PARTS


async def wire_oauth(app: web.Application) -> AsyncIterator[None]:
    """Let clients of OAuth refresh, revoke and ask."""
    parts = app[PARTS]
    settings = parts.settings
    app[REVOKE_TOKEN] = RevokeToken(
        parts.tokens, parts.codec, parts.records, parts.live, parts.end_sessions, time.time
    )
    app[INTROSPECT] = Introspect(
        app[keys.AUTHENTICATE],
        parts.codec,
        parts.records,
        parts.live,
        parts.revocations,
        parts.policy,
        lambda: time.time_ns() // 1_000_000,
    )
    app[CLIENTS] = ClientBook(
        {
            client.id: sha256(client.secret.get_secret_value().encode()).digest()
            for client in settings.introspection_clients
        }
    )
    app[METADATA] = metadata(settings)
    yield


def metadata(settings: Settings) -> dict[str, Any]:
    """RFC 8414 §2. Nobody is sent here to sign in, so that there is no response type."""
    base = settings.public_url
    introspection = {
        "introspection_endpoint": f"{base}/oauth/introspect",
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic"],
    }
    return {
        "issuer": base,
        "token_endpoint": f"{base}/oauth/token",
        "revocation_endpoint": f"{base}/oauth/revoke",
        **(introspection if settings.introspection_clients else {}),
        "jwks_uri": f"{base}/.well-known/jwks.json",
        "response_types_supported": [],
        "grant_types_supported": ["refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
    }
