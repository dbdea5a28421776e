"""The access token: a JWT by RFC 9068, read by the rules of RFC 8725.

The algorithm belongs to the key, not to the token; a header may hold `alg`, `typ` and `kid` and
nothing else, so that no `jku`, `jwk`, `x5u` or `crit` can steer us. Reading does no I/O.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache, partial
from hashlib import sha256
from typing import NamedTuple, TypeVar

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from jwt.algorithms import get_default_algorithms
from jwt.types import Options

from service.domain.errors import TokenExpiredError, TokenInvalidError
from service.domain.ids import encode

TYPE = "at+jwt"
REQUIRED = ["iss", "aud", "sub", "client_id", "iat", "exp", "jti", "sid", "gen"]
OPTIONS: Options = {
    "require": REQUIRED,
    "strict_aud": True,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}
"""Times are checked here, by the clock we are given: PyJWT would read the machine's. `iat` is not:
it may come from a node whose clock is a second ahead."""
MAX_LENGTH = 4096
CACHED_CLAIMS = 10_000

to_json = json.JSONEncoder(separators=(",", ":")).encode

T = TypeVar("T")

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

ALGORITHMS: Mapping[str, Callable[[], PrivateKey]] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair; `kid` is its RFC 7638 thumbprint, so that no two keys share one."""

    kid: str
    algorithm: str
    private_key: PrivateKey
    public_jwk: Mapping[str, str]
    header: str
    """Of every token it signs, encoded."""
    sign: Callable[[bytes], bytes]
    """As RFC 7518 has it; what `jwt.encode` adds to that costs a third of a signature."""

    @classmethod
    def generate(cls, algorithm: str) -> "SigningKey":
        """A new key for one of ALGORITHMS."""
        return _named(algorithm, ALGORITHMS[algorithm]())

    @classmethod
    def from_der(cls, algorithm: str, der: bytes) -> "SigningKey":
        """The inverse of `to_der`."""
        private_key = load_der_private_key(der, password=None)
        if not isinstance(private_key, PrivateKey):
            message = f"not a key for signing: {type(private_key).__name__}"
            raise TypeError(message)
        return _named(algorithm, private_key)

    def to_der(self) -> bytes:
        """PKCS #8, not encrypted: seal it before it goes anywhere."""
        return self.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _named(algorithm: str, private_key: PrivateKey) -> SigningKey:
    jwk = get_default_algorithms()[algorithm].to_jwk(private_key.public_key(), as_dict=True)
    public: dict[str, str] = {
        name: jwk[name] for name in ("crv", "e", "kty", "n", "x", "y") if name in jwk
    }
    canonical = json.dumps(public, separators=(",", ":"), sort_keys=True).encode()
    kid = encode(sha256(canonical).digest())
    header = to_json({"alg": algorithm, "typ": TYPE, "kid": kid})
    return SigningKey(
        kid,
        algorithm,
        private_key,
        {**public, "kid": kid, "alg": algorithm, "use": "sig"},
        encode(header.encode()),
        _signer(algorithm, private_key),
    )


def _signer(algorithm: str, private_key: PrivateKey) -> Callable[[bytes], bytes]:
    """Signs for ES256 by itself: PyJWT takes a quarter longer. By PyJWT for the others."""
    if not isinstance(private_key, ec.EllipticCurvePrivateKey):
        return partial(get_default_algorithms()[algorithm].sign, key=private_key)
    ecdsa, half = ec.ECDSA(SHA256()), private_key.key_size // 8

    def sign(text: bytes) -> bytes:
        r, s = decode_dss_signature(private_key.sign(text, ecdsa))
        return r.to_bytes(half) + s.to_bytes(half)

    return sign


class Claims(NamedTuple):
    """What a verified access token says. Instants are epoch seconds (NumericDate)."""

    user_id: str
    session_id: str
    generation: int
    auth_time: int
    expires: int
    amr: Sequence[str]
    roles: Sequence[str]


