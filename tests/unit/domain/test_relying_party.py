"""What the service takes from authenticators, and what not."""

import json
from base64 import urlsafe_b64decode
from dataclasses import replace
from secrets import token_bytes
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from service.domain.passkeys import (
    Assertion,
    Attestation,
    NewPasskey,
    Passkey,
    PasskeyRefusedError,
    Refusal,
    Shown,
    methods,
)
from service.domain.relying_party import RelyingParty, challenge_in
from service.domain.users import User
from tests.support.authenticator import (
    BE,
    BS,
    EDDSA,
    ES256,
    ORIGIN,
    RS256,
    UP,
    UV,
    Authenticator,
    b64,
)

PARTY = RelyingParty("localhost", "Inphora", (ORIGIN, "https://app.example.com"))
USER = User("0b3e39a5-8d52-4c65-9f3a-6c1f3ad3a001", "ada@people.example", "Ada", (), False, "")
CHALLENGE = token_bytes(32)


def raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "==")


def attestation(credential: dict[str, Any]) -> Attestation:
    response = credential["response"]
    return Attestation(
        credential_id=raw(credential["rawId"]),
        client_data=raw(response["clientDataJSON"]),
        attestation_object=raw(response["attestationObject"]),
        transports=response["transports"],
    )


def assertion(credential: dict[str, Any]) -> Assertion:
    response = credential["response"]
    return Assertion(
        credential_id=raw(credential["rawId"]),
        client_data=raw(response["clientDataJSON"]),
        authenticator_data=raw(response["authenticatorData"]),
        signature=raw(response["signature"]),
        user_handle=None,
    )


def made_by(authenticator: Authenticator, **wrong: Any) -> NewPasskey:
    options = PARTY.creation_options(USER, CHALLENGE, [])
    return PARTY.check_new(attestation(authenticator.make(options, **wrong)), CHALLENGE)


def held(authenticator: Authenticator) -> Passkey:
    new = made_by(authenticator)
    fields = {name: getattr(new, name) for name in new.__dataclass_fields__}
    return Passkey(**fields, id="p", user_id=USER.id, name="Mine", created_ms=0, last_used_ms=None)


def shown_by(
    authenticator: Authenticator, passkey: Passkey, *, verified: bool = True, **wrong: Any
) -> Shown:
    options = PARTY.request_options(CHALLENGE, [passkey], verified=verified)
    answer = assertion(authenticator.show(options, **wrong))
    return PARTY.check_shown(answer, passkey, CHALLENGE, verified=verified)


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256], ids=["ES256", "EdDSA", "RS256"])
def test_a_passkey_is_made_and_shown(algorithm: int) -> None:
    """With each of the algorithms that are asked for; no other is."""
    authenticator = Authenticator(algorithm)
    passkey = held(authenticator)
    shown = shown_by(authenticator, passkey)

    assert (shown.sign_count, shown.backed_up) == (0, True)
    assert methods(passkey) == ("swk", "user")
    assert passkey.transports == ["internal", "hybrid"]


def test_a_key_that_cannot_be_copied_is_hardware() -> None:
    """RFC 8176: hwk."""
    authenticator = Authenticator(backed_up=False, counts=True)
    passkey = held(authenticator)

    assert methods(passkey) == ("hwk", "user")
    assert [shown_by(authenticator, passkey).sign_count for _ in range(2)] == [1, 2]


