"""What browsers make of passkeys: RegistrationResponseJSON and AuthenticationResponseJSON of WebAuthn.

Fields that WebAuthn or a browser adds are left out, not refused.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from service.domain.ids import decode
from service.domain.passkeys import NAME_MAX, Assertion, Attestation
from service.web.bodies import Body, Label, Token

MAX_TRANSPORTS = 16


def _is_base64url(text: str) -> str:
    if decode(text) is None:
        message = "this is not base64url without padding"
        raise ValueError(message)
    return text


def _raw(text: str) -> bytes:
    return decode(text) or b""


SHAPE = r"^[A-Za-z0-9_-]*$"
Short = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1400, pattern=SHAPE),
    AfterValidator(_is_base64url),
]
"""Up to the 1,023 bytes that a credential's id may have."""
Long = Annotated[
    str,
    StringConstraints(min_length=1, max_length=48_000, pattern=SHAPE),
    AfterValidator(_is_base64url),
]
Transport = Annotated[str, StringConstraints(max_length=32)]
PasskeyName = Annotated[Label, StringConstraints(max_length=NAME_MAX)]


class Lenient(BaseModel):
    """A part of a body that a browser wrote."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)


class AttestationResponse(Lenient):
    """Of a passkey that was made."""

    client_data: Annotated[Long, Field(alias="clientDataJSON")]
    attestation_object: Annotated[Long, Field(alias="attestationObject")]
    transports: Annotated[list[Transport], Field(max_length=MAX_TRANSPORTS)] = []


class AssertionResponse(Lenient):
    """Of a passkey that was used."""

    client_data: Annotated[Long, Field(alias="clientDataJSON")]
    authenticator_data: Annotated[Long, Field(alias="authenticatorData")]
    signature: Long
    user_handle: Annotated[Short | None, Field(alias="userHandle")] = None


class MadeCredential(Lenient):
    """`navigator.credentials.create()`, as `toJSON()` has it."""

    raw_id: Annotated[Short, Field(alias="rawId")]
    type: Literal["public-key"]
    response: AttestationResponse

    def read(self) -> Attestation:
        return Attestation(
            credential_id=_raw(self.raw_id),
            client_data=_raw(self.response.client_data),
            attestation_object=_raw(self.response.attestation_object),
            transports=self.response.transports,
        )


class ShownCredential(Lenient):
    """`navigator.credentials.get()`, as `toJSON()` has it."""

    raw_id: Annotated[Short, Field(alias="rawId")]
    type: Literal["public-key"]
    response: AssertionResponse

    def read(self) -> Assertion:
        handle = self.response.user_handle
        return Assertion(
            credential_id=_raw(self.raw_id),
            client_data=_raw(self.response.client_data),
            authenticator_data=_raw(self.response.authenticator_data),
            signature=_raw(self.response.signature),
            user_handle=None if handle is None else _raw(handle),
        )


class PasskeyBody(Body):
    """A passkey that was made, and what to call it."""

    name: PasskeyName | None = None
    credential: MadeCredential


class PasskeyNameBody(Body):
    """What to call a passkey."""

    name: PasskeyName


class PasskeyLoginBody(Body):
    """Sign in by a passkey."""

    credential: ShownCredential
    device_name: Label | None = None
    cookie: bool = False


class MfaTokenBody(Body):
    """The sign-in that waits for its second factor."""

    mfa_token: Token


class PasskeyFactorBody(Body):
    """A passkey for a second-factor challenge."""

    mfa_token: Token
    credential: ShownCredential


class PasskeyStepUpBody(Body):
    """A passkey of whoever is signed in."""

    credential: ShownCredential
    cookie: bool = False
