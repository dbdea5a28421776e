"""The service as WebAuthn sees it (W3C, Web Authentication Level 3): what it asks, what it takes.

Signatures and CBOR are the library's; what an answer may be about is decided here.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    options_to_json_dict,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from service.domain.ids import decode, encode
from service.domain.passkeys import (
    CHALLENGE_LIFETIME,
    Assertion,
    Attestation,
    NewPasskey,
    Passkey,
    PasskeyRefusedError,
    Refusal,
    Shown,
    user_handle,
)
from service.domain.sessions import MILLISECOND
from service.domain.users import User

ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
RSA_BITS = range(2048, 4096 + 1)
TIMEOUT_MS = CHALLENGE_LIFETIME // MILLISECOND
RP_ID_HASH = slice(0, 32)
MULTI_DEVICE = CredentialDeviceType.MULTI_DEVICE
TRANSPORTS = frozenset(transport.value for transport in AuthenticatorTransport)

T = TypeVar("T")


def challenge_in(client_data: bytes) -> bytes | None:
    """The challenge that an answer says it answers; None where it says none."""
    try:
        said = json.loads(client_data)
        return decode(said["challenge"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Makes options, and checks answers; PasskeyRefusedError says what is wrong with one.

    `id`: the domain that passkeys belong to; `origins`: whose pages may use them.
    """

    id: str
    name: str
    origins: Sequence[str]

    def creation_options(
        self, user: User, challenge: bytes, held: Sequence[Passkey]
    ) -> dict[str, Any]:
        """PublicKeyCredentialCreationOptionsJSON: a passkey that finds its person by itself."""
        options = generate_registration_options(
            rp_id=self.id,
            rp_name=self.name,
            user_id=user_handle(user.id),
            user_name=user.email,
            user_display_name=user.name or user.email,
            challenge=challenge,
            timeout=TIMEOUT_MS,
            attestation=AttestationConveyancePreference.NONE,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_descriptors(held),
            supported_pub_key_algs=ALGORITHMS,
        )
        return options_to_json_dict(options)

    def request_options(
        self, challenge: bytes, allowed: Sequence[Passkey] = (), *, verified: bool
    ) -> dict[str, Any]:
        """PublicKeyCredentialRequestOptionsJSON; without `allowed`, of whomever the browser knows."""
        options = generate_authentication_options(
            rp_id=self.id,
            challenge=challenge,
            timeout=TIMEOUT_MS,
            allow_credentials=_descriptors(allowed),
            user_verification=UserVerificationRequirement.REQUIRED
            if verified
            else UserVerificationRequirement.PREFERRED,
        )
        return options_to_json_dict(options)

    def check_new(self, made: Attestation, challenge: bytes) -> NewPasskey:
        """The passkey that was made, which a key of its kind must be able to verify later."""
        self._check_page(made.client_data)
        credential = RegistrationCredential(
            id=encode(made.credential_id),
            raw_id=made.credential_id,
            response=AuthenticatorAttestationResponse(
                client_data_json=made.client_data, attestation_object=made.attestation_object
            ),
        )
        verified = _taken(
            lambda: verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self.id,
                expected_origin=list(self.origins),
                require_user_verification=True,
                supported_pub_key_algs=ALGORITHMS,
            )
        )
        same = verified.credential_id == made.credential_id
        if not same or not _taken(lambda: _is_sound(verified.credential_public_key)):
            raise PasskeyRefusedError(Refusal.INVALID)
        return NewPasskey(
            credential_id=verified.credential_id,
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            transports=[name for name in made.transports if name in TRANSPORTS],
            aaguid=verified.aaguid,
            backup_eligible=verified.credential_device_type is MULTI_DEVICE,
            backed_up=verified.credential_backed_up,
        )

    def check_shown(
        self, shown: Assertion, passkey: Passkey, challenge: bytes, *, verified: bool
    ) -> Shown:
        """What a right answer says. Whether its counter moved on is the store's to decide.

        `verified`: its owner must have shown who they are to the authenticator.
        """
        self._check_page(shown.client_data)
        if shown.authenticator_data[RP_ID_HASH] != sha256(self.id.encode()).digest():
            raise PasskeyRefusedError(Refusal.RP_ID)
        credential = AuthenticationCredential(
            id=encode(shown.credential_id),
            raw_id=shown.credential_id,
            response=AuthenticatorAssertionResponse(
                client_data_json=shown.client_data,
                authenticator_data=shown.authenticator_data,
                signature=shown.signature,
            ),
        )
        said = _taken(
            lambda: verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self.id,
                expected_origin=list(self.origins),
                credential_public_key=passkey.public_key,
                credential_current_sign_count=0,
            )
        )
        if verified and not said.user_verified:
            raise PasskeyRefusedError(Refusal.USER_VERIFICATION)
        if (said.credential_device_type is MULTI_DEVICE) is not passkey.backup_eligible:
            raise PasskeyRefusedError(Refusal.BACKUP)
        return Shown(said.new_sign_count, said.credential_backed_up)

    def _check_page(self, client_data: bytes) -> None:
        """Refuse pages that are not ours, and ours inside of others' (clickjacking).

        The library looks at the origin, too; an operator wants to read in the audit that it was that.
        """
        said = _taken(lambda: dict(json.loads(client_data)))
        if said.get("origin") not in self.origins:
            raise PasskeyRefusedError(Refusal.ORIGIN)
        if said.get("crossOrigin"):
            raise PasskeyRefusedError(Refusal.CROSS_ORIGIN)


def _descriptors(passkeys: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=passkey.credential_id,
            transports=[AuthenticatorTransport(name) for name in passkey.transports],
        )
        for passkey in passkeys
    ]


def _taken(check: Callable[[], T]) -> T:
    """What a check of somebody's bytes comes to; whatever it stumbles over is their fault."""
    try:
        return check()
    except Exception as error:
        raise PasskeyRefusedError(Refusal.INVALID) from error


def _is_sound(public_key: bytes) -> bool:
    """Whether the key is what its algorithm says, on its curve, and costs little to verify by."""
    cose = decode_credential_public_key(public_key)
    match decoded_public_key_to_cryptography(cose):
        case EllipticCurvePublicKey() as key:
            fits = isinstance(key.curve, SECP256R1)
            return fits and cose.alg == COSEAlgorithmIdentifier.ECDSA_SHA_256
        case Ed25519PublicKey():
            return cose.alg == COSEAlgorithmIdentifier.EDDSA
        case RSAPublicKey() as key:
            cheap = key.key_size in RSA_BITS and key.public_numbers().e == 65_537
            return cheap and cose.alg == COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256
    return False
