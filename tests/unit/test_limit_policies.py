"""Which policies hold, whom they count together, and what an account looks like in a key."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from service.domain.rate_limits import KeyKind, LimitBook, LimitPolicy, account_digest, network_of


def policy(
    name: str,
    *routes: str,
    key: Sequence[KeyKind] = ("ip",),
    limit: int = 10,
    shared: bool = True,
) -> LimitPolicy:
    return LimitPolicy(
        name=name,
        routes=routes,
        key=key,
        limit=limit,
        window=timedelta(minutes=1),
        shared=shared,
    )


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        pytest.param("192.0.2.7", "192.0.2.7", id="IPv4 is itself"),
        pytest.param("::ffff:192.0.2.7", "192.0.2.7", id="IPv4 in IPv6 is IPv4"),
        pytest.param("::ffff:c000:207", "192.0.2.7", id="however it is written"),
        pytest.param("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", id="IPv6 is its /64"),
        pytest.param("2001:db8:1:2:8000::", "2001:db8:1:2::/64", id="to the last bit"),
        pytest.param("2001:DB8:1:2::", "2001:db8:1:2::/64", id="in one spelling"),
        pytest.param("2001:db8:1:3::1", "2001:db8:1:3::/64", id="the next /64 is another"),
        pytest.param("fe80::1%eth0", "fe80::/64", id="a zone is no address"),
        pytest.param("", "unknown", id="a unix socket"),
        pytest.param("host", "unknown", id="no address at all"),
    ],
)
def test_network(ip: str, expected: str) -> None:
    """Whoever has one address of a subscriber has them all."""
    assert network_of(ip) == expected


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        pytest.param("POST /api/auth/login", ["a", "b"], id="its own name, every policy"),
        pytest.param("GET /api/auth/sessions", ["auth"], id="the longest path above it"),
        pytest.param("GET /api/health", ["api"], id="a shorter one"),
        pytest.param("GET /api/auth/me", [], id="unlimited beats a path"),
        pytest.param("GET /api/admin/users", [], id="an unlimited path beats a shorter one"),
        pytest.param("POST /api/admin/users", ["admin"], id="a name beats an unlimited path"),
        pytest.param("GET /metrics", [], id="nothing said"),
        pytest.param("POST /api/auth/me", ["auth"], id="another method is another route"),
    ],
)
def test_the_most_specific_name_wins(route: str, expected: list[Any]) -> None:
    """A route has the policies of its closest name, and no others."""
    book = LimitBook(
        [
            policy("a", "POST /api/auth/login"),
            policy("b", "POST /api/auth/login", key=("account",)),
            policy("auth", "/api/auth/*"),
            policy("api", "/api/*"),
            policy("admin", "POST /api/admin/users"),
        ],
        ["GET /api/auth/me", "/api/admin/*"],
    )

    for _ in range(2):
        assert [found.name for found in book.find(route)] == expected


@pytest.mark.parametrize(
    ("book", "fault"),
    [
        pytest.param(
            LimitBook([policy("p", "POST /api/auth/log-in")]),
            "'POST /api/auth/log-in' is no route",
            id="a route that is not there",
        ),
        pytest.param(
            LimitBook([policy("p", "/apis/*")]), "'/apis/*' is no route", id="nothing below a path"
        ),
        pytest.param(
            LimitBook([], ["GET /me"]), "'GET /me' is no route", id="nothing to leave unlimited"
        ),
        pytest.param(
            LimitBook([policy("p", "/api/*", key=("ip", "account"))]),
            "policy 'p': 'GET /api/health' does not know the key 'account'",
            id="a key that the route never knows",
        ),
    ],
)
def test_a_policy_that_would_never_hold_is_a_fault(book: LimitBook, fault: str) -> None:
    """A typing error must not leave a route open in silence."""
    routes: dict[str, frozenset[KeyKind]] = {
        "POST /api/auth/login": frozenset({"ip", "account"}),
        "GET /api/health": frozenset({"ip"}),
    }

    assert fault in book.faults(routes)


def test_several_parts_of_a_key() -> None:
    """A mix is one caller: the parts in the policy's order."""
    mixed = policy("p", "/api/*", key=("ip", "account"))

    assert mixed.subject({"account": "abc", "ip": "192.0.2.7", "session": "s"}) == "192.0.2.7+abc"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(policy("p", limit=10), 5, id="half of what all share"),
        pytest.param(policy("p", limit=1), 1, id="at least one"),
        pytest.param(policy("p", limit=10, shared=False), 10, id="what was counted apart anyway"),
    ],
)
def test_alone(given: LimitPolicy, expected: int) -> None:
    """A process that sees no other admits less."""
    assert given.alone.limit == expected


def test_an_account_cannot_be_read_from_a_key() -> None:
    """Short, the same for the same account, and of no use without the service's secret."""
    digest = account_digest("a@people.example", b"k" * 32)

    assert digest == account_digest("a@people.example", b"k" * 32)
    assert digest != account_digest("a@people.example", b"l" * 32)
    assert digest != account_digest("b@people.example", b"k" * 32)
    assert len(digest) == 16
    assert "people" not in digest
