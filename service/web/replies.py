"""Rendering. The hot replies are put together from bytes that are JSON already."""

import json
from typing import Any

from aiohttp import web

from service.domain.instants import to_rfc3339
from service.domain.sessions import Session, SessionPolicy
from service.operations.tokens import TokenPair

NO_STORE = {"Cache-Control": "no-store"}


def json_reply(value: object, *, status: int = 200, headers: Any = NO_STORE) -> web.Response:
    """A JSON response, by default one that nobody may keep."""
    return web.Response(
        body=json.dumps(value, separators=(",", ":")).encode(),
        status=status,
        headers=headers,
        content_type="application/json",
    )


def token_reply(pair: TokenPair) -> web.Response:
    """*tokens* of API.md."""
    return json_reply(
        {
            "access_token": pair.access_token,
            "token_type": "Bearer",
            "expires_in": pair.expires_in,
            "refresh_token": pair.refresh_token,
            "refresh_expires_in": pair.refresh_expires_in,
            "session_id": pair.session_id,
            "user": pair.user.to_dict(),
        }
    )


def session_view(session: Session, policy: SessionPolicy, *, current: bool) -> dict[str, Any]:
    """`session` of API.md."""
    expires_ms = policy.expires_ms(created_ms=session.created_ms, last_used_ms=session.last_used_ms)
    return {
        "id": session.id,
        "created_at": to_rfc3339(session.created_ms),
        "last_seen_at": to_rfc3339(session.last_used_ms),
        "expires_at": to_rfc3339(expires_ms),
        "ip": session.ip,
        "device": session.device,
        "amr": list(session.amr),
        "current": current,
    }


def ended_reply(*, applied: bool) -> web.Response:
    """204, or 202 for an end that is committed and that Redis will hear of later."""
    return web.Response(status=204 if applied else 202, headers=NO_STORE)
