"""People who move in with the passwords they have, from the command line to their first sign-in."""

import json
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, select

from service.contracts.tables import users
from service.domain.user_file import Newcomer, read_people
from service.operations.import_users import Imported, ImportUsers
from service.store.database import Database
from service.store.event_log import EventLog
from service.store.script_client import ScriptClient
from service.store.user_imports import UserImports
from tests.support.people import Browser, Person
from tests.support.processes import python

BCRYPT = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
DJANGO = "pbkdf2_sha1$24000$seasalt$F+kiWNHXbMBcwgxsvSKFCWHnZZ0="


async def find(database: Database, email: str) -> Row[tuple[Any, ...]] | None:
    async with database.transaction() as connection:
        query = select(users).where(users.c.email_key == email)
        return (await connection.execute(query)).one_or_none()


async def hash_of(database: Database, email: str) -> str:
    """The hash of a password that somebody has."""
    row = await find(database, email)
    assert row is not None
    return str(row.password_hash)


async def test_people_move_in_and_sign_in(
    browser: Browser,
    database: Database,
    scripts: ScriptClient,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    """A dry run adds nobody; a second run nobody twice; the first sign-in renews the hash."""
    imports = ImportUsers(UserImports(database), EventLog(scripts), lambda: str(uuid4()))
    domain = f"{token_hex(6)}.example"
    ann, bob, eve = (f"{name}@{domain}" for name in ("ann", "bob", "eve"))
    people = [
        {
            "email": ann,
            "name": "Ann",
            "password_hash": BCRYPT,
            "created_at": "2020-01-02T03:04:05Z",
        },
        {"email": bob, "password_hash": DJANGO},
        {"email": eve, "password_hash": BCRYPT, "email_verified": False},
    ]
    file = tmp_path / "people.ndjson"
    file.write_text("\n".join(map(json.dumps, people)))

    async def load(**given: Any) -> Imported:
        newcomers = read_people(file.read_text().splitlines(), ndjson=True, now=datetime.now(UTC))
        people = [one for one in newcomers if isinstance(one, Newcomer)]
        return await imports(people, said=lambda _: None, **given)

    assert await load(dry=True) == Imported(added=3, known=0)
    assert await find(database, ann) is None
    done = python("service", "users", "import", str(file), env=environment)
    assert (done.returncode, done.stdout.strip()) == (
        0,
        "3 added, 0 were there already and are as they were",
    ), done.stderr
    row = await find(database, ann)
    assert row is not None
    assert (row.name, row.created_at.year, row.password_hash) == ("Ann", 2020, BCRYPT)

    assert (await browser.login(Person(row.id, ann, "U*U")))["user"]["name"] == "Ann"
    renewed = await hash_of(database, ann)
    assert renewed.startswith("$argon2id$")
    assert (await browser.login(Person(row.id, ann, "U*U")))["access_token"]
    assert (await browser.login(Person("", bob, "KRONOS")))["access_token"]
    unproven = {"email": eve, "password": "U*U"}
    reply = await browser.send("POST", "/api/auth/login", json=unproven)
    assert reply.code == "invalid_credentials"

    assert await load() == Imported(added=0, known=3)
    assert await hash_of(database, ann) == renewed


async def test_a_fault_in_one_line_adds_nobody(
    database: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    """Every fault is named by its line, without what stands there."""
    email = f"{token_hex(6)}@people.example"
    file = tmp_path / "people.csv"
    file.write_text(f"email,password_hash\n{email},{BCRYPT}\nnobody,{BCRYPT}\n")
    done = python("service", "users", "import", str(file), env=environment)

    assert done.returncode == 1
    assert f"{file}:3: email: this is not an e-mail address" in done.stderr
    assert "nobody was added" in done.stderr
    assert BCRYPT not in done.stderr
    assert await find(database, email) is None
