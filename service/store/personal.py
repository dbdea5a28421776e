"""What the audit holds about a person: one sealed JSON object a row, bound to its place."""

import json
import json.encoder
from collections.abc import Mapping
from typing import Any

from service.contracts.events import PLAIN_DATA

_quoted = json.encoder.encode_basestring_ascii
to_json = json.JSONEncoder(separators=(",", ":")).encode


def place(partition: int, stream_id: str) -> str:
    """What binds a row's ciphertext to it."""
    return f"audit/{partition}/{stream_id}"


def part(data: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """An event's data as what stays readable, and what may be about the person."""
    if not data:
        return data, data
    plain: dict[str, Any] = {}
    personal: dict[str, Any] = {}
    for name, value in data.items():
        (plain if name in PLAIN_DATA and _is_plain(value) else personal)[name] = value
    return plain, personal


def to_plain(ip: str | None, user_agent: str | None, data: Mapping[str, Any]) -> bytes | None:
    """The text to seal, or None when nothing is about a person."""
    parts = []
    if ip:
        parts.append(f'"ip":{_quoted(ip)}')
    if user_agent:
        parts.append(f'"user_agent":{_quoted(user_agent)}')
    if data:
        parts.append(f'"data":{to_json(data)}')
    return f"{{{','.join(parts)}}}".encode() if parts else None


def _is_plain(value: Any) -> bool:
    """Whether jsonb gives back exactly this, so that its hash stays the same."""
    if isinstance(value, list):
        return all(isinstance(each, str) for each in value)
    return isinstance(value, (str, int))
