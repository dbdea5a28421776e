"""Endpoints and deliveries as commands show them."""

from datetime import datetime

from service.domain.instants import to_ms, to_rfc3339
from service.store.webhook_deliveries import Shown
from service.store.webhook_endpoints import Endpoint


def endpoint_fields(one: Endpoint) -> dict[str, object]:
    """For machines; no secret among them."""
    return {
        "id": one.id,
        "url": one.url,
        "types": list(one.types),
        "created_at": _instant(one.created_at),
        "disabled_at": _instant(one.disabled_at),
        "disabled_reason": one.disabled_reason,
        "failing_since": _instant(one.failing_since),
        "waiting": one.waiting,
        "failed": one.failed,
    }


def endpoint_state(one: Endpoint) -> str:
    """How it does, in a few words."""
    if one.disabled_at:
        return f"disabled ({one.disabled_reason}), {one.waiting} wait"
    return f"{'failing' if one.failing_since else 'ok'}, {one.waiting} wait, {one.failed} failed"


def delivery_fields(one: Shown) -> dict[str, object]:
    """For machines."""
    return {
        name: _instant(value) if isinstance(value, datetime) else value
        for name, value in one._asdict().items()
    }


def delivery_line(one: Shown) -> str:
    """For people."""
    when = _instant(one.created_at)
    return f"{one.id:<10}{when}  {one.endpoint_id}  {one.type:<24}{one.event_id}  {outcome(one)}"


def outcome(one: Shown) -> str:
    """What became of it until now."""
    got = one.last_error if one.last_status is None else str(one.last_status)
    if one.delivered_at:
        return f"delivered ({got})"
    if one.failed_at:
        return f"failed after {one.tries} tries ({got})"
    return f"waits, {one.tries} tries" + (f" ({got})" if got else "")


def _instant(at: datetime | None) -> str | None:
    return None if at is None else to_rfc3339(to_ms(at))
