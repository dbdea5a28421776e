"""Key pairs of access tokens. The algorithm belongs to the key, never to a token."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)
from jwt.algorithms import get_default_algorithms

from service.domain.ids import encode

TYPE = "at+jwt"

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

ALGORITHMS: Mapping[str, Callable[[], PrivateKey]] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
}
"""RS256 takes some tenths of a second: off the event loop with it."""
KINDS: Mapping[str, Mapping[str, str]] = {
    "ES256": {"kty": "EC", "crv": "P-256"},
    "EdDSA": {"kty": "OKP", "crv": "Ed25519"},
    "RS256": {"kty": "RSA"},
}
"""What a JWK of an algorithm must say of itself."""
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

to_json = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key; `kid` is its RFC 7638 thumbprint, so that no two keys share one."""

    kid: str
    algorithm: str
    public_key: PublicKey
    public_jwk: Mapping[str, str]

    @classmethod
    def from_public_der(cls, algorithm: str, der: bytes) -> "VerifyingKey":
        """The inverse of `to_public_der`."""
        key = load_der_public_key(der)
        if not isinstance(key, PublicKey):
            message = f"not a key for signatures: {type(key).__name__}"
            raise TypeError(message)
        kid, jwk = _described(algorithm, key)
        return VerifyingKey(kid, algorithm, key, jwk)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> "VerifyingKey":
        """A key of somebody's JWKS, under the name that it has there.

        Raises ValueError for what is not for verifying our algorithms, or should not be public.
        """
        algorithm, kid = str(jwk.get("alg")), jwk.get("kid")
        wanted = KINDS.get(algorithm)
        if wanted is None or not isinstance(kid, str) or jwk.get("use", "sig") != "sig":
            message = "not a key of ES256, EdDSA or RS256 with a kid"
            raise ValueError(message)
        if any(jwk.get(name) != value for name, value in wanted.items()):
            message = f"not a key for {algorithm}"
            raise ValueError(message)
        if PRIVATE_MEMBERS & jwk.keys():
            message = "a JWKS with private members: do not trust it"
            raise ValueError(message)
        try:
            key = get_default_algorithms()[algorithm].from_jwk(dict(jwk))
        except jwt.InvalidKeyError as error:
            raise ValueError(str(error)) from error
        public = {name: value for name, value in jwk.items() if isinstance(value, str)}
        return VerifyingKey(kid, algorithm, key, public)

    def to_public_der(self) -> bytes:
        """SubjectPublicKeyInfo."""
        return self.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True, slots=True)
class SigningKey(VerifyingKey):
    """A key pair."""

    private_key: PrivateKey
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
    public_key = private_key.public_key()
    kid, jwk = _described(algorithm, public_key)
    header = to_json({"alg": algorithm, "typ": TYPE, "kid": kid})
    return SigningKey(
        kid,
        algorithm,
        public_key,
        jwk,
        private_key,
        encode(header.encode()),
        _signer(algorithm, private_key),
    )


def _described(algorithm: str, public_key: PublicKey) -> tuple[str, Mapping[str, str]]:
    """A public key's thumbprint and its JWK."""
    jwk = get_default_algorithms()[algorithm].to_jwk(public_key, as_dict=True)
    public: dict[str, str] = {
        name: jwk[name] for name in ("crv", "e", "kty", "n", "x", "y") if name in jwk
    }
    canonical = json.dumps(public, separators=(",", ":"), sort_keys=True).encode()
    kid = encode(sha256(canonical).digest())
    return kid, {**public, "kid": kid, "alg": algorithm, "use": "sig"}


def _signer(algorithm: str, private_key: PrivateKey) -> Callable[[bytes], bytes]:
    """Signs for ES256 by itself: PyJWT takes a quarter longer. By PyJWT for the others."""
    if not isinstance(private_key, ec.EllipticCurvePrivateKey):
        return partial(get_default_algorithms()[algorithm].sign, key=private_key)
    ecdsa, half = ec.ECDSA(SHA256()), private_key.key_size // 8

    def sign(text: bytes) -> bytes:
        r, s = decode_dss_signature(private_key.sign(text, ecdsa))
        return r.to_bytes(half) + s.to_bytes(half)

    return sign
