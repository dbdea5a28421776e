"""Examples for the OpenAPI document, by the name of a field: the same everywhere."""

from typing import Any

EXAMPLES: dict[str, Any] = {
    "access_token": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl",
    "amr": ["pwd", "otp", "mfa"],
    "code": "287082",
    "attestationObject": "o2NmbXRkbm9uZQ",
    "authenticatorData": "SZYN5YgOjGh0NBcPZHZgW4_krrmihjLHmVzzuoMdl2M",
    "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0",
    "created_at": "2026-11-02T08:30:00.000Z",
    "current_password": "correct horse battery",
    "device": "Firefox on Linux",
    "device_name": "Ann's laptop",
    "email": "ann@example.com",
    "expires_at": "2026-12-02T08:30:00.000Z",
    "expires_in": 900,
    "from": "2026-11-01",
    "id": "5b6d2f0e-6c1f-4f57-9d5e-2f0a4d1c8b7e",
    "ip": "203.0.113.7",
    "last_seen_at": "2026-11-23T09:15:00.000Z",
    "mfa_token": "mfa_BZr2pZ0c8y7sQm4n1vXk3aL",
    "name": "Ann Example",
    "new_password": "staple under the moon",
    "otpauth_uri": "otpauth://totp/Inphora:ann%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=Inphora",
    "password": "correct horse battery",
    "rawId": "q83vEjRWeJA",
    "reason": "lost their phone",
    "recovery_codes": ["ABCDEF-GHIJKL-MNOPQR-STUVWX"],
    "refresh_expires_in": 86400,
    "refresh_token": "rt_AQc1dXNlcnMgc2Vzc2lvbiBpZAAAAAAAAAABbWFjIG1hYyBtYWMgbWFj",
    "roles": ["analyst"],
    "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    "session_id": "BZr2pZ0c8y7sQm4n1vXk3aL",
    "to": "2026-11-23",
    "signature": "MEUCIQDy",
    "token": "Zk3c1Yy0mC8b7r5T2vXw9aLq4n6sHdJf",
    "user_id": "5b6d2f0e-6c1f-4f57-9d5e-2f0a4d1c8b7e",
}


def with_examples(schema: dict[str, Any]) -> dict[str, Any]:
    """An object's schema with an example in each field whose name has one."""
    properties = schema.get("properties", {})
    shown = {
        name: {**given, "examples": [EXAMPLES[name]]}
        for name, given in properties.items()
        if name in EXAMPLES and not {"$ref", "enum", "const", "examples"} & given.keys()
    }
    return {**schema, "properties": {**properties, **shown}} if shown else schema
