"""Sealing at rest, and keys that stay apart."""

import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from service.domain.secrets import SealBrokenError, Sealer, derive_key

CURRENT, PREVIOUS = derive_key("c" * 32, "at rest"), derive_key("p" * 32, "at rest")
SEALER = Sealer([CURRENT], os.urandom)
SEALED = SEALER.seal(b"a secret", context="totp/one")


def test_a_derived_key_never_changes() -> None:
    """What was sealed by an older release can be opened: the derivation is pinned."""
    assert derive_key("k" * 40, "at rest").hex() == (
        "93e0369a3c9653cd518e6d152d7c72800f599a08f9d8627db68c98fc67e9a7ee"
    )


def test_every_purpose_and_every_secret_has_its_own_key() -> None:
    """One key leaked says nothing about the others (RFC 5869)."""
    keys = {derive_key(secret, use) for secret in ("a" * 32, "b" * 32) for use in ("x", "y")}

    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}


@given(st.binary(max_size=200), st.text(st.characters(codec="utf-8"), max_size=40))
def test_what_is_sealed_can_be_opened(plain: bytes, context: str) -> None:
    """With the same context, and only with bytes that do not show it."""
    sealed = SEALER.seal(plain, context=context)

    assert SEALER.open(sealed, context=context) == plain
    assert len(sealed) == len(plain) + 4 + 12 + 16


def test_two_seals_of_one_value_differ() -> None:
    """Each has a nonce of its own, so equal secrets do not look equal."""
    assert SEALER.seal(b"same", context="c") != SEALER.seal(b"same", context="c")


def test_a_nonce_is_96_fresh_bits() -> None:
    """NIST SP 800-38D §8.2.2."""
    asked = []

    def zeros(count: int) -> bytes:
        asked.append(count)
        return bytes(count)

    sealed = Sealer([CURRENT], zeros).seal(b"x", context="c")

    assert asked == [12]
    assert sealed[16:] == AESGCM(CURRENT).encrypt(bytes(12), b"x", b"c")


@pytest.mark.parametrize(
    "context",
    [
        pytest.param("totp/two", id="of another person"),
        pytest.param("key/one", id="of another kind"),
        pytest.param("", id="of nothing"),
        pytest.param("totp/one ", id="nearly the same"),
    ],
)
def test_a_value_moved_elsewhere_does_not_open(context: str) -> None:
    """Whoever can write the table can't give one person the secret of another."""
    with pytest.raises(SealBrokenError):
        SEALER.open(SEALED, context=context)


@given(st.integers(0, len(SEALED) * 8 - 1))
def test_a_value_with_a_bit_flipped_does_not_open(bit: int) -> None:
    """Key id, nonce, ciphertext and tag are all covered."""
    raw = bytearray(SEALED)
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBrokenError):
        SEALER.open(bytes(raw), context="totp/one")


@pytest.mark.parametrize("length", [*range(33), len(SEALED) - 1])
def test_a_value_cut_short_does_not_open(length: int) -> None:
    """Also when nothing is left of it: the error is the one that operators know."""
    with pytest.raises(SealBrokenError):
        SEALER.open(SEALED[: min(length, len(SEALED) - 1)], context="totp/one")


def test_the_previous_key_opens_and_the_current_one_seals() -> None:
    """SECRET_KEY can be changed while old values are still there."""
    old = Sealer([PREVIOUS], os.urandom).seal(b"old", context="c")
    rotated = Sealer([CURRENT, PREVIOUS], os.urandom)

    assert rotated.open(old, context="c") == b"old"
    assert SEALER.open(rotated.seal(b"new", context="c"), context="c") == b"new"


def test_a_key_that_is_gone_opens_nothing() -> None:
    """The error names the context, never the value."""
    with pytest.raises(SealBrokenError, match="totp/one"):
        Sealer([PREVIOUS], os.urandom).open(SEALED, context="totp/one")
