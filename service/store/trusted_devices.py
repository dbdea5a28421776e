"""Devices that passed the second step, and may skip it for a time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.factor_tables import trusted_devices
from service.contracts.tables import users
from service.domain.users import Account
from service.store.database import Database

_of = trusted_devices.c
_ALIVE = _of.expires_at > func.now()

Announce = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedDevice:
    """One of them, as its owner sees it."""

    id: str
    device: str
    ip: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


class TrustedDevices:
    """The table of that name; of a device's token it holds the SHA-256, enough for 256 random bits."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        account: Account,
        token: str,
        *,
        device_id: str,
        device: str,
        ip: str,
        lasts: timedelta,
        announce: Announce,
    ) -> None:
        """Trust a device from now on; unless its owner was erased, or changed what signs them in."""
        row = {
            "id": device_id,
            "user_id": account.user.id,
            "token_hash": _hash(token),
            "device": device,
            "ip": ip,
        }
        values = [literal(value, _of[name].type) for name, value in row.items()]
        owner = (
            select(*values, func.now() + lasts)
            .where(
                users.c.id == account.user.id,
                users.c.totp_secret.is_not(None),
                users.c.credentials == account.credentials,
            )
            .with_for_update(read=True)
        )
        statement = insert(trusted_devices).from_select([*row, "expires_at"], owner)
        async with self._database.transaction() as connection:
            if (await connection.execute(statement)).rowcount:
                await announce()

    async def use(self, user_id: str, token: str) -> bool:
        """Whether this is a device that its owner trusts, as of now; notes that it was used."""
        statement = (
            update(trusted_devices)
            .where(_of.user_id == user_id, _of.token_hash == _hash(token), _ALIVE)
            .values(last_used_at=func.now())
        )
        async with self._database.transaction() as connection:
            return (await connection.execute(statement)).rowcount == 1

    async def of_user(self, user_id: str, token: str) -> list[TrustedDevice]:
        """A person's, the latest used first; `token` is of the device that asks."""
        query = select(trusted_devices).where(_of.user_id == user_id, _ALIVE)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query.order_by(_of.last_used_at.desc(), _of.id))).all()
        return [
            TrustedDevice(
                id=row.id,
                device=row.device,
                ip=row.ip,
                created_at=row.created_at,
                last_used_at=row.last_used_at,
                expires_at=row.expires_at,
                current=row.token_hash == _hash(token),
            )
            for row in rows
        ]

    async def revoke(self, user_id: str, device_id: str, *, announce: Announce) -> bool:
        """End the trust in one device; False when the person has no such one."""
        one = delete(trusted_devices).where(_of.user_id == user_id, _of.id == device_id, _ALIVE)
        async with self._database.transaction() as connection:
            if (await connection.execute(one)).rowcount == 0:
                return False
            await announce()
        return True

    @staticmethod
    async def revoke_all(connection: AsyncConnection, user_id: str) -> int:
        """End the trust in all of a person's devices, within a transaction; how many there were."""
        every = delete(trusted_devices).where(_of.user_id == user_id)
        return (await connection.execute(every)).rowcount


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
