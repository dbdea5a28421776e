"""Nobody can make the service call where it must not: not by name, redirect, proxy or change of mind."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver

from service.domain.errors import ValidationFailedError
from service.domain.reach import Reach
from service.outbound.http import Outbound
from service.outbound.urls import check_url
from tests.support.receiver import Receiver, receiver
from tests.support.tls import HOST, Authority

OF_ONE_MACHINE = ["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"]  # noqa: S104


class Names(AbstractResolver):
    """Answers as a test wants, each answer once and the last for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), 0

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> Any:
        self.asked += 1
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in found
        ]

    async def close(self) -> None:
        return None


@pytest.fixture
async def service_inside() -> AsyncIterator[Receiver]:
    """What nobody outside may reach."""
    async with receiver() as inside:
        yield inside


def port_of(there: Receiver) -> str:
    return there.url.rsplit(":", 1)[1].partition("/")[0]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0"],  # noqa: S104
)
async def test_by_address(service_inside: Receiver, scheme: str, host: str) -> None:
    """Written in whatever way, no socket is opened to it."""
    async with Outbound(Reach.DENY) as http:
        answer = await http.post(f"{scheme}://{host}:{port_of(service_inside)}/", b"", {})
    assert (answer.status, answer.error) == (None, "refused_address")
    assert service_inside.got == []


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.", "①②⑦.0.0.1"]
)
async def test_by_another_spelling(service_inside: Receiver, host: str) -> None:
    """What a system's resolver would take for the same address."""
    async with Outbound(Reach.DENY) as http:
        answer = await http.post(f"http://{host}:{port_of(service_inside)}/", b"", {})
    assert answer.status is None
    assert service_inside.got == []


@pytest.mark.parametrize("address", OF_ONE_MACHINE)
async def test_by_name(service_inside: Receiver, address: str) -> None:
    """A name of somebody else's that leads here."""
    names = Names([address])
    async with Outbound(Reach.DENY, resolver=names) as http:
        url = f"https://hooks.example.com:{port_of(service_inside)}/"
        answer = await http.post(url, b"", {})
    assert (answer.error, names.asked) == ("refused_address", 1)
    assert service_inside.got == []


async def test_by_a_name_that_changes(
    service_inside: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Public when it was looked at, ours when it is called: what counts is where the socket goes."""
    answers = ["8.8.8.8", "127.0.0.1"]

    def rebinding(_: str, port: int, *__: Any, **___: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    url = f"https://hooks.example.com:{port_of(service_inside)}/"
    await check_url(url, Reach.DENY)
    async with Outbound(Reach.DENY) as http:
        assert (await http.post(url, b"", {})).error == "refused_address"
    assert (answers, service_inside.got) == ([], [])


async def test_one_bad_address_among_good(service_inside: Receiver) -> None:
    """Of several addresses only those are tried that may be called."""
    async with Outbound(Reach.LOOPBACK, resolver=Names(["10.255.255.1", "127.0.0.1"])) as http:
        answer = await http.post(f"http://hooks.example.com:{port_of(service_inside)}/", b"", {})
    assert answer.status == 200
    async with Outbound(Reach.DENY, resolver=Names(["10.0.0.1", "127.0.0.1"])) as http:
        answer = await http.post("https://hooks.example.com/", b"", {})
    assert answer.error == "refused_address"


async def test_loopback_is_not_private_networks(service_inside: Receiver) -> None:
    """What `dev` allows is this machine alone."""
    async with Outbound(Reach.LOOPBACK) as http:
        assert (await http.post(service_inside.url, b"", {})).status == 200
        for host in ("10.0.0.1", "169.254.169.254", "192.168.0.1"):
            assert (await http.post(f"http://{host}/", b"", {})).error == "refused_address"
    async with Outbound(Reach.ALLOW) as http:
        answer = await http.post("http://169.254.169.254/latest/meta-data/", b"", {})
    assert answer.error == "refused_address"


async def test_no_redirect_is_followed(service_inside: Receiver) -> None:
    """Nor a cookie kept."""
    async with receiver() as elsewhere, Outbound(Reach.LOOPBACK) as http:
        service_inside.status = 307
        service_inside.headers = {"Location": elsewhere.url, "Set-Cookie": "a=b"}
        assert (await http.post(service_inside.url, b"", {})).status == 307
        await http.post(service_inside.url, b"", {})
    assert elsewhere.got == []
    assert [each for each in service_inside.got if "cookie" in each.headers] == []


async def test_no_proxy_of_the_environment(
    service_inside: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would look names up itself."""
    async with receiver() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with Outbound(Reach.LOOPBACK) as http:
            assert (await http.post(service_inside.url, b"", {})).status == 200
    assert proxy.got == []


async def test_a_certificate_is_verified(tmp_path: Path) -> None:
    """One that nobody vouches for is refused before anything is said."""
    authority = Authority(tmp_path, "nobody")
    certificate = authority.issue(HOST)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate.cert, certificate.key)
    async with receiver(ssl=server) as there:
        async with Outbound(Reach.LOOPBACK) as http:
            assert (await http.post(there.url, b"{}", {})).error == "tls"
        assert there.got == []
        trusting = ssl.create_default_context(cafile=authority.file)
        async with Outbound(Reach.LOOPBACK, ssl=trusting) as http:
            assert (await http.post(there.url, b"{}", {})).status == 200


