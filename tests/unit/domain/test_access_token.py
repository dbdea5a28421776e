"""Access tokens against the attacks of RFC 8725."""

import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import get_default_algorithms

from service.domain.access_token import CACHED_CLAIMS, MAX_LENGTH, AccessTokens, Claims
from service.domain.errors import TokenExpiredError, TokenInvalidError
from service.domain.ids import decode, encode, make_id
from service.domain.refresh_token import RefreshToken, RefreshTokenCodec
from service.domain.signing_key import ALGORITHMS, SigningKey

NOW = 1_800_000_000
KEYS = {algorithm: SigningKey.generate(algorithm) for algorithm in ALGORITHMS}
KEY = KEYS["ES256"]
CLAIMS = Claims(
    user_id="7d0c7a4e-0000-4000-8000-000000000000",
    session_id=make_id(3, bytes(range(16))),
    generation=7,
    auth_time=NOW - 60,
    expires=NOW + 900,
    amr=("pwd", "otp", "mfa"),
    roles=("auditor",),
)
HEADER = {"typ": "at+jwt", "alg": "ES256", "kid": KEY.kid}
PAYLOAD = {
    "iss": "https://auth.example",
    "aud": "inphora",
    "sub": CLAIMS.user_id,
    "client_id": "inphora",
    "iat": NOW,
    "exp": NOW + 900,
    "jti": "AAAA",
    "sid": CLAIMS.session_id,
    "gen": 7,
    "auth_time": NOW - 60,
    "amr": ["pwd"],
    "roles": [],
}


def issuer(*keys: SigningKey) -> AccessTokens:
    """A service with these keys, ES256 unless others are given."""
    return AccessTokens(
        keys=keys or (KEY,),
        issuer="https://auth.example",
        audience="inphora",
        ttl=timedelta(minutes=15),
        randomness=bytes,
    )


def raw(part: str) -> bytes:
    """The bytes of a part of a token."""
    decoded = decode(part)
    assert decoded is not None
    return decoded


