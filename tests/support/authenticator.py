"""An authenticator of software: what a browser and a security key would answer, right or wrong."""

import json
import struct
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_bytes
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

ORIGIN = "http://localhost:8000"
UP, UV, BE, BS, AT = 1, 4, 8, 16, 64
ES256, EDDSA, RS256 = -7, -8, -257
DEFAULT = object()


def b64(raw: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Authenticator:
    """Holds one passkey. Whatever a call names is said instead of what is right.

    `counts`: whether its counter goes up at each use, as those of security keys do.
    """

    algorithm: int = ES256
    counts: bool = False
    backed_up: bool = True
    credential_id: bytes = field(default_factory=lambda: token_bytes(32))
    sign_count: int = 0
    user_handle: str | None = None
    origin: str = ORIGIN

    def __post_init__(self) -> None:
        makers: dict[int, Callable[[], Any]] = {
            ES256: lambda: ec.generate_private_key(ec.SECP256R1()),
            EDDSA: ed25519.Ed25519PrivateKey.generate,
            RS256: lambda: rsa.generate_private_key(65_537, 2048),
        }
        self.key = makers[self.algorithm]()

    def make(self, options: dict[str, Any], **wrong: Any) -> dict[str, Any]:
        """RegistrationResponseJSON for creation options."""
        self.user_handle = options["user"]["id"]
        client_data = self._client_data("webauthn.create", options["challenge"], wrong)
        held = self._authenticator_data(options["rp"]["id"], wrong, attested=True)
        attestation = cbor2.dumps(
            {"fmt": "none", "attStmt": {}, "authData": held, **wrong.get("attestation", {})}
        )
        return self._credential(
            {
                "clientDataJSON": b64(client_data),
                "attestationObject": b64(wrong.get("attestation_object", attestation)),
                "transports": wrong.get("transports", ["internal", "hybrid"]),
            },
            wrong,
        )

    def show(self, options: dict[str, Any], **wrong: Any) -> dict[str, Any]:
        """AuthenticationResponseJSON for request options."""
        self.sign_count += self.counts
        client_data = self._client_data("webauthn.get", options["challenge"], wrong)
        held = self._authenticator_data(options["rpId"], wrong)
        signature = wrong.get("signature", self._sign(held + sha256(client_data).digest()))
        return self._credential(
            {
                "clientDataJSON": b64(client_data),
                "authenticatorData": b64(held),
                "signature": b64(signature),
                "userHandle": wrong.get("user_handle", self.user_handle),
            },
            wrong,
        )

    def _credential(self, response: dict[str, Any], wrong: dict[str, Any]) -> dict[str, Any]:
        name = b64(wrong.get("credential_id", self.credential_id))
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
            "authenticatorAttachment": "platform",
        }

    def _client_data(self, kind: str, challenge: str, wrong: dict[str, Any]) -> bytes:
        said = {
            "type": wrong.get("type", kind),
            "challenge": wrong.get("challenge", challenge),
            "origin": wrong.get("origin", self.origin),
            "crossOrigin": wrong.get("cross_origin", False),
        }
        client_data: bytes = wrong.get("client_data", json.dumps(said).encode())
        return client_data

    def _authenticator_data(
        self, rp_id: str, wrong: dict[str, Any], *, attested: bool = False
    ) -> bytes:
        flags = UP | UV | (BE | BS if self.backed_up else 0) | (AT if attested else 0)
        rp_hash = sha256(wrong.get("rp_id", rp_id).encode()).digest()
        flags = wrong.get("flags", flags & ~wrong.get("without", 0) | wrong.get("with_flags", 0))
        head = rp_hash + struct.pack(">BI", flags, wrong.get("sign_count", self.sign_count))
        tail: bytes = wrong.get("tail", b"")
        if not attested:
            return head + tail
        named = struct.pack(">H", len(self.credential_id)) + self.credential_id
        public_key = wrong.get("public_key", DEFAULT)
        cose = cbor2.dumps(self.cose_key() if public_key is DEFAULT else public_key)
        return head + bytes(16) + named + bytes(cose) + tail

    def cose_key(self) -> dict[int, Any]:
        """The public key as RFC 9053 has it."""
        public = self.key.public_key()
        if self.algorithm == EDDSA:
            return {1: 1, 3: EDDSA, -1: 6, -2: public.public_bytes_raw()}
        numbers = public.public_numbers()
        if self.algorithm == RS256:
            n, e = (v.to_bytes((v.bit_length() + 7) // 8, "big") for v in (numbers.n, numbers.e))
            return {1: 3, 3: RS256, -1: n, -2: e}
        x, y = (v.to_bytes(32, "big") for v in (numbers.x, numbers.y))
        return {1: 2, 3: ES256, -1: 1, -2: x, -3: y}

    def _sign(self, data: bytes) -> bytes:
        how: tuple[Any, ...] = {
            ES256: (ec.ECDSA(SHA256()),),
            EDDSA: (),
            RS256: (padding.PKCS1v15(), SHA256()),
        }[self.algorithm]
        signature: bytes = self.key.sign(data, *how)
        return signature
