"""Clients that take their time over a head. Bodies: `test_hostile_bodies`."""

import asyncio
from pathlib import Path

import pytest

from service.web import bodies, server
from tests.support.people import Browser, Person
from tests.support.processes import await_ready, free_port, running
from tests.support.waiting import PATIENCE
from tests.web.wire import Served, read_reply, refusal

PAUSE = 0.1
"""Between lines of a head that drips; the server cuts it after half of that."""
GET = b"GET /api/health/live HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that waits for a head for a moment only."""
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.05)


async def cut(reader: asyncio.StreamReader) -> bool:
    """Whether the server closes the connection, without a word."""
    async with asyncio.timeout(PATIENCE):
        return await reader.read() == b""


def test_slow_clients_are_cut_within_fifteen_seconds() -> None:
    """A head has 10 s; a body 10 s, and 3 s more for what nobody reads."""
    assert server.HEAD_SECONDS <= 15
    assert bodies.BODY_SECONDS + server.LINGER_SECONDS <= 15


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"G", id="a letter"),
        pytest.param(b"GET /api/health/live HTT", id="half a request line"),
        pytest.param(b"GET /api/health/live HTTP/1.1\r\nHost: x\r\n", id="half its headers"),
        pytest.param(b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Le", id="half a header"),
    ],
)
async def test_a_head_that_does_not_end_is_cut(hurried: None, served: Served, sent: bytes) -> None:
    """The first on a connection, counted from its start."""
    reader, writer = await served.connect()
    writer.write(sent)

    assert await cut(reader)
    writer.close()


async def test_a_head_that_drips_is_cut(hurried: None, served: Served) -> None:
    """Bytes that keep coming do not buy more time; it is the time that ends it, not their number."""
    reader, writer = await served.connect()
    writer.write(b"GET / HTTP/1.1\r\n")
    lines, heard = 0, b""
    while not reader.at_eof() and lines < 100:
        writer.write(b"A: a\r\n")
        lines += 1
        try:
            async with asyncio.timeout(PAUSE):
                heard += await reader.read()
        except TimeoutError:
            continue
        except ConnectionError:
            break

    assert lines < 100
    assert heard == b""
    writer.close()


async def test_a_later_head_that_does_not_end_is_cut(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second on a connection, counted from its first byte."""
    reader, writer = await served.connect()
    writer.write(GET)
    assert (await read_reply(reader)).status == 200

    monkeypatch.setattr(server, "HEAD_SECONDS", 0.05)
    writer.write(GET[:20])

    assert await cut(reader)
    writer.close()


async def test_an_idle_connection_is_kept(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between requests a client may be silent for longer than a head may take."""
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.05)
    idle_reader, idle = await served.connect()
    idle.write(GET)
    assert (await read_reply(idle_reader)).status == 200

    reader, writer = await served.connect()
    assert await cut(reader)
    writer.close()

    idle.write(GET)
    assert (await read_reply(idle_reader)).status == 200
    idle.close()


async def test_a_request_in_pieces_is_answered(served: Served) -> None:
    """A head in several segments is a head."""
    reader, writer = await served.connect()
    for piece in (GET[:7], GET[7:30], GET[30:-1], GET[-1:]):
        writer.write(piece)
        await writer.drain()

    assert (await read_reply(reader)).status == 200
    writer.close()


async def test_requests_may_be_pipelined(served: Served) -> None:
    """Several in one segment, answered in their order (RFC 9112 §9.3.2)."""
    reader, writer = await served.connect()
    writer.write(GET + GET.replace(b"live", b"nothing") + GET)

    assert [(await read_reply(reader)).status for _ in range(3)] == [200, 404, 200]
    writer.close()


async def test_an_answer_that_takes_longer_than_a_head_is_given(
    browser: Browser, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time for a head is not the time for an answer."""
    await asyncio.gather(*[browser.login(person) for _ in range(8)])
    # From here on their connections are open, so that a head comes as one piece.
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.05)
    tokens = await asyncio.gather(*[browser.login(person) for _ in range(8)])

    assert len({t["session_id"] for t in tokens}) == 8


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("service", "serve", "--host", "127.0.0.1"), id="serve"),
        pytest.param(
            ("gunicorn", "service.app:create_app", "--config", "config/gunicorn.py"), id="gunicorn"
        ),
    ],
)
async def test_processes_use_this_server(
    environment: dict[str, str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    """However a platform starts it: what is no request is answered by us, not by aiohttp."""
    port, log = free_port(), tmp_path / "log"
    with running(*command, env={**environment, "PORT": str(port)}, log=log) as process:
        await asyncio.to_thread(await_ready, f"http://127.0.0.1:{port}", [process], log)
        reply = await Served("127.0.0.1", port).send(b"garbage\r\n\r\n")

    assert refusal(reply) == (400, "bad_request")
    assert reply.headers["Server"] == "inphora-auth"
    assert process.returncode == 0