def segment(value: Mapping[str, object] | bytes) -> str:
    """A part of a token: JSON, or any bytes."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return encode(raw)


def signed(
    header: Mapping[str, object] | bytes = HEADER,
    payload: Mapping[str, object] | bytes = PAYLOAD,
    *,
    key: SigningKey = KEY,
) -> str:
    """A token that a holder of the key signed over whatever it says."""
    signing_input = f"{segment(header)}.{segment(payload)}"
    signature = get_default_algorithms()[key.algorithm].sign(
        signing_input.encode(), key.private_key
    )
    return f"{signing_input}.{encode(signature)}"


def keyed(header: dict[str, str], secret: bytes) -> str:
    """A token with an HMAC for a signature."""
    signing_input = f"{segment(header)}.{segment(PAYLOAD)}"
    return f"{signing_input}.{encode(hmac.digest(secret, signing_input.encode(), 'sha256'))}"


def public_pem(form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> bytes:
    return KEY.private_key.public_key().public_bytes(Encoding.PEM, form)


def refused(token: str, *, now: float = NOW) -> None:
    with pytest.raises(TokenInvalidError):
        issuer().verify(token, now=now)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_signs_what_it_verifies(algorithm: str) -> None:
    """A token says to its reader what its writer meant, and names type and key (RFC 9068 §2.1)."""
    tokens = issuer(KEYS[algorithm])
    text = tokens.sign(CLAIMS, issued=NOW)
    header = json.loads(raw(text.split(".")[0]))

    assert tokens.verify(text, now=NOW) == CLAIMS
    assert header == {"typ": "at+jwt", "alg": algorithm, "kid": KEYS[algorithm].kid}


def test_a_token_carries_the_claims_of_rfc_9068() -> None:
    """iss, aud, sub, client_id, iat, exp, jti and ours; the jti is fresh randomness."""
    text = issuer().sign(CLAIMS, issued=NOW)
    payload = json.loads(raw(text.split(".")[1]))

    assert payload == {
        **PAYLOAD,
        "jti": encode(bytes(16)),
        "amr": ["pwd", "otp", "mfa"],
        "roles": ["auditor"],
    }


def test_the_forger_used_here_can_forge() -> None:
    """A token built by hand is accepted, so that what is refused below is refused for its fault."""
    assert issuer().verify(signed(), now=NOW).session_id == CLAIMS.session_id


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"alg": "none"}, id="the algorithm is none"),
        pytest.param({"alg": "nOnE"}, id="the algorithm is none in odd letters"),
        pytest.param({"alg": ""}, id="the algorithm is empty"),
        pytest.param({"alg": None}, id="the algorithm is null"),
        pytest.param({"alg": ["ES256"]}, id="the algorithm is a list"),
        pytest.param({"alg": "HS256"}, id="the algorithm is symmetric"),
        pytest.param({"alg": "RS256"}, id="the algorithm is that of another kind of key"),
        pytest.param({"alg": "ES384"}, id="the algorithm is a stronger sister"),
        pytest.param({"typ": "JWT"}, id="the type is that of an ID token"),
        pytest.param({"typ": "AT+JWT"}, id="the type is spelled in capitals"),
        pytest.param({"typ": "application/at+jwt"}, id="the type is spelled as a media type"),
        pytest.param({"typ": "logout+jwt"}, id="the type is that of a logout token"),
        pytest.param({"typ": None}, id="the type is null"),
        pytest.param({"jku": "https://evil.example/jwks"}, id="a jku says where keys are"),
        pytest.param({"x5u": "https://evil.example/cert"}, id="an x5u says where a chain is"),
        pytest.param({"x5c": ["MII"]}, id="an x5c brings its own chain"),
        pytest.param({"jwk": dict(KEY.public_jwk)}, id="a jwk brings its own key"),
        pytest.param({"crit": ["exp"]}, id="a crit names an extension"),
        pytest.param({"crit": []}, id="a crit is empty"),
        pytest.param({"b64": False}, id="the payload claims to be detached"),
        pytest.param({"zip": "DEF"}, id="the payload claims to be compressed"),
        pytest.param({"cty": "JWT"}, id="the payload claims to be another token"),
        pytest.param({"unknown": 1}, id="the header has a member that we never write"),
        pytest.param({"kid": "../../../../dev/null"}, id="the kid is a path"),
        pytest.param({"kid": "' OR 1=1 --"}, id="the kid is SQL"),
        pytest.param({"kid": "| cat /etc/passwd"}, id="the kid is a command"),
        pytest.param({"kid": "k" * 2000}, id="the kid is very long"),
        pytest.param({"kid": ""}, id="the kid is empty"),
        pytest.param({"kid": None}, id="the kid is null"),
        pytest.param({"kid": 0}, id="the kid is a number"),
        pytest.param({"kid": True}, id="the kid is a boolean"),
        pytest.param({"kid": [KEY.kid]}, id="the kid is a list"),
        pytest.param({"kid": {"kid": KEY.kid}}, id="the kid is an object"),
        pytest.param({"kid": KEY.kid + "\0"}, id="the kid ends in a NUL"),
        pytest.param({"kid": KEY.kid.swapcase()}, id="the kid is in other letters"),
    ],
)
def test_a_header_that_we_never_write_is_refused(changes: dict[str, Any]) -> None:
    """Whoever signed: algorithm, type and key id are exactly ours and nothing else is there."""
    refused(signed({**HEADER, **changes}))


@pytest.mark.parametrize("missing", HEADER)
def test_a_header_without_one_of_its_members_is_refused(missing: str) -> None:
    """alg, typ and kid are all needed (RFC 8725 §3.1, §3.11)."""
    refused(signed({name: value for name, value in HEADER.items() if name != missing}))


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="half an object"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'"ES256"', id="a string"),
        pytest.param(b"null", id="null"),
        pytest.param(b"\xff\xfe\xfd", id="no UTF-8"),
        pytest.param(b"[" * 2900, id="lists nested deeper than the parser goes"),
        pytest.param(b'{"a":' * 580, id="objects nested deeper than the parser goes"),
        pytest.param(b"9" * 2900, id="a number of thousands of digits"),
        pytest.param(b"NaN", id="not a number"),
    ],
)
def test_a_header_that_is_no_json_object_is_refused(raw: bytes) -> None:
    """It is a refusal like any other, never an accident of the parser."""
    refused(signed(raw))
    refused(f"{encode(raw)}.{segment(PAYLOAD)}.")


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param(public_pem(), id="the public key in PEM"),
        pytest.param(public_pem().strip(), id="the public key in PEM without its last line break"),
        pytest.param(json.dumps(dict(KEY.public_jwk)).encode(), id="the public key as a JWK"),
        pytest.param(KEY.kid.encode(), id="the key id"),
        pytest.param(b"", id="nothing"),
    ],
)
@pytest.mark.parametrize("algorithm", ["HS256", "ES256"])
def test_what_everybody_knows_is_no_hmac_key(secret: bytes, algorithm: str) -> None:
    """The algorithm belongs to the key: a public key never verifies an HMAC (RFC 8725 §2.1)."""
    refused(keyed({**HEADER, "alg": algorithm}, secret))


@pytest.mark.parametrize("signature", ["", encode(bytes(64)), encode(bytes(63)), encode(b"x")])
def test_no_signature_but_the_right_one(signature: str) -> None:
    """An empty, a zero (CVE-2022-21449) and a short signature are refused."""
    body = signed().rpartition(".")[0]
    refused(f"{body}.{signature}")


def test_a_token_signed_by_another_key_is_refused() -> None:
    """Even when it names ours."""
    other = SigningKey.generate("ES256")
    refused(signed(key=other))
    refused(signed({**HEADER, "kid": other.kid}, key=other))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"iss": "https://other.example"}, id="another issuer"),
        pytest.param({"iss": "https://auth.example/"}, id="an issuer that is nearly ours"),
        pytest.param({"iss": ["https://auth.example"]}, id="a list of issuers"),
        pytest.param({"iss": None}, id="no issuer"),
        pytest.param({"aud": "other"}, id="another audience"),
        pytest.param({"aud": "Inphora"}, id="our audience in other letters"),
        pytest.param({"aud": ["inphora"]}, id="a list of audiences"),
        pytest.param({"aud": ["inphora", "other"]}, id="several audiences"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"sub": 7}, id="a subject that is a number"),
        pytest.param({"sub": None}, id="no subject"),
        pytest.param({"sid": 7}, id="a session that is a number"),
        pytest.param({"sid": [CLAIMS.session_id]}, id="a list of sessions"),
        pytest.param({"gen": "7"}, id="a generation that is a string"),
        pytest.param({"gen": 7.0}, id="a generation that is a float"),
        pytest.param({"gen": True}, id="a generation that is a boolean"),
        pytest.param({"exp": str(NOW + 900)}, id="an expiry that is a string"),
        pytest.param({"exp": NOW + 900.5}, id="an expiry that is a float"),
        pytest.param({"exp": float("inf")}, id="an expiry that is infinite"),
        pytest.param({"exp": float("nan")}, id="an expiry that is not a number"),
        pytest.param({"exp": True}, id="an expiry that is a boolean"),
        pytest.param({"exp": None}, id="no expiry"),
        pytest.param({"exp": [NOW + 900]}, id="a list of expiries"),
        pytest.param({"nbf": NOW + 1}, id="a token for later"),
        pytest.param({"nbf": "0"}, id="a not-before that is a string"),
        pytest.param({"auth_time": "0"}, id="a time of sign-in that is a string"),
        pytest.param({"auth_time": float("inf")}, id="a time of sign-in that is infinite"),
        pytest.param({"amr": "pwd"}, id="a method that is no list"),
        pytest.param({"amr": {"pwd": 1}}, id="methods that are an object"),
        pytest.param({"amr": [1]}, id="a method that is a number"),
        pytest.param({"roles": "admin"}, id="a role that is no list"),
        pytest.param({"roles": [["admin"]]}, id="a role that is a list"),
    ],
)
def test_a_claim_that_we_never_write_is_refused(changes: dict[str, Any]) -> None:
    """Whoever signed: claims are of the one type and value that they can have."""
    refused(signed(payload={**PAYLOAD, **changes}))


@pytest.mark.parametrize(
    "missing", ["iss", "aud", "sub", "client_id", "iat", "exp", "jti", "sid", "gen"]
)
def test_a_token_without_a_required_claim_is_refused(missing: str) -> None:
    """What RFC 9068 §2.2 requires, and what ours need."""
    payload = {name: value for name, value in PAYLOAD.items() if name != missing}
    refused(signed(payload=payload))


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"\xff", id="no UTF-8"),
        pytest.param(b"[" * 2000, id="nested deeper than the parser goes"),
        pytest.param(b'{"exp":' + b"9" * 2000 + b"}", id="little but a huge expiry"),
    ],
)
def test_a_payload_that_is_no_json_object_is_refused(payload: bytes) -> None:
    """Also when the signature is right."""
    refused(signed(payload=payload))


def test_a_huge_expiry_of_the_right_type_is_only_late() -> None:
    """Numbers have no end here, and nothing overflows."""
    claims = issuer().verify(signed(payload={**PAYLOAD, "exp": 10**30}), now=NOW)

    assert claims.expires == 10**30


@pytest.mark.parametrize("first_seen", [NOW, None], ids=["after a use", "at its first use"])
def test_a_token_ends_exactly_at_its_expiry(first_seen: int | None) -> None:
    """Good until the second before, expired on the second (RFC 7519 §4.1.4), cached or not."""
    tokens, text = issuer(), signed()
    if first_seen is not None:
        tokens.verify(text, now=first_seen)
        assert tokens.verify(text, now=NOW + 899.999) is not None
    for late in (NOW + 900, NOW + 10**9):
        with pytest.raises(TokenExpiredError):
            tokens.verify(text, now=late)


def test_an_issue_time_ahead_of_this_clock_is_no_fault() -> None:
    """Nodes' clocks differ by a second: a token made elsewhere works here at once."""
    text = issuer().sign(CLAIMS, issued=NOW + 5)

    assert issuer().verify(text, now=NOW) == CLAIMS


