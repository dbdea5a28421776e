"""Users of the run's own database, and their first sign-in over HTTP."""

import json
from collections.abc import Sequence
from http.client import HTTPConnection
from uuid import uuid4

from bench.errors import BenchError
from bench.routes import AGENT, Visitor
from service.domain.users import Account
from service.store.database import Database, open_engine
from service.store.password_hasher import PasswordHasher
from service.store.users import UserRecords

PASSWORD = "correct horse battery staple"  # noqa: S105 - of people who live for one run


async def add_people(database_url: str, count: int) -> list[str]:
    """Add people who share a password (and its one hash, which is slow to make); their addresses."""
    hasher, engine = PasswordHasher(threads=1), open_engine(database_url, connections=2)
    try:
        password_hash = await hasher.hash(PASSWORD)
        users = UserRecords(Database(engine))
        emails = [f"visitor-{number:04d}@bench.example" for number in range(count)]
        for email in emails:
            await users.create(
                user_id=str(uuid4()),
                email=email,
                name="A Visitor",
                roles=(),
                password_hash=password_hash,
                announce=_in_silence,
            )
    finally:
        await engine.dispose()
        hasher.close()
    return emails


async def _in_silence(_: Account) -> None:
    return None


def sign_in(port: int, emails: Sequence[str]) -> list[Visitor]:
    """Sign everybody in, one after the other. Raises BenchError for a refusal."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    visitors: list[Visitor] = []
    try:
        for email in emails:
            body = json.dumps({"email": email, "password": PASSWORD})
            headers = {"Content-Type": "application/json", "User-Agent": AGENT}
            connection.request("POST", "/api/auth/login", body, headers)
            reply = connection.getresponse()
            text = reply.read()
            if reply.status != 200:
                message = f"signing {email} in: {reply.status} {text.decode(errors='replace')}"
                raise BenchError(message)
            tokens = json.loads(text)
            visitors.append(
                Visitor(email, PASSWORD, tokens["access_token"], tokens["refresh_token"])
            )
    finally:
        connection.close()
    return visitors
