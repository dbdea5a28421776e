"""Where a request came from, as far as it may be believed."""

from dataclasses import dataclass
from typing import cast

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from service.domain.sessions import Origin
from service.web.origins import client_ip, read_origin

PEER = "10.0.0.9"


@dataclass
class Request:
    """As much of a request as is looked at."""

    headers: CIMultiDict[str]
    remote: str = PEER


def request(*headers: tuple[str, str]) -> web.Request:
    """A request of the peer with these headers, in this order."""
    return cast("web.Request", Request(CIMultiDict(headers)))


def forwarded(*values: str) -> web.Request:
    return request(*(("X-Forwarded-For", value) for value in values))


def origin_of(*headers: tuple[str, str]) -> Origin:
    return read_origin(request(*headers), proxies=0, new_id=lambda: "new")


@pytest.mark.parametrize(
    ("proxies", "headers", "ip"),
    [
        pytest.param(0, [], PEER, id="no proxy: the peer"),
        pytest.param(0, ["1.1.1.1"], PEER, id="no proxy and a header: the peer, it is made up"),
        pytest.param(1, ["1.1.1.1"], "1.1.1.1", id="one proxy: what it saw"),
        pytest.param(1, [], PEER, id="one proxy that wrote nothing: the peer"),
        pytest.param(1, ["6.6.6.6, 1.1.1.1"], "1.1.1.1", id="one proxy: not what the client added"),
        pytest.param(1, ["6.6.6.6", "1.1.1.1"], "1.1.1.1", id="one proxy: the last header's last"),
        pytest.param(2, ["1.1.1.1, 10.0.0.1"], "1.1.1.1", id="two proxies: what the outer one saw"),
        pytest.param(
            2, ["6.6.6.6, 1.1.1.1, 10.0.0.1"], "1.1.1.1", id="two proxies and an addition"
        ),
        pytest.param(
            2, ["6.6.6.6", "1.1.1.1", "10.0.0.1"], "1.1.1.1", id="two proxies, a header each"
        ),
        pytest.param(
            2, ["1.1.1.1"], PEER, id="two proxies, of which one was gone around: the peer"
        ),
        pytest.param(1, ["1.1.1.1 "], "1.1.1.1", id="a space behind it"),
        pytest.param(1, ["2001:DB8:0::1"], "2001:db8::1", id="IPv6 in its one spelling"),
        pytest.param(1, ["unknown"], PEER, id="a word instead of an address"),
        pytest.param(1, [""], PEER, id="an empty header"),
        pytest.param(1, ["1.1.1.1,"], PEER, id="nothing behind the last comma"),
        pytest.param(1, ["1.1.1.1, ' OR 1=1"], PEER, id="SQL instead of an address"),
        pytest.param(1, ["01.1.1.1"], PEER, id="an address in an ambiguous spelling"),
        pytest.param(1, ["fe80::1%" + "e" * 200], "fe80::1", id="an address with a long zone"),
        pytest.param(1, ["fe80::1%\udcff"], "fe80::1", id="an address with a zone that is no text"),
    ],
)
def test_the_hop_that_is_believed(proxies: int, headers: list[str], ip: str) -> None:
    """Only as many hops as there are proxies of ours; limits and audits rest on it."""
    assert client_ip(forwarded(*headers), proxies=proxies) == ip


@given(st.text(max_size=60), st.integers(0, 3))
def test_any_header_gives_an_address_that_can_be_stored(text: str, proxies: int) -> None:
    """Whatever a client claims: 45 characters at most, and an address."""
    ip = client_ip(forwarded(text, text), proxies=proxies)

    assert 0 < len(ip) <= 45
    assert not set(ip) - set("0123456789abcdef.:")


@pytest.mark.parametrize(
    "given_id",
    ["a", "req-1", "A.b_c-9", "9" * 128],
    ids=["a letter", "words", "every kind of character", "128 characters"],
)
def test_a_good_request_id_is_kept(given_id: str) -> None:
    """A caller can follow its request through our logs."""
    assert origin_of(("X-Request-ID", given_id)).request_id == given_id


@pytest.mark.parametrize(
    "given_id",
    [
        pytest.param("", id="empty"),
        pytest.param("9" * 129, id="129 characters"),
        pytest.param("a b", id="a space"),
        pytest.param("a\n", id="a line break"),
        pytest.param('a"b', id="a quotation mark"),
        pytest.param("<script>", id="a tag"),
        pytest.param("${jndi:x}", id="a template"),
        pytest.param("é", id="a letter outside ASCII"),
        pytest.param("\u0663", id="a digit outside ASCII"),
        pytest.param("\udcff", id="a byte that is no text"),
    ],
)
def test_a_bad_request_id_is_replaced(given_id: str) -> None:
    """Nothing of a client's text gets into the logs by this way."""
    assert origin_of(("X-Request-ID", given_id)).request_id == "new"


def test_a_request_id_is_made_when_there_is_none() -> None:
    """Every request has one."""
    assert origin_of().request_id == "new"


@pytest.mark.parametrize(
    ("agent", "kept"),
    [
        pytest.param("curl/8.7.1", "curl/8.7.1", id="plain"),
        pytest.param("Ünï 審", "Ünï 審", id="letters of any script"),
        pytest.param("a\tb", "a\ufffdb", id="a tab"),
        pytest.param("a\x1b[2Jb", "a\ufffd[2Jb", id="a terminal's escape"),
        pytest.param("a\x00b", "a\ufffdb", id="a NUL, which SQL can't store"),
        pytest.param("a\udcffb", "a\ufffdb", id="a byte that is no text"),
        pytest.param("a\u202eb", "a\ufffdb", id="a mark that turns the text around"),
        pytest.param("x" * 600, "x" * 512, id="a long one"),
        pytest.param("", "", id="none"),
    ],
)
def test_a_user_agent_is_made_printable(agent: str, kept: str) -> None:
    """It is shown to people and stored: what cannot be printed is replaced, what is long is cut."""
    assert origin_of(("User-Agent", agent)).user_agent == kept


@given(st.text(max_size=600))
def test_any_user_agent_can_be_stored(agent: str) -> None:
    """No NUL, no half surrogate, never too long."""
    stored = origin_of(("User-Agent", agent)).user_agent

    assert "\0" not in stored.encode().decode()
    assert len(stored) <= 512
