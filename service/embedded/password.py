"""The password of a server that only this machine's user may reach."""

import os
import secrets
from pathlib import Path


def keep_password(path: Path) -> str:
    """Return the password in `path`; the first call makes one, mode 0600, whole or not at all."""
    try:
        kept = path.read_text().strip()
    except FileNotFoundError:
        kept = ""
    if kept:
        return kept
    made = secrets.token_hex(24)
    share_password(path, made)
    return made


def share_password(path: Path, password: str) -> None:
    """Write a password for a server to find, mode 0600, whole or not at all."""
    half = path.with_suffix(".new")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(password)
    half.replace(path)
