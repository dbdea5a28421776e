"""Rate limits: who may ask what how often. Pure rules; the counting is the store's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from typing import Literal, NamedTuple

from service.domain.ids import encode
from service.domain.sessions import MILLISECOND

EXACT_UP_TO = 128
"""The largest limit whose requests are remembered one by one, at 4 bytes each."""

BUCKETS = 8
"""Into how many parts the window of a larger limit is cut."""

ACCOUNT_BYTES = 12


KeyKind = Literal["ip", "account", "session"]
"""What a limit counts by; an account is an e-mail address before sign-in, a user id after it."""

KEY_KINDS: tuple[KeyKind, ...] = ("ip", "account", "session")


class WhenAway(StrEnum):
    """What a limit does while Redis is away: count in this process, let pass, or answer 503."""

    MEMORY = "memory"
    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, kw_only=True, eq=False)
class LimitPolicy:
    """At most `limit` requests in any `window`, for each value of its key (all kinds together).

    Up to EXACT_UP_TO the window slides exactly. Above, a request may be remembered for an eighth
    of the window longer than it should: never more than the limit pass, now and then fewer.
    One that is not `shared` is counted by each process by itself, which asks Redis nothing.
    """

    name: str
    routes: Sequence[str]
    key: Sequence[KeyKind]
    limit: int
    window: timedelta
    shared: bool = True
    without_redis: WhenAway = WhenAway.MEMORY

    @property
    def exact(self) -> bool:
        """Whether every request is remembered by itself."""
        return self.limit <= EXACT_UP_TO

    @cached_property
    def alone(self) -> "LimitPolicy":
        """What a process admits that cannot see the others: half of what all should, at least 1."""
        return replace(self, limit=max(self.limit // 2, 1), shared=False) if self.shared else self

    @cached_property
    def kinds(self) -> frozenset[KeyKind]:
        """The parts of its key."""
        return frozenset(self.key)

    @cached_property
    def window_ms(self) -> int:
        """The window in milliseconds."""
        return self.window // MILLISECOND

    def subject(self, ids: Mapping[KeyKind, str]) -> str:
        """Who is counted. Raises KeyError while a part of the key is not known."""
        return "+".join(ids[kind] for kind in self.key)


class Standing(NamedTuple):
    """Where a caller stands with one policy after a request.

    `reset_ms`: in how many milliseconds there will be more than `remaining`. `first_refusal`: no
    other was refused within the window.
    """

    policy: LimitPolicy
    admitted: bool
    remaining: int
    reset_ms: int
    first_refusal: bool = False


@dataclass(slots=True)
class LimitBook:
    """Which policies hold for which route.

    A policy names routes as `POST /api/auth/login`, or all below a path as `/api/*`. The most
    specific name wins: its policies hold for a route, those of wider names do not; so does
    `unlimited`, for which none holds.
    """

    policies: Sequence[LimitPolicy] = ()
    unlimited: Sequence[str] = ()
    _found: dict[str, Sequence[LimitPolicy]] = field(default_factory=dict)

    def find(self, route: str) -> Sequence[LimitPolicy]:
        """The policies of a route, given as its method and path."""
        found = self._found.get(route)
        if found is None:
            found = self._found[route] = self._find(route)
        return found

    def _find(self, route: str) -> Sequence[LimitPolicy]:
        for name in _names(route):
            if name in self.unlimited:
                return ()
            if found := tuple(policy for policy in self.policies if name in policy.routes):
                return found
        return ()

    def faults(self, routes: Mapping[str, frozenset[KeyKind]]) -> list[str]:
        """What would silently never hold: names of no route, keys that a route never knows."""
        names = {name for route in routes for name in _names(route)}
        said = [*self.unlimited, *(name for policy in self.policies for name in policy.routes)]
        return [f"{name!r} is no route" for name in said if name not in names] + [
            f"policy {policy.name!r}: {route!r} does not know the key {kind!r}"
            for route, known in routes.items()
            for policy in self.find(route)
            for kind in policy.key
            if kind not in known
        ]


def _names(route: str) -> list[str]:
    """What a route may be called in a policy, the most specific first."""
    path = route.partition(" ")[2]
    parts = path.split("/")
    return [route, *("/".join(parts[:end]) + "/*" for end in range(len(parts) - 1, 0, -1))]


@lru_cache(maxsize=4096)
def network_digest(ip: str, key: bytes) -> str:
    """A network as a limit's key may show it; like `account_digest`."""
    return account_digest(network_of(ip), key)


def network_of(ip: str) -> str:
    """Who an address belongs to: an IPv4 address itself, of IPv6 the /64 that a subscriber gets."""
    try:
        address = ip_address(ip)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return f"{IPv6Address(int(address) >> 64 << 64)}/64"
        address = address.ipv4_mapped
    return str(address)


def account_digest(account: str, key: bytes) -> str:
    """An account as a limit's key may show it: 16 characters that only this service can make."""
    return encode(blake2b(account.encode(), key=key, digest_size=ACCOUNT_BYTES).digest())
