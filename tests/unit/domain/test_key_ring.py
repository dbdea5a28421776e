"""Which key signs, and which are published, by the clock alone."""

from datetime import timedelta
from typing import Any

import pytest

from service.domain.key_ring import (
    JWKS_CACHED,
    LEAD,
    MARGIN,
    RELOADED_EVERY,
    KeyState,
    RingKey,
    arranged,
    tail,
)
from service.domain.signing_key import ALGORITHMS, KINDS, SigningKey, VerifyingKey

OLD, NEW = SigningKey.generate("ES256"), SigningKey.generate("EdDSA")
RING = (
    RingKey(key=OLD, created_ms=0, signs_from_ms=0, retired_ms=200, published_until_ms=300),
    RingKey(key=NEW, created_ms=100, signs_from_ms=200),
)


@pytest.mark.parametrize(
    ("now_ms", "published", "states"),
    [
        (-5, [OLD, NEW], ("next", "next")),
        (100, [OLD, NEW], ("current", "next")),
        (199, [OLD, NEW], ("current", "next")),
        (200, [NEW, OLD], ("retiring", "current")),
        (299, [NEW, OLD], ("retiring", "current")),
        (300, [NEW], ("retired", "current")),
    ],
)
def test_a_rotation_by_the_clock(
    now_ms: int, published: list[SigningKey], states: tuple[str, str]
) -> None:
    """Published before it signs, published until its last token ended; always just one that signs."""
    assert [key.kid for key in arranged(RING, now_ms)] == [key.kid for key in published]
    assert tuple(key.state(now_ms) for key in RING) == tuple(map(KeyState, states))


def test_one_whose_private_half_is_gone_never_signs() -> None:
    """Between two that cannot, and with none that can."""
    public = VerifyingKey.from_public_der("ES256", OLD.to_public_der())
    old = RingKey(key=public, created_ms=0, signs_from_ms=0, retired_ms=200, published_until_ms=300)

    assert arranged([old, RING[1]], 250) == [NEW, public]
    assert arranged([old], 100) == []
    assert arranged([], 100) == []


def test_a_new_key_is_known_everywhere_before_it_signs() -> None:
    """Published ≥ JWKS cache time + reload interval before it signs, and a cache behind a cache."""
    assert LEAD >= JWKS_CACHED + RELOADED_EVERY
    assert LEAD >= 2 * JWKS_CACHED + RELOADED_EVERY
    assert tail(timedelta(minutes=15)) >= timedelta(minutes=15) + RELOADED_EVERY
    assert MARGIN > RELOADED_EVERY


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_public_key_comes_back_as_it_went(algorithm: str) -> None:
    """By DER, as the table has it, and by JWK, as a JWKS has it; the same name each way."""
    key = SigningKey.generate(algorithm)

    by_der = VerifyingKey.from_public_der(algorithm, key.to_public_der())
    by_jwk = VerifyingKey.from_jwk(key.public_jwk)
    assert by_der.kid == by_jwk.kid == key.kid
    assert by_der.public_jwk == by_jwk.public_jwk == key.public_jwk


EC = dict(SigningKey.generate("ES256").public_jwk)


@pytest.mark.parametrize(
    "jwk",
    [
        pytest.param({"kty": "oct", "k": "AAAA", "alg": "HS256", "kid": "a"}, id="a shared secret"),
        pytest.param({**EC, "alg": "none"}, id="none"),
        pytest.param({**EC, "alg": "RS256"}, id="of another kind than its algorithm"),
        pytest.param({**EC, "crv": "P-384"}, id="another curve"),
        pytest.param({**EC, "use": "enc"}, id="for encryption"),
        pytest.param({**EC, "d": "AAAA"}, id="with its private member"),
        pytest.param({**EC, "kid": 7}, id="without a name"),
        pytest.param({**EC, "x": "AAAA"}, id="no point"),
        pytest.param({key: EC[key] for key in EC if key != "alg"}, id="for any algorithm"),
        pytest.param({}, id="nothing"),
    ],
)
def test_a_jwk_that_is_not_for_verifying_is_refused(jwk: dict[str, Any]) -> None:
    """RFC 8725 §3.1, §3.2: the algorithm is fixed per key, and is one of ours."""
    with pytest.raises(ValueError, match=r"."):
        VerifyingKey.from_jwk(jwk)


def test_every_algorithm_says_what_its_jwks_are() -> None:
    assert KINDS.keys() == ALGORITHMS.keys()
