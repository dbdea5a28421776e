"""Limits files of a test's own; policy names never meet, so that a shared Redis does no harm."""

from pathlib import Path
from secrets import token_hex

LOGIN = "POST /api/auth/login"
LOGOUT = "POST /api/auth/logout"
REFRESH = "POST /api/auth/refresh"
VERIFY = "POST /api/auth/verify-2fa"
ME = "GET /api/auth/me"


def policy_text(
    name: str, *routes: str, key: str = "ip", limit: int = 3, window: int = 60, **more: object
) -> str:
    """One policy as TOML; `key` is its parts, separated by spaces."""
    given = {"routes": list(routes), "key": key.split(), "limit": limit, "window": window, **more}
    lines = [f"{field} = {_toml(value)}" for field, value in given.items()]
    return "\n".join([f"[policies.{name}]", *lines, ""])


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else repr(value)


def write_limits(path: Path, *policies: str) -> Path:
    """A whole file."""
    path.write_text("\n".join(policies) or "policies = {}\n")
    return path


def new_name() -> str:
    """A policy's name that nothing was counted under."""
    return f"t-{token_hex(4)}"
