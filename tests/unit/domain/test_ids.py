"""Identifiers: where they live is in them, and each has one spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.ids import decode, encode, make_id, partition_in

ID = make_id(5, bytes(range(16)))


@given(st.integers(0, 255), st.binary(min_size=16, max_size=16))
def test_an_id_names_its_partition(partition: int, randomness: bytes) -> None:
    """Whoever holds an id knows the partition, if there are so many."""
    identifier = make_id(partition, randomness)

    assert len(identifier) == 23
    assert partition_in(identifier, partitions=256) == partition
    assert partition_in(identifier, partitions=partition) is None
    assert decode(identifier) == bytes([partition]) + randomness


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(ID[:-1], id="cut"),
        pytest.param(ID + "A", id="longer by a letter"),
        pytest.param(ID + "=", id="padded"),
        pytest.param(ID[:-1] + "=", id="ending in padding"),
        pytest.param(ID[:-1] + chr(ord(ID[-1]) + 1), id="with spare bits set"),
        pytest.param(ID[:-1] + "\n", id="with a line break"),
        pytest.param(ID[:-1] + "\0", id="with a NUL"),
        pytest.param(ID[:-1] + "é", id="with a letter outside ASCII"),
        pytest.param(ID[:-1] + "\ud800", id="with half a surrogate pair"),
        pytest.param(ID[:-1] + "+", id="in the other alphabet of base64"),
        pytest.param("../../../../etc/passwd."[:23], id="a path"),
        pytest.param("*" * 23, id="a pattern"),
        pytest.param("A" * 1_000_000, id="very long"),
        pytest.param(make_id(16, bytes(16)), id="of a partition that does not exist"),
    ],
)
def test_what_no_make_id_wrote_has_no_partition(text: str) -> None:
    """So no key is ever made of a client's text."""
    assert partition_in(ID, partitions=16) == 5
    assert partition_in(text, partitions=16) is None


@given(st.binary(max_size=64))
def test_decoding_undoes_encoding(raw: bytes) -> None:
    """Base64url without padding, in letters that need no escape anywhere."""
    text = encode(raw)

    assert decode(text) == raw
    assert not set(text) & set("+/=")


@given(st.text(max_size=40))
def test_one_value_has_one_spelling(text: str) -> None:
    """What decodes is exactly what encoding gives; anything else is None."""
    raw = decode(text)

    assert raw is None or encode(raw) == text
