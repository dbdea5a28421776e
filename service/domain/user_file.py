"""People from another system, one a line: CSV with a header, or NDJSON (docs/passwords.md)."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.domain.foreign_hashes import UnusableHashError, check_importable
from service.domain.users import Role, email_key, is_email

NAME_MAX = 200
FIRST_YEAR = 1970
FIELDS = frozenset({"email", "name", "password_hash", "roles", "created_at", "email_verified"})
TRUTH = {"": True, "true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Who moves in. `password_hash` None: they set a password by "forgot password"."""

    email: str
    name: str = ""
    password_hash: str | None = None
    roles: Sequence[str] = ()
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LineFault:
    """What is wrong with a line, counted from 1; never what stands in it."""

    line: int
    message: str


def read_people(
    lines: Iterable[str], *, ndjson: bool, now: datetime
) -> Iterator[Newcomer | LineFault]:
    """Everybody in a file, or what is wrong with their line. An address may stand there once."""
    seen: dict[str, int] = {}
    for number, record in _ndjson(lines) if ndjson else _csv(lines):
        if isinstance(record, str):
            yield LineFault(number, record)
            continue
        try:
            newcomer = _newcomer(record, now)
        except ValueError as error:
            yield LineFault(number, str(error))
            continue
        first = seen.setdefault(email_key(newcomer.email), number)
        if first != number:
            yield LineFault(number, f"the address of line {first} once more")
            continue
        yield newcomer


def _csv(lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    rows = csv.reader(lines, strict=True)
    try:
        header = [name.strip() for name in next(rows, [])]
        if unknown := sorted(set(header) - FIELDS):
            yield (
                1,
                f"no column is called {', '.join(unknown)}; there are {', '.join(sorted(FIELDS))}",
            )
            return
        if "email" not in header:
            yield 1, "the first line has to name the columns, email among them"
            return
        for row in rows:
            if len(row) == len(header):
                yield rows.line_num, {k: v for k, v in zip(header, row, strict=True) if v}
            elif row:
                yield rows.line_num, f"{len(row)} fields where the first line has {len(header)}"
    except csv.Error as error:
        yield rows.line_num, f"this is not CSV: {error}"


def _ndjson(lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            yield number, "this is not JSON"
            continue
        if not isinstance(value, dict):
            yield number, "this is no JSON object"
        elif unknown := sorted(set(value) - FIELDS):
            yield number, f"no field is called {', '.join(unknown)[:80]}"
        else:
            yield number, {k: v for k, v in value.items() if v is not None}


def _newcomer(record: Mapping[str, Any], now: datetime) -> Newcomer:
    """Raises ValueError, which says what is wrong."""
    email, name = record.get("email", ""), record.get("name", "")
    if not isinstance(email, str) or not is_email(email):
        message = "email: this is not an e-mail address"
        raise ValueError(message)
    if not isinstance(name, str) or len(name) > NAME_MAX or not name.isprintable():
        message = f"name: at most {NAME_MAX} letters, without control characters"
        raise ValueError(message)
    stored = record.get("password_hash")
    if stored is not None:
        _check_hash(stored)
    return Newcomer(
        email=email.strip(),
        name=name,
        # Whoever typed in an address that is not theirs must not get in by the password they chose.
        password_hash=stored if _verified(record.get("email_verified", True)) else None,
        roles=_roles(record.get("roles", ())),
        created_at=_instant(record["created_at"], now) if "created_at" in record else None,
    )


def _check_hash(stored: object) -> None:
    try:
        check_importable(stored if isinstance(stored, str) else "")
    except UnusableHashError as error:
        message = f"password_hash: {error}"
        raise ValueError(message) from error


def _roles(given: object) -> Sequence[str]:
    roles = given.split() if isinstance(given, str) else given
    if not isinstance(roles, (list, tuple)) or any(role not in list(Role) for role in roles):
        message = f"roles: there are {', '.join(Role)}, separated by spaces"
        raise ValueError(message)
    return tuple(sorted(set(roles)))


def _verified(given: object) -> bool:
    truth = given if isinstance(given, bool) else TRUTH.get(str(given).strip().lower())
    if truth is None:
        message = "email_verified: write true or false"
        raise ValueError(message)
    return truth


def _instant(given: object, now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(str(given))
    except ValueError as error:
        message = "created_at: write it as 2026-11-23T09:02:17Z"
        raise ValueError(message) from error
    if at.tzinfo is None or at.year < FIRST_YEAR or at > now:
        message = f"created_at: say the time zone, and an instant from {FIRST_YEAR} until now"
        raise ValueError(message)
    return at
