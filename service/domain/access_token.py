"""The access token: a JWT by RFC 9068, read by the rules of RFC 8725.

The algorithm belongs to the key, not to the token; a header may hold `alg`, `typ` and `kid` and
nothing else, so that no `jku`, `jwk`, `x5u` or `crit` can steer us. Reading does no I/O.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple, TypeVar

import jwt
from jwt.types import Options

from service.domain.errors import TokenExpiredError, TokenInvalidError
from service.domain.ids import encode
from service.domain.signing_key import TYPE, SigningKey, VerifyingKey, to_json

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
HEADER_MEMBERS = frozenset({"alg", "typ", "kid"})
CACHED_CLAIMS = 10_000

T = TypeVar("T")


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

    keys: Sequence[VerifyingKey]
    issuer: str
    audience: str
    ttl: timedelta
    randomness: Callable[[int], bytes]
    used: bool = False
    """Whether the first key has signed since this was last set back."""
    _signer: SigningKey = field(init=False)
    _verified: dict[bytes, Claims] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._signer = _first(self.keys)

    def replace_keys(self, keys: Sequence[VerifyingKey]) -> None:
        """Use these keys from now on; what others signed is no longer valid."""
        if [key.kid for key in keys] != [key.kid for key in self.keys]:
            self._signer, self.keys = _first(keys), keys
            self._verified.clear()

    def jwks(self) -> dict[str, list[Mapping[str, str]]]:
        """RFC 7517; public members only."""
        return {"keys": [key.public_jwk for key in self.keys]}

    def sign(self, claims: Claims, *, issued: int) -> str:
        """A token for these claims; `issued` is epoch seconds."""
        key = self._signer
        self.used = True
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
            claims = read_token(
                text, self.keys, issuer=self.issuer, audience=self.audience, now=now
            )
            if len(self._verified) >= CACHED_CLAIMS:
                self._verified.clear()
            self._verified[digest] = claims
        if now >= claims.expires:
            self._verified.pop(digest, None)
            raise TokenExpiredError
        return claims


def read_token(
    text: str, keys: Iterable[VerifyingKey], *, issuer: str, audience: str, now: float
) -> Claims:
    """What a token says that one of these keys signed; whether it has expired is not looked at.

    Raises TokenInvalidError.
    """
    key = _key_for(text, keys)
    try:
        payload = jwt.decode(
            text,
            key.public_key,
            algorithms=[key.algorithm],
            audience=audience,
            issuer=issuer,
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


def named_by(text: str) -> tuple[str, str]:
    """Key and algorithm that a token names, if its header is one that we write.

    Raises TokenInvalidError.
    """
    if len(text) > MAX_LENGTH or not text.isascii() or "=" in text:  # PyJWT allows padding
        raise TokenInvalidError
    try:
        header = jwt.get_unverified_header(text)
    except jwt.InvalidTokenError as error:
        raise TokenInvalidError from error
    if header.keys() != HEADER_MEMBERS or header["typ"] != TYPE:
        raise TokenInvalidError
    return header["kid"], header["alg"]


def _key_for(text: str, keys: Iterable[VerifyingKey]) -> VerifyingKey:
    named = named_by(text)
    for key in keys:
        if (key.kid, key.algorithm) == named:
            return key
    raise TokenInvalidError


def _first(keys: Sequence[VerifyingKey]) -> SigningKey:
    if not keys or not isinstance(keys[0], SigningKey):
        message = "the first key is the one that signs"
        raise TypeError(message)
    return keys[0]


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