TOKEN = signed()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(".", id="one dot"),
        pytest.param("..", id="two dots"),
        pytest.param(TOKEN + ".", id="a part too many"),
        pytest.param(TOKEN.rpartition(".")[0], id="a part too few"),
        pytest.param(TOKEN[:-1], id="cut by a character"),
        pytest.param(TOKEN[: len(TOKEN) // 2], id="cut in half"),
        pytest.param(TOKEN + "=", id="padded"),
        pytest.param(TOKEN + "==", id="padded twice"),
        pytest.param(TOKEN + "\n", id="with a line break behind"),
        pytest.param(" " + TOKEN, id="with a space in front"),
        pytest.param(TOKEN + "é", id="with a letter that is not ASCII"),
        pytest.param(TOKEN + "\udcff", id="with a byte that is no text"),
        pytest.param("\0" + TOKEN, id="with a NUL in front"),
        pytest.param(TOKEN.replace(".", "\N{FULLWIDTH FULL STOP}"), id="with full-width dots"),
        pytest.param(TOKEN.replace("-", "+").replace("_", "/") + "+", id="in plain base64"),
        pytest.param(f"{TOKEN}.{TOKEN}", id="twice"),
        pytest.param("e" * 1_000_000, id="a megabyte"),
        pytest.param(TOKEN + "A" * 1_000_000, id="a megabyte behind a good one"),
        pytest.param("." * 4000, id="nothing but dots"),
    ],
)
def test_a_text_that_is_no_token_is_refused(text: str) -> None:
    """Nothing may be missing, added or spelled in another way."""
    refused(text)


