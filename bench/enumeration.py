"""Whether the time an answer takes tells who has an account: known and unknown in turn, by route."""

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from statistics import median
from typing import Any

from bench.errors import BenchError
from bench.people import PASSWORD
from bench.routes import AGENT

SHUFFLES = 2000
DOUBT = 0.01
"""Below such a probability that chance made the difference, the two can be told apart."""
WARM = 20
NEW = "seven velvet bridges hum"
ROUTES: Mapping[str, tuple[str, int, Callable[[str], dict[str, Any]]]] = {
    "login": ("/api/auth/login", 401, lambda email: {"email": email, "password": NEW}),
    "register": ("/api/auth/register", 201, lambda email: {"email": email, "password": NEW}),
    "forgot": ("/api/auth/password/forgot", 202, lambda email: {"email": email}),
    "email": ("/api/auth/email/change", 202, lambda email: {"email": email, "password": PASSWORD}),
}
SETTINGS = {
    "REGISTRATION": "open",
    "EMAIL_VERIFICATION": "required",
    "REDIS_TIMEOUT_MS": "5000",  # a busy machine must not end a run
}


@dataclass(frozen=True, slots=True)
class Compared:
    """Milliseconds of one route; `chance`: how often labels dealt at random differ as much."""

    route: str
    known: float
    unknown: float
    chance: float

    def line(self) -> str:
        """A row of the table."""
        verdict = "told apart" if self.chance < DOUBT else "cannot be told apart"
        difference = (self.known - self.unknown) * 1000
        return (
            f"| {self.route} | {self.known:.2f} | {self.unknown:.2f} | {difference:+.0f} | "
            f"{self.chance:.2f} | {verdict} |"
        )


def compare(port: int, token: str, known: Sequence[str], *, seed: int) -> list[Compared]:
    """All routes, an address of `known` and one of nobody's after the other, in random order."""
    dice, found = random.Random(seed), []  # noqa: S311 - it deals, it hides nothing
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    for route in ROUTES:
        nobody = f"{route:x<8}"[:7]  # as long as theirs
        unknown = [email.replace("visitor", nobody) for email in known]
        times: list[tuple[float, float]] = []
        for one, other in zip(known, unknown, strict=True):
            asked = [one, other]
            dice.shuffle(asked)
            took = {email: _time(connection, route, email, token) for email in asked}
            times.append((took[one], took[other]))
        found.append(_judge(route, times[WARM:], dice))
    connection.close()
    return found


def _judge(route: str, times: Sequence[tuple[float, float]], dice: random.Random) -> Compared:
    known, unknown = median(a for a, _ in times), median(b for _, b in times)
    more = 0
    for _ in range(SHUFFLES):
        dealt = [pair if dice.random() < 0.5 else pair[::-1] for pair in times]
        a, b = median(a for a, _ in dealt), median(b for _, b in dealt)
        more += abs(a - b) >= abs(known - unknown)
    return Compared(route, known, unknown, more / SHUFFLES)


def _time(connection: HTTPConnection, route: str, email: str, token: str) -> float:
    """Milliseconds of one answer. Raises BenchError for one that is not as it should be."""
    path, status, body = ROUTES[route]
    headers = {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "Authorization": f"Bearer {token}",
    }
    given = json.dumps(body(email))
    begun = time.perf_counter()
    connection.request("POST", path, given, headers)
    reply = connection.getresponse()
    text = reply.read()
    took = (time.perf_counter() - begun) * 1000
    if reply.status != status:
        message = f"{path} for {email}: {reply.status} {text.decode(errors='replace')}"
        raise BenchError(message)
    return took


def table(found: Sequence[Compared]) -> str:
    """What to print, and to put into docs/security-timing.md."""
    head = "| route | known, ms | unknown, ms | difference, µs | chance | verdict |\n|---|---|---|---|---|---|"
    return "\n".join([head, *(one.line() for one in found)])