async def test_in_a_word() -> None:
    """Why there was no answer, as operators will read it."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        async with Outbound(Reach.LOOPBACK) as http:
            assert (await http.post(f"http://127.0.0.1:{port}/", b"", {})).error == "connection"
            assert (await http.post("ftp://127.0.0.1/", b"", {})).error == "protocol"
            assert (await http.post("http://[::1/", b"", {})).error == "protocol"

    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(garbage, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Outbound(Reach.LOOPBACK) as http:
            assert (await http.post(f"http://127.0.0.1:{port}/", b"", {})).error == "protocol"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1/", "use https"),
        ("https://127.0.0.1/", "leads to 127.0.0.1, which is not public"),
        ("https://localhost/", "which is not public"),
        ("https://[::ffff:10.0.0.1]/", "which is not public"),
        ("https://2130706433/", "which is not public"),
        ("https://169.254.169.254/latest", "which is not public"),
        ("https://me:secret@hooks.example.com/", "leave out user and password"),
        ("https://me@hooks.example.com/", "leave out user and password"),
        ("https://hooks.example.com/#a", "leave out what begins with #"),
        ("ftp://hooks.example.com/", "use https"),
        ("file:///etc/passwd", "write a URL"),
        ("hooks.example.com", "write a URL"),
        ("https://hooks.example.com/a b", "write a URL"),
        ("https://hooks.example.com/a\nb", "write a URL"),
        ("https://hooks.example.com/\x1b[2J", "write a URL"),
        ("https:///path", "write a URL"),
        ("https://hooks.example.com:99999/", "write a URL"),
        ("https://h\u00f6oks.example.com/", "write a URL"),
        (f"https://hooks.example.com/{'x' * 2000}", "write a URL"),
        ("", "write a URL"),
    ],
)
async def test_a_url_is_refused_with_a_reason(url: str, said: str) -> None:
    """When it is given, so that somebody can mend it."""
    with pytest.raises(ValidationFailedError) as refused:
        await check_url(url, Reach.DENY)
    assert said in refused.value.errors[0].message
    assert "secret" not in refused.value.errors[0].message


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://8.8.8.8/", "use https"),
        ("http://10.0.0.1/", "which is not public"),
        ("http://169.254.169.254/latest", "which is not public"),
    ],
)
async def test_https_is_advised_where_it_would_help(url: str, said: str) -> None:
    """And not for an address that no scheme may lead to."""
    with pytest.raises(ValidationFailedError) as refused:
        await check_url(url, Reach.LOOPBACK)
    assert said in refused.value.errors[0].message


async def test_a_name_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most often it is misspelled."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ValidationFailedError) as refused:
        await check_url("https://hooks.example.com/", Reach.DENY)
    assert "hooks.example.com has no address now" in refused.value.errors[0].message
    async with Outbound(Reach.DENY) as http:
        assert (await http.post("https://hooks.example.com/", b"", {})).error == "dns"


async def test_what_reach_lets_pass() -> None:
    """Loopback where that is allowed, by http too."""
    await check_url("http://127.0.0.1:9/", Reach.LOOPBACK)
    await check_url("http://10.0.0.1:9/", Reach.ALLOW)
    await check_url("https://8.8.8.8/", Reach.DENY)
    for reach in Reach:
        with pytest.raises(ValidationFailedError, match=r".*"):
            await check_url("http://8.8.8.8/", reach)