def test_the_longest_text_that_is_looked_at() -> None:
    """A token over the limit is refused unread, whatever it says."""
    room = MAX_LENGTH - len(signed())
    padded = {**PAYLOAD, "amr": ["x" * (room * 3 // 4)]}
    assert len(signed(payload=padded)) <= MAX_LENGTH
    assert issuer().verify(signed(payload=padded), now=NOW) is not None
    refused(signed(payload={**PAYLOAD, "amr": ["x" * room]}))


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_token_with_any_bits_changed_is_refused(place: int, change: int) -> None:
    """No character of a token can be replaced by another."""
    good = signed(key=KEY)
    place %= len(good)
    other = chr(ord(good[place]) ^ change)
    refused(good[:place] + other + good[place + 1 :])


@given(st.text(max_size=200))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    """Whatever a client sends is refused by TokenInvalidError and nothing else."""
    refused(text)


def test_tokens_are_not_interchangeable() -> None:
    """An access, a refresh and a challenge token are good for their own use only (ASVS 9.2.2)."""
    codec = RefreshTokenCodec([bytes(32)])
    refresh = codec.write(RefreshToken(CLAIMS.session_id, 7))
    challenge = "mfa_" + make_id(3, bytes(16))
    refused(refresh)
    refused(challenge)
    refused(CLAIMS.session_id)


def test_a_verified_token_is_remembered_only_while_its_key_is() -> None:
    """When a key is withdrawn, what it signed is refused at once, also what was verified before."""
    tokens, text = issuer(), signed()
    tokens.verify(text, now=NOW)
    tokens.replace_keys([SigningKey.generate("ES256")])
    with pytest.raises(TokenInvalidError):
        tokens.verify(text, now=NOW)


def test_a_key_that_signs_no_more_still_verifies() -> None:
    """During an overlap of keys the first signs and any verifies."""
    old, new = KEYS["RS256"], KEYS["EdDSA"]
    tokens = issuer(old)
    text = tokens.sign(CLAIMS, issued=NOW)
    tokens.replace_keys([new, old])

    assert tokens.verify(text, now=NOW) == CLAIMS
    assert json.loads(raw(tokens.sign(CLAIMS, issued=NOW).split(".")[0]))["kid"] == new.kid


def test_refusals_are_not_remembered_and_memory_is_bounded() -> None:
    """A flood of bad tokens leaves nothing behind; good ones are forgotten in time."""
    tokens = issuer()
    with pytest.raises(TokenInvalidError):
        tokens.verify("x", now=NOW)
    assert tokens._verified == {}

    tokens._verified.update({i.to_bytes(32): CLAIMS for i in range(CACHED_CLAIMS)})
    tokens.verify(signed(), now=NOW)

    assert len(tokens._verified) == 1


def test_an_expired_token_is_forgotten() -> None:
    """The memory of verified tokens holds none that has expired and was asked for."""
    tokens, text = issuer(), signed()
    tokens.verify(text, now=NOW)
    with pytest.raises(TokenExpiredError):
        tokens.verify(text, now=NOW + 900)

    assert tokens._verified == {}


def test_the_jwks_has_public_members_only() -> None:
    """RFC 7517: kty, kid, alg, use and the public numbers; a kid is used once."""
    jwks = issuer(*KEYS.values()).jwks()["keys"]
    members = [set(key) - {"kid", "alg", "use"} for key in jwks]

    assert members == [{"kty", "crv", "x", "y"}, {"kty", "crv", "x"}, {"kty", "n", "e"}]
    assert len({key["kid"] for key in jwks}) == len(jwks)
    assert {key["use"] for key in jwks} == {"sig"}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_the_jwks_says_is_enough_to_verify(algorithm: str) -> None:
    """Another service, with nothing but the JWKS, verifies our tokens."""
    tokens = issuer(KEYS[algorithm])
    (jwk,) = tokens.jwks()["keys"]
    rules = get_default_algorithms()[jwk["alg"]]
    signing_input, _, signature = tokens.sign(CLAIMS, issued=NOW).rpartition(".")

    assert rules.verify(signing_input.encode(), rules.from_jwk(json.dumps(jwk)), raw(signature))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_stored_key_is_the_same_key(algorithm: str) -> None:
    """`from_der` undoes `to_der`, key id included."""
    key = KEYS[algorithm]
    again = SigningKey.from_der(algorithm, key.to_der())

    assert (again.kid, again.public_jwk) == (key.kid, key.public_jwk)


def test_a_key_id_is_the_thumbprint_of_rfc_7638() -> None:
    """The example of RFC 8037 App. A.3 gives its thumbprint."""
    der = bytes.fromhex("302e020100300506032b657004220420") + raw(
        "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
    )

    assert SigningKey.from_der("EdDSA", der).kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_only_a_key_that_can_sign_is_loaded() -> None:
    """A stored key of another kind is refused with its kind, before anything is signed."""
    x25519 = bytes.fromhex("302e020100300506032b656e04220420") + bytes(32)
    with pytest.raises(TypeError, match="X25519"):
        SigningKey.from_der("EdDSA", x25519)


def test_claims_survive_any_text() -> None:
    """Names and roles of any script come back as they were."""
    claims = CLAIMS._replace(user_id="Ünï-😀", roles=("審計",))
    tokens = issuer()

    assert tokens.verify(tokens.sign(claims, issued=NOW), now=NOW) == claims
