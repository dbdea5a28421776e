"""Rendering. The hot replies are put together from bytes that are JSON already."""

import json
from functools import lru_cache
from typing import Any

from aiohttp import web

from service.domain.instants import to_rfc3339
from service.domain.sessions import Session, SessionPolicy
from service.domain.users import User
from service.operations.tokens import TokenPair
from service.web.ready import NO_STORE, ReadyReply

ENCODER = json.JSONEncoder(separators=(",", ":"))


def json_reply(value: object, *, status: int = 200) -> web.Response:
    """A JSON response that nobody may keep."""
    return ReadyReply(body=to_bytes(value), status=status)


def cached_reply(value: object, *, caching: str) -> web.Response:
    """A JSON response that says how long it may be kept, as Cache-Control has it."""
    return web.Response(
        body=to_bytes(value), headers={"Cache-Control": caching}, content_type="application/json"
    )


def to_bytes(value: object) -> bytes:
    """Compact JSON."""
    return ENCODER.encode(value).encode()


@lru_cache(maxsize=4096)
def me_body(user: User, session: Session, policy: SessionPolicy) -> bytes:
    """`GET /me`; the same for all requests of a session in a minute."""
    view = session_view(session, policy, current=True)
    return to_bytes({"user": user.to_dict(), "session": view})


@lru_cache(maxsize=4096)
def _user_bytes(user: User) -> bytes:
    return to_bytes(user.to_dict())


def token_reply(pair: TokenPair, *, cookie: bool, device_token: str = "") -> web.Response:
    """*tokens* of API.md; in cookie mode without what the browser keeps."""
    # Every text in it is base64url or digits: nothing needs escaping.
    trusted = f'"device_token":"{device_token}",' if device_token and not cookie else ""
    refresh = "" if cookie else f'"refresh_token":"{pair.refresh_token}",'
    tokens = (
        f'{{"access_token":"{pair.access_token}","token_type":"Bearer",'
        f'"expires_in":{pair.expires_in},{refresh}{trusted}'
        f'"refresh_expires_in":{pair.refresh_expires_in},"session_id":"{pair.session_id}","user":'
    )
    return ReadyReply(body=b"%b%b}" % (tokens.encode(), _user_bytes(pair.user)))


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
