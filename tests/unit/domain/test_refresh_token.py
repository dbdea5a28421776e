"""The refresh token's text: what was written is read, and nothing else is."""

import hmac
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.errors import RefreshTokenInvalidError
from service.domain.ids import decode, encode, make_id
from service.domain.refresh_token import MAX_GENERATION, RefreshToken, RefreshTokenCodec

CURRENT, PREVIOUS, STRANGE = (bytes([n]) * 32 for n in (1, 2, 3))
CODEC = RefreshTokenCodec([CURRENT])
TOKEN = RefreshToken(make_id(7, bytes(range(16))), 42)
TEXT = CODEC.write(TOKEN)
RAW = decode(TEXT.removeprefix("rt_")) or b""

tokens = st.builds(
    RefreshToken,
    st.builds(make_id, st.integers(0, 255), st.binary(min_size=16, max_size=16)),
    st.integers(0, MAX_GENERATION),
)


def refused(text: str, codec: RefreshTokenCodec = CODEC) -> None:
    with pytest.raises(RefreshTokenInvalidError):
        codec.read(text)


def crafted(claim: bytes | Any, key: bytes = CURRENT) -> str:
    """A token with the right MAC over any claim."""
    return "rt_" + encode(claim + hmac.digest(key, claim, "sha256")[:16])


@given(tokens)
def test_what_is_written_is_read(token: RefreshToken) -> None:
    """Every session and generation survives the round trip, in 55 characters safe in a URL."""
    text = CODEC.write(token)

    assert CODEC.read(text) == token
    assert len(text) == 55
    assert text.replace("-", "").replace("_", "").isalnum()


@given(tokens, tokens)
def test_one_token_has_one_text(one: RefreshToken, other: RefreshToken) -> None:
    """A successor can be derived again; two tokens never share a text."""
    assert (CODEC.write(one) == CODEC.write(other)) is (one == other)


@given(st.text(max_size=80))
def test_no_text_is_a_token_unless_it_was_written(text: str) -> None:
    """Whatever a client sends is refused by RefreshTokenInvalidError and nothing else."""
    refused(text)
    refused("rt_" + text)


@given(st.binary(min_size=39, max_size=39))
def test_no_bytes_of_the_right_length_are_a_token(raw: bytes) -> None:
    """The MAC stands between anybody's 39 bytes and a session."""
    refused("rt_" + encode(raw))


@given(st.integers(0, 39 * 8 - 1))
def test_a_token_with_one_bit_flipped_is_refused(bit: int) -> None:
    """Version, session, generation and MAC are all covered."""
    raw = bytearray(RAW)
    raw[bit // 8] ^= 1 << bit % 8
    refused("rt_" + encode(bytes(raw)))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("rt_", id="nothing but the prefix"),
        pytest.param(TEXT.removeprefix("rt_"), id="without its prefix"),
        pytest.param("rt_" + TEXT, id="with its prefix twice"),
        pytest.param("RT_" + TEXT.removeprefix("rt_"), id="with its prefix in capitals"),
        pytest.param(TEXT + "=", id="padded"),
        pytest.param(TEXT + "\n", id="with a line break behind"),
        pytest.param(" " + TEXT, id="with a space in front"),
        pytest.param(TEXT + "A", id="longer by a character"),
        pytest.param(TEXT + "AAAA", id="longer by three bytes"),
        pytest.param(TEXT[:-1], id="shorter by a character"),
        pytest.param(TEXT[:-4], id="shorter by three bytes"),
        pytest.param(TEXT[:20] + "\n" + TEXT[20:], id="with a line break inside"),
        pytest.param(TEXT[:20] + "!" + TEXT[20:], id="with a letter outside the alphabet"),
        pytest.param(TEXT[:-1] + "é", id="with a letter outside ASCII"),
        pytest.param(TEXT[:-1] + "\ud800", id="with half a surrogate pair"),
        pytest.param(TEXT[:-1] + "\0", id="with a NUL"),
        pytest.param(TEXT * 10_000, id="very long"),
        pytest.param(TEXT.swapcase(), id="in other letters"),
    ],
)
def test_no_other_spelling_is_read(text: str) -> None:
    """One token has one spelling, so that no log, cache or rate limit sees two."""
    refused(text)


def test_plain_base64_is_not_read() -> None:
    """The other alphabet of RFC 4648 is another spelling."""
    token = next(
        t for g in range(1000) if "-" in (t := CODEC.write(RefreshToken(TOKEN.session_id, g)))[3:]
    )
    refused("rt_" + token.removeprefix("rt_").replace("-", "+").replace("_", "/"))


def test_the_previous_key_is_still_accepted() -> None:
    """SECRET_KEY can be changed without a sign-out: the old key reads, the new one writes."""
    rotated = RefreshTokenCodec([PREVIOUS, CURRENT])

    assert rotated.read(TEXT) == TOKEN
    assert rotated.write(TOKEN) == RefreshTokenCodec([PREVIOUS]).write(TOKEN) != TEXT


def test_another_service_s_token_is_refused() -> None:
    """A key that is not ours, or is no longer, gives nothing."""
    refused(RefreshTokenCodec([STRANGE]).write(TOKEN))
    refused(TEXT, RefreshTokenCodec([PREVIOUS, STRANGE]))


def test_the_crafting_used_here_can_craft() -> None:
    """A token built by hand is read, so that what is refused below is refused for its version."""
    claim = RAW[:-16]

    assert CODEC.read(crafted(claim)) == TOKEN


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_is_refused(version: int) -> None:
    """Also when its MAC is right: what it would mean is not known here."""
    claim = RAW[1:-16]
    refused(crafted(bytes([version]) + claim))


def test_a_full_length_mac_does_not_make_it_longer() -> None:
    """Lengths are exact."""
    claim = RAW[:-16]
    refused("rt_" + encode(claim + hmac.digest(CURRENT, claim, "sha256")))
    refused("rt_" + encode(claim))


@pytest.mark.parametrize(
    "session_id",
    [
        pytest.param("", id="empty"),
        pytest.param("no session", id="no base64"),
        pytest.param(TOKEN.session_id[:-1], id="cut"),
        pytest.param(encode(bytes(16)), id="a byte short"),
        pytest.param(encode(bytes(18)), id="a byte long"),
        pytest.param(urlsafe_b64encode(bytes(17)).decode(), id="padded"),
    ],
)
def test_nothing_but_a_session_id_can_be_written(session_id: str) -> None:
    """A caller's mistake is a ValueError, never a token of something else."""
    with pytest.raises(ValueError, match="not a session id"):
        CODEC.write(RefreshToken(session_id, 1))


@pytest.mark.parametrize("generation", [-1, MAX_GENERATION + 1])
def test_a_generation_outside_its_five_bytes_is_not_written(generation: int) -> None:
    """A trillion refreshes are enough; one more is an error, never a generation 0."""
    with pytest.raises(OverflowError):
        CODEC.write(RefreshToken(TOKEN.session_id, generation))
