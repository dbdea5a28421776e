"""Which addresses the service may call when somebody else names them (SSRF)."""

from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address

NAT64 = IPv6Network("64:ff9b::/96")
NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            "100.64.0.0/10",  # carriers' NAT, RFC 6598
            "192.0.0.0/24",  # protocol assignments; a few of them count as global
            "192.88.99.0/24",  # 6to4 relays, RFC 7526
            "::/96",  # an IPv4 address as was written once, RFC 4291
            "64:ff9b:1::/48",  # NAT64 of one's own, RFC 8215
            "2001::/23",  # protocol assignments, Teredo among them
            "2002::/16",  # 6to4: leads to any IPv4 address
            "3fff::/20",  # documentation, RFC 9637
            "5f00::/16",  # segment routing, RFC 9602
            "fec0::/10",  # site-local, RFC 3879
        ),
    )
)
"""What the standard library's tables, which differ by release, may take for global."""
CLOUD_METADATA = IPv6Address("fd00:ec2::254")


class Reach(StrEnum):
    """Which addresses that are not public may be called."""

    DENY = "deny"
    LOOPBACK = "loopback"
    ALLOW = "allow"


def may_call(reach: Reach, scheme: str, address: Address) -> bool:
    """Whether a URL of this scheme may lead to this address.

    Without TLS only to what is not public, where that is allowed. Where clouds hand out credentials
    (link-local) nobody has a receiver: never.
    """
    address = _meant(address)
    if _is_public(address):
        return scheme == "https"
    if reach is Reach.ALLOW:
        nowhere = address.is_link_local or address.is_multicast or address.is_unspecified
        return not nowhere and address != CLOUD_METADATA
    return reach is Reach.LOOPBACK and address.is_loopback


def read(address: str) -> Address | None:
    """An address as a socket has it, or None for a name."""
    try:
        return ip_address(address)
    except ValueError:
        return None


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _is_public(address: Address) -> bool:
    if any(address in net for net in NOT_PUBLIC if net.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)
