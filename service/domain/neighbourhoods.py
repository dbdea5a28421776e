"""The neighbourhood of an address: enough for a log to show where trouble comes from, not who it is."""

from functools import lru_cache
from ipaddress import ip_address, ip_network

PREFIXES = {4: 24, 6: 48}


@lru_cache(maxsize=4096)
def neighbourhood_of(ip: str) -> str:
    """`203.0.113.0/24`, or the /48 of IPv6; empty for what is no address."""
    try:
        address = ip_address(ip)
        address = getattr(address, "ipv4_mapped", None) or address
        return str(ip_network((int(address), PREFIXES[address.version]), strict=False))
    except ValueError:
        return ""
