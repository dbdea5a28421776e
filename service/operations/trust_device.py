"""Devices that need not do the second step again, for a time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from service.contracts.events import EventType
from service.domain.errors import NotFoundError
from service.domain.ids import encode
from service.domain.sessions import Origin
from service.domain.users import Account
from service.store.event_log import EventLog
from service.store.trusted_devices import TrustedDevices

PREFIX = "td_"
TOKEN_BYTES, ID_BYTES = 32, 16


@dataclass(frozen=True, slots=True)
class TrustDevice:
    """Trust the device of somebody who just passed the second step; its token, which it must show.

    No token where devices are not trusted here (`lasts` is nothing).
    """

    devices: TrustedDevices
    events: EventLog
    lasts: timedelta
    randomness: Callable[[int], bytes]

    async def __call__(self, account: Account, device: str, origin: Origin) -> str:
        if not self.lasts:
            return ""
        token, user_id = PREFIX + encode(self.randomness(TOKEN_BYTES)), account.user.id

        async def announce() -> None:
            await self.events.append(
                EventType.DEVICE_TRUSTED, origin, user_id=user_id, data={"device": device}
            )

        await self.devices.add(
            account,
            token,
            device_id=str(UUID(bytes=self.randomness(ID_BYTES), version=4)),
            device=device,
            ip=origin.ip,
            lasts=self.lasts,
            announce=announce,
        )
        return token


async def tell_distrust(
    events: EventLog, origin: Origin, user_id: str, devices: int, *, reason: str, actor_id: str = ""
) -> None:
    """Say that something ended the trust in so many devices, if it was in any."""
    if devices:
        await events.append(
            EventType.DEVICE_REVOKED,
            origin,
            user_id=user_id,
            actor_id=actor_id,
            reason=reason,
            data={"ended": devices},
        )


@dataclass(frozen=True, slots=True)
class RevokeDevice:
    """End the trust in one of one's own devices. Raises NotFoundError."""

    devices: TrustedDevices
    events: EventLog

    async def __call__(self, user_id: str, device_id: str, origin: Origin) -> None:
        async def announce() -> None:
            await self.events.append(
                EventType.DEVICE_REVOKED, origin, user_id=user_id, reason="owner"
            )

        try:
            wanted = str(UUID(device_id))
        except ValueError as error:
            raise NotFoundError from error
        if not await self.devices.revoke(user_id, wanted, announce=announce):
            raise NotFoundError