@dataclass(slots=True, kw_only=True)
class AccessTokens:
    """Signs with the first key, verifies with any; keys are replaced as a whole.

    Verified claims are remembered by the token's hash until it expires (at most CACHED_CLAIMS of
    them): a signature costs more than everything else about an authenticated request.
    """

    keys: Sequence[SigningKey]
    issuer: str
    audience: str
    ttl: timedelta
    randomness: Callable[[int], bytes]
    _verified: dict[bytes, Claims] = field(default_factory=dict)

    def replace_keys(self, keys: Sequence[SigningKey]) -> None:
        """Use these keys from now on; what others signed is no longer valid."""
        if [key.kid for key in keys] != [key.kid for key in self.keys]:
            self.keys = keys
            self._verified.clear()

    def jwks(self) -> dict[str, list[Mapping[str, str]]]:
        """RFC 7517; public members only."""
        return {"keys": [key.public_jwk for key in self.keys]}

    def sign(self, claims: Claims, *, issued: int) -> str:
        """A token for these claims; `issued` is epoch seconds."""
        key = self.keys[0]
        jti = encode(self.randomness(16))
        # Put together from texts: an encoder of the whole costs as much as everything else here.
        payload = (
            f'{_issued_by(self.issuer, self.audience)},"sub":{to_json(claims.user_id)}'
            f',"iat":{issued},"exp":{claims.expires},"jti":"{jti}"'
            f',"sid":{to_json(claims.session_id)},"gen":{claims.generation}'
            f',"auth_time":{claims.auth_time}{_granted(claims.amr, claims.roles)}'
        )
        signed = f"{key.header}.{encode(payload.encode())}"
        return f"{signed}.{encode(key.sign(signed.encode()))}"

    def verify(self, text: str, *, now: float) -> Claims:
        """The claims of a token of ours. Raises TokenInvalidError or TokenExpiredError."""
        digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
        claims = self._verified.get(digest)
        if claims is None:
            claims = self._read(text, now=now)
            if len(self._verified) >= CACHED_CLAIMS:
                self._verified.clear()
            self._verified[digest] = claims
        if now >= claims.expires:
            self._verified.pop(digest, None)
            raise TokenExpiredError
        return claims

    def _read(self, text: str, *, now: float) -> Claims:
        key = self._key_for(text)
        try:
            payload = jwt.decode(
                text,
                key.private_key.public_key(),
                algorithms=[key.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                options=OPTIONS,
            )
            if now < _exactly(int, payload.get("nbf", 0)):
                raise TokenInvalidError
            return Claims(
                user_id=_exactly(str, payload["sub"]),
                session_id=_exactly(str, payload["sid"]),
                generation=_exactly(int, payload["gen"]),
                auth_time=_exactly(int, payload.get("auth_time", payload["iat"])),
                expires=_exactly(int, payload["exp"]),
                amr=_texts(payload.get("amr", [])),
                roles=_texts(payload.get("roles", [])),
            )
        except (jwt.InvalidTokenError, TypeError) as error:
            raise TokenInvalidError from error

    def _key_for(self, text: str) -> SigningKey:
        """The key a header names, if the header is one that we write."""
        if len(text) > MAX_LENGTH or not text.isascii() or "=" in text:  # PyJWT allows padding
            raise TokenInvalidError
        try:
            header = jwt.get_unverified_header(text)
        except jwt.InvalidTokenError as error:
            raise TokenInvalidError from error
        for key in self.keys:
            if header == {"alg": key.algorithm, "typ": TYPE, "kid": key.kid}:
                return key
        raise TokenInvalidError


@lru_cache(maxsize=8)
def _issued_by(issuer: str, audience: str) -> str:
    claims = to_json({"iss": issuer, "aud": audience, "client_id": audience})
    return claims.removesuffix("}")


@lru_cache(maxsize=256)
def _granted(amr: Sequence[str], roles: Sequence[str]) -> str:
    return "," + to_json({"amr": amr, "roles": roles}).removeprefix("{")


def _exactly(kind: type[T], value: object) -> T:
    if type(value) is not kind:
        message = f"a claim must be of type {kind.__name__}"
        raise TypeError(message)
    return value


def _texts(values: object) -> tuple[str, ...]:
    return tuple(_exactly(str, value) for value in _exactly(list, values))
