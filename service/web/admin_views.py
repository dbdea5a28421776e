"""Rendering of what administrators are shown."""

from datetime import datetime
from typing import Any

from service.domain.instants import to_ms, to_rfc3339
from service.domain.sessions import SessionPolicy
from service.operations.read_timeline import Timeline
from service.store.administration import Overview
from service.store.session_records import SessionRecord


def overview_view(found: Overview) -> dict[str, Any]:
    """`admin_user`."""
    return {
        **found.user.to_dict(),
        "status": found.status,
        "locked_until": _text(found.locked_until),
        "last_sign_in_at": _text(found.last_sign_in_at),
        "sessions": found.sessions,
        "passkeys": found.passkeys,
    }


def past_session_view(
    record: SessionRecord, ended_at: datetime | None, policy: SessionPolicy
) -> dict[str, Any]:
    """A session that may have ended."""
    session = record.session
    expires_ms = policy.expires_ms(created_ms=session.created_ms, last_used_ms=session.last_used_ms)
    return {
        "id": session.id,
        "user_id": session.user_id,
        "created_at": to_rfc3339(session.created_ms),
        "last_seen_at": to_rfc3339(session.last_used_ms),
        "expires_at": to_rfc3339(expires_ms),
        "ip": session.ip,
        "device": session.device,
        "amr": list(session.amr),
        "ended_at": _text(ended_at),
        "end_reason": record.end_reason,
    }


def timeline_view(found: Timeline, policy: SessionPolicy) -> dict[str, Any]:
    """A session and its events."""
    record = found.record
    return {
        "session": record and past_session_view(record, found.ended_at, policy),
        "user_id": found.user_id,
        "events": [entry._asdict() for entry in found.entries],
        "complete": found.complete,
    }


def _text(at: datetime | None) -> str | None:
    return None if at is None else to_rfc3339(to_ms(at))
