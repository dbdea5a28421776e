"""Replies about second factors and devices."""

from datetime import datetime

from service.web.shapes import Shape


class FactorsShape(Shape):
    """What the caller has besides a password; `trusted_devices_days` is 0 where none are trusted."""

    totp: bool
    recovery_codes_left: int
    trusted_devices_days: int


class SetupShape(Shape):
    """A secret for an authenticator; nothing is on yet."""

    secret: str
    otpauth_uri: str
    qr_svg: str


class RecoveryCodesShape(Shape):
    """Shown once."""

    recovery_codes: list[str]


class TrustedDeviceShape(Shape):
    """A device that signs in without the second step. `current`: the asking browser is it."""

    id: str
    device: str
    ip: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


class TrustedDevicesShape(Shape):
    """The caller's, the latest used first."""

    trusted_devices: list[TrustedDeviceShape]
