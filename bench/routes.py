"""What is measured: the requests of each route, and what their replies must hold."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bench.client import Caller
from bench.errors import BenchError

REFRESH_TOKEN = re.compile(rb'"refresh_token" *: *"([^"]+)"')
ACCESS_TOKEN = re.compile(rb'"access_token" *: *"([^"]+)"')
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

BARE = "bare"
SERVICE_ROUTES = ("me", "refresh", "login")
PATHS = {
    BARE: "GET /",
    "me": "GET /api/auth/me",
    "refresh": "POST /api/auth/refresh",
    "login": "POST /api/auth/login",
}
LOGIN_CONNECTIONS = 8
"""argon2 owns the server's core: more connections would only measure their queue."""


@dataclass(slots=True)
class Visitor:
    """Somebody signed in, with the latest tokens."""

    email: str
    password: str
    access_token: str
    refresh_token: str


class BareCaller:
    """Asks for the constant."""

    def __init__(self) -> None:
        self._request = _get("/")

    def request(self) -> bytes:
        return self._request

    def take(self, body: bytes) -> None:
        if not body:
            message = "an empty reply of the bare handler"
            raise BenchError(message)


class MeCaller:
    """Asks who its access token says it is."""

    def __init__(self, visitor: Visitor) -> None:
        self._request = _get("/api/auth/me", authorization=f"Bearer {visitor.access_token}")
        self._email = visitor.email.encode()

    def request(self) -> bytes:
        return self._request

    def take(self, body: bytes) -> None:
        if self._email not in body:
            message = f"somebody else's reply: {body!r}"
            raise BenchError(message)


class RefreshCaller:
    """Trades its refresh token for the next, again and again."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor

    def request(self) -> bytes:
        return _post("/api/auth/refresh", {"refresh_token": self._visitor.refresh_token})

    def take(self, body: bytes) -> None:
        token = _find(REFRESH_TOKEN, body)
        if token == self._visitor.refresh_token:
            message = "a refresh that rotated nothing"
            raise BenchError(message)
        self._visitor.refresh_token = token


class LoginCaller:
    """Signs in, each time in a new session."""

    def __init__(self, visitor: Visitor) -> None:
        credentials = {"email": visitor.email, "password": visitor.password}
        self._request = _post("/api/auth/login", credentials)

    def request(self) -> bytes:
        return self._request

    def take(self, body: bytes) -> None:
        _find(ACCESS_TOKEN, body)


def callers(route: str, visitors: Sequence[Visitor]) -> list[Caller]:
    """One for each connection of a round."""
    match route:
        case "me":
            return [MeCaller(visitor) for visitor in visitors]
        case "refresh":
            return [RefreshCaller(visitor) for visitor in visitors]
        case "login":
            return [LoginCaller(visitor) for visitor in visitors[:LOGIN_CONNECTIONS]]
        case _:
            return [BareCaller() for _ in visitors]


def _get(path: str, **headers: str) -> bytes:
    return _head("GET", path, headers).encode()


def _post(path: str, value: object) -> bytes:
    body = json.dumps(value)
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    return (_head("POST", path, headers) + body).encode()


def _head(method: str, path: str, headers: dict[str, str]) -> str:
    every = {"host": "127.0.0.1", "user-agent": AGENT, **headers}
    lines = "".join(f"{name.title()}: {value}\r\n" for name, value in every.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n"


def _find(pattern: re.Pattern[bytes], body: bytes) -> str:
    found = pattern.search(body)
    if found is None:
        message = f"no token in {body[:200]!r}"
        raise BenchError(message)
    return found[1].decode()
