"""The shapes of replies about passkeys."""

from datetime import datetime
from typing import Any

from service.web.shapes import Shape


class PasskeyShape(Shape):
    """`backed_up`: it is on several devices; `transports`: how its authenticator is reached."""

    id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None
    backed_up: bool
    transports: list[str]


class PasskeysShape(Shape):
    """The caller's, the oldest first."""

    passkeys: list[PasskeyShape]


class PasskeyOptionsShape(Shape):
    """For `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`."""

    options: dict[str, Any]
