"""What passkeys were asked, in Redis: each question has one answer."""

from collections.abc import Callable

from service.contracts import keys
from service.domain.ids import encode
from service.domain.passkeys import CHALLENGE_BYTES, CHALLENGE_LIFETIME, Purpose
from service.domain.sessions import MILLISECOND
from service.store.script_client import ScriptClient


class PasskeyChallenges:
    """Challenges by their bytes, of which the first names the partition.

    `within`: the session, or the sign-in, that an answer must come from; empty where there is none
    yet. Raises ServiceUnavailableError while Redis is away.
    """

    def __init__(self, scripts: ScriptClient, randomness: Callable[[int], bytes]) -> None:
        self._scripts = scripts
        self._randomness = randomness

    async def ask(self, purpose: Purpose, within: str = "") -> bytes:
        """A new challenge, which may be answered within its lifetime."""
        first, *rest = self._randomness(CHALLENGE_BYTES)
        challenge = bytes([first % keys.PARTITIONS, *rest])
        await self._scripts.run(
            "passkey_ask",
            challenge=keys.passkey_challenge(challenge[0], encode(challenge)),
            subject=f"{purpose} {within}",
            lifetime_ms=CHALLENGE_LIFETIME // MILLISECOND,
        )
        return challenge

    async def spend(self, challenge: bytes, purpose: Purpose, within: str = "") -> bool:
        """Whether it was asked for this, here, and not yet answered: True for one caller only."""
        if len(challenge) != CHALLENGE_BYTES or challenge[0] >= keys.PARTITIONS:
            return False
        reply = await self._scripts.run(
            "passkey_spend",
            challenge=keys.passkey_challenge(challenge[0], encode(challenge)),
            subject=f"{purpose} {within}",
        )
        return bool(reply[0] == b"spent")
