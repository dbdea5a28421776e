"""Writes tiny MaxMind DB files (https://maxmind.github.io/MaxMind-DB/), format 2.0, 24-bit records.

The real ones are what an operator gives (GEOIP_FILE); these are for made-up addresses, and tests.
"""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

MARKER = b"\xab\xcd\xefMaxMind.com"
TEXT, UINT32, MAP, UINT64, ARRAY = 2, 6, 7, 9, 11
FIRST_EXTENDED = 8
LONGEST = 29


def to_mmdb(countries: Mapping[str, str], *, built: int = 1_790_000_000) -> bytes:
    """A file that knows the countries of these networks, IPv4 within IPv6 as MaxMind has it."""
    data = b""
    places: dict[str, int] = {}
    tree: list[list[int | None]] = [[None, None]]
    leaves: dict[tuple[int, int], str] = {}
    for network, country in countries.items():
        if country not in places:
            places[country] = len(data)
            data += _encode({"country": {"iso_code": country}})
        _grow(tree, leaves, network, country)
    count = len(tree)
    nodes = b""
    for number, node in enumerate(tree):
        for side, child in enumerate(node):
            value = count if child is None else child
            if (number, side) in leaves:
                value = count + 16 + places[leaves[number, side]]
            nodes += value.to_bytes(3, "big")
    about = {
        "node_count": count,
        "record_size": 24,
        "ip_version": 6,
        "database_type": "Tiny-Country",
        "languages": [],
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": built,
        "description": {"en": "a few countries"},
    }
    return nodes + bytes(16) + data + MARKER + _encode(about)


def _grow(
    tree: list[list[int | None]], leaves: dict[tuple[int, int], str], network: str, country: str
) -> None:
    found = ip_network(network)
    length = found.prefixlen + (96 if found.version == 4 else 0)
    address = int(found.network_address)
    node = 0
    for depth in range(length):
        side = address >> (127 - depth) & 1
        if depth == length - 1:
            leaves[node, side] = country
            return
        child = tree[node][side]
        if child is None:
            child = tree[node][side] = len(tree)
            tree.append([None, None])
        node = child


def _encode(value: Any) -> bytes:
    if isinstance(value, str):
        return _head(TEXT, len(value.encode())) + value.encode()
    if isinstance(value, Mapping):
        body = b"".join(_encode(each) for pair in value.items() for each in pair)
        return _head(MAP, len(value)) + body
    if isinstance(value, list):
        return _head(ARRAY, len(value)) + b"".join(map(_encode, value))
    size = (value.bit_length() + 7) // 8
    return _head(UINT32 if size <= 4 else UINT64, size) + int(value).to_bytes(size, "big")


def _head(kind: int, size: int) -> bytes:
    if size >= LONGEST:
        message = f"{size} is too long for this writer, which takes up to {LONGEST - 1}"
        raise ValueError(message)
    if kind < FIRST_EXTENDED:
        return bytes([kind << 5 | size])
    return bytes([size, kind - 7])