def test_options_ask_for_what_stands_alone() -> None:
    """Discoverable, its owner verified, no attestation; a handle that says nothing of the person."""
    options = PARTY.creation_options(USER, CHALLENGE, [])

    assert options["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert [each["alg"] for each in options["pubKeyCredParams"]] == [ES256, EDDSA, RS256]
    assert (options["attestation"], options["timeout"]) == ("none", 300_000)
    assert raw(options["user"]["id"]).hex() == USER.id.replace("-", "")


def test_what_a_person_has_is_not_made_twice() -> None:
    authenticator = Authenticator()
    options = PARTY.creation_options(USER, CHALLENGE, [held(authenticator)])

    assert [each["id"] for each in options["excludeCredentials"]] == [
        b64(authenticator.credential_id)
    ]


WRONG_ANSWERS = {
    "of another page": ({"origin": "https://evil.example"}, Refusal.ORIGIN),
    "of a page that only begins like ours": ({"origin": ORIGIN + "0"}, Refusal.ORIGIN),
    "of our page inside of another's": ({"cross_origin": True}, Refusal.CROSS_ORIGIN),
    "to another challenge": ({"challenge": b64(token_bytes(32))}, Refusal.INVALID),
    "of another ceremony": ({"type": "webauthn.create"}, Refusal.INVALID),
    "for another domain": ({"rp_id": "evil.example"}, Refusal.RP_ID),
    "signed by nobody": ({"signature": b"\0" * 70}, Refusal.INVALID),
    "with an empty signature": ({"signature": b""}, Refusal.INVALID),
    "without its owner": ({"without": UP}, Refusal.INVALID),
    "without a PIN or a finger": ({"without": UV}, Refusal.USER_VERIFICATION),
    "of a key that lost its backup": ({"without": BE | BS}, Refusal.BACKUP),
    "backed up though it cannot be": ({"without": BE}, Refusal.INVALID),
    "with bytes left over": ({"tail": b"\0"}, Refusal.INVALID),
    "with extensions that are none": ({"with_flags": 128, "tail": b"\xff"}, Refusal.INVALID),
    "that is no JSON": ({"client_data": b"\xff{"}, Refusal.INVALID),
    "that nests too deep": ({"client_data": b"[" * 60_000}, Refusal.INVALID),
    "that is no object": ({"client_data": b"[]"}, Refusal.ORIGIN),
}


@pytest.mark.parametrize(("wrong", "reason"), WRONG_ANSWERS.values(), ids=WRONG_ANSWERS)
def test_an_answer_is_refused(wrong: dict[str, Any], reason: Refusal) -> None:
    """Whatever of it is not what was asked for."""
    authenticator = Authenticator()
    passkey = held(authenticator)

    with pytest.raises(PasskeyRefusedError) as refused:
        shown_by(authenticator, passkey, **wrong)
    assert refused.value.reason is reason


def test_an_answer_of_another_key_is_refused() -> None:
    passkey = held(Authenticator())

    with pytest.raises(PasskeyRefusedError):
        shown_by(Authenticator(), passkey)


def test_a_second_factor_need_not_verify_its_owner() -> None:
    """The password did; presence is enough."""
    authenticator = Authenticator()
    passkey = held(authenticator)

    assert shown_by(authenticator, passkey, verified=False, without=UV)


def cose(**changed: Any) -> dict[int, Any]:
    return {**Authenticator().cose_key(), **{int(name[1:]): v for name, v in changed.items()}}


def rsa_key(bits: int, exponent: int = 65_537) -> dict[int, object]:
    numbers = rsa.generate_private_key(65_537, bits).public_key().public_numbers()
    n, e = (v.to_bytes((v.bit_length() + 7) // 8, "big") for v in (numbers.n, exponent))
    return {1: 3, 3: RS256, -1: n, -2: e}


def p384() -> dict[int, object]:
    numbers = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
    return {1: 2, 3: ES256, -1: 2, -2: numbers.x.to_bytes(48), -3: numbers.y.to_bytes(48)}


WRONG_KEYS = {
    "for another page": {"origin": "https://evil.example"},
    "for another domain": {"rp_id": "evil.example"},
    "for another challenge": {"challenge": b64(token_bytes(32))},
    "by an answer to a sign-in": {"type": "webauthn.get"},
    "inside of another's page": {"cross_origin": True},
    "without a PIN or a finger": {"without": UV},
    "under another name": {"credential_id": b"another"},
    "with a point off the curve": {"public_key": {**cose(), -2: b"\1" * 32}},
    "on another curve": {"public_key": p384()},
    "of another algorithm": {"public_key": {**cose(), 3: -35}},
    "of an algorithm that its type has not": {"public_key": {**cose(), 3: RS256}},
    "of RSA with 1024 bits": {"public_key": rsa_key(1024)},
    "of RSA with an exponent that takes for ever": {"public_key": rsa_key(2048, 2**2000 + 1)},
    "that is a number": {"public_key": 4},
    "that is nothing": {"public_key": None},
    "with a statement of no known form": {"attestation": {"fmt": "android-safetynet"}},
    "with a statement where there should be none": {"attestation": {"attStmt": {"sig": b"x"}}},
    "that is no CBOR": {"attestation_object": b"\xff"},
    "of more items than there are bytes": {
        "attestation_object": b"\x9b\x00\x00\x00\xff" + b"\xff" * 4
    },
    "that nests too deep": {"attestation_object": b"\x81" * 45_000},
    "in a ring": {"attestation_object": bytes.fromhex("d81c81d81d00")},
}


@pytest.mark.parametrize("wrong", WRONG_KEYS.values(), ids=WRONG_KEYS)
def test_a_new_key_is_refused(wrong: dict[str, Any]) -> None:
    """Before it is kept: a key that cannot be verified by would be a 500 at sign-in."""
    with pytest.raises(PasskeyRefusedError):
        made_by(Authenticator(), **wrong)


def test_the_challenge_of_an_answer() -> None:
    text = json.dumps({"challenge": b64(CHALLENGE)}).encode()

    assert challenge_in(text) == CHALLENGE


@pytest.mark.parametrize(
    "client_data",
    [b"", b"[]", b"{}", b'{"challenge": 5}', b'{"challenge": "a=b"}', b"\xff", b"[" * 60_000],
)
def test_an_answer_to_nothing(client_data: bytes) -> None:
    assert challenge_in(client_data) is None


def test_transports_of_tomorrow_are_left_out() -> None:
    """They are a hint; the library knows today's only."""
    new = made_by(Authenticator(), transports=["usb", "telepathy"])

    assert new.transports == ["usb"]
    assert replace(held(Authenticator()), transports=new.transports)
