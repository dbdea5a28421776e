"""Which addresses may be called when somebody else names them."""

from ipaddress import ip_address

import pytest

from service.domain.reach import Reach, may_call

PRIVATE = [
    ("127.0.0.1", "loopback"),
    ("127.8.9.10", "loopback, all of /8"),
    ("::1", "loopback, IPv6"),
    ("10.0.0.1", "RFC 1918"),
    ("172.31.255.255", "RFC 1918, the middle one"),
    ("192.168.1.1", "RFC 1918, at home"),
    ("169.254.169.254", "link-local: metadata of clouds"),
    ("fd00:ec2::254", "metadata, IPv6"),
    ("100.64.0.1", "carriers' NAT"),
    ("100.127.255.254", "carriers' NAT, its end"),
    ("0.0.0.0", "this host"),  # noqa: S104
    ("0.1.2.3", "this network"),
    ("::", "unspecified"),
    ("224.0.0.1", "multicast"),
    ("239.255.255.250", "multicast, SSDP"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.255", "broadcast"),
    ("192.0.0.9", "protocol assignments"),
    ("192.0.2.1", "documentation"),
    ("198.18.0.1", "benchmarks"),
    ("192.88.99.1", "6to4 relay"),
    ("fe80::1", "link-local, IPv6"),
    ("fe80::1%eth0", "link-local with a zone"),
    ("fc00::1", "unique local"),
    ("fec0::1", "site-local"),
    ("ff02::1", "multicast, IPv6"),
    ("2001:db8::1", "documentation, IPv6"),
    ("3fff::1", "documentation, the newer"),
    ("::ffff:127.0.0.1", "mapped loopback"),
    ("::ffff:10.0.0.1", "mapped RFC 1918"),
    ("::ffff:169.254.169.254", "mapped metadata"),
    ("::127.0.0.1", "IPv4-compatible loopback"),
    ("64:ff9b::7f00:1", "NAT64 of loopback"),
    ("64:ff9b::a9fe:a9fe", "NAT64 of metadata"),
    ("64:ff9b:1::a00:1", "NAT64 of one's own"),
    ("2002:7f00:1::", "6to4 of loopback"),
    ("2002:808:808::", "6to4 at all"),
    ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo"),
]
PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::808:808"]
NOWHERE = {
    "169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fe80::1", "fe80::1%eth0",
    "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1", "239.255.255.250", "ff02::1",  # noqa: S104
}  # fmt: skip
LOOPBACK = {"127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"}


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("address", [pytest.param(a, id=why) for a, why in PRIVATE])
def test_what_is_not_public(address: str, scheme: str) -> None:
    """Refused unless it is allowed; where clouds hand out credentials, always."""
    known = ip_address(address)

    assert not may_call(Reach.DENY, scheme, known)
    assert may_call(Reach.LOOPBACK, scheme, known) == (address in LOOPBACK)
    assert may_call(Reach.ALLOW, scheme, known) == (address not in NOWHERE)


@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public(address: str, reach: Reach) -> None:
    """By https, and never without TLS."""
    assert may_call(reach, "https", ip_address(address))
    assert not may_call(reach, "http", ip_address(address))
