"""Signing keys change by age, and are destroyed when nobody signs with them (docs/keys.md)."""

from dataclasses import dataclass

import structlog

from service.domain.instants import to_rfc3339
from service.store.key_rotation import KeyRotation

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RotateKeys:
    """Rotate when the newest key is `days` old, or not of JWT_ALGORITHM; destroy what is over."""

    rotation: KeyRotation
    algorithm: str
    days: int

    async def __call__(self) -> int:
        """How many private keys it destroyed."""
        rotated = await self.rotation.by_age(self.algorithm, self.days)
        if rotated is not None:
            log.info(
                "keys.rotated",
                kid=rotated.kid,
                algorithm=rotated.algorithm,
                signs_from=to_rfc3339(rotated.signs_from_ms),
            )
        destroyed = await self.rotation.destroy_due()
        if destroyed:
            log.info("keys.destroyed", keys=destroyed)
        return destroyed
