"""Second-factor challenges in Redis: a password was right, a code is awaited."""

from dataclasses import dataclass
from datetime import timedelta

from service.contracts import keys
from service.domain.errors import InvalidCredentialsError
from service.domain.ids import partition_in
from service.domain.sessions import MILLISECOND, Origin
from service.domain.users import Account
from service.store.live_sessions import ERASED_USER, STORE_CLOCK
from service.store.script_client import ScriptClient

LIFETIME = timedelta(minutes=5)
MAX_TRIES = 5
PREFIX = "mfa_"


@dataclass(frozen=True, slots=True)
class Challenge:
    """Who must still prove a second factor, how they signed in, and by which `credentials`.

    `cookie`: the refresh token that comes of it is the browser's to keep.
    """

    user_id: str
    credentials: int
    device: str
    cookie: bool = False

    def is_of(self, account: Account) -> bool:
        """Whether an account may still sign in by what was proven for it."""
        return account.disabled_at is None and account.credentials == self.credentials


class Challenges:
    """Challenges by token. Raises ServiceUnavailableError while Redis is away."""

    def __init__(self, scripts: ScriptClient) -> None:
        self._scripts = scripts

    async def open(self, challenge_id: str, challenge: Challenge, origin: Origin) -> str:
        """Start a challenge under a new id; the token that answers it.

        Raises InvalidCredentialsError when the person was erased meanwhile.
        """
        partition = keys.partition_of(challenge.user_id)
        reply = await self._scripts.run(
            "challenge_open",
            challenge=keys.challenge(partition, challenge_id),
            open=keys.open_challenges(challenge.user_id),
            user=keys.user(partition, challenge.user_id),
            mark=ERASED_USER,
            events=keys.events(partition),
            user_id=challenge.user_id,
            credentials=challenge.credentials,
            device=challenge.device,
            cookie=int(challenge.cookie),
            lifetime_ms=LIFETIME // MILLISECOND,
            now_ms=STORE_CLOCK,
            **origin.fields(),
        )
        if reply[0] == b"erased":
            raise InvalidCredentialsError
        return PREFIX + challenge_id

    async def attempt(self, token: str, origin: Origin) -> Challenge | None:
        """Count a try; None for a challenge that is unknown, used, expired or tried too often."""
        found = _locate(token)
        if found is None:
            return None
        reply = await self._scripts.run(
            "challenge_try",
            **found,
            max_tries=MAX_TRIES,
            now_ms=STORE_CLOCK,
            **origin.fields(),
        )
        match reply:
            case [b"open", user, credentials, device, cookie]:
                return Challenge(user.decode(), int(credentials), device.decode(), cookie == b"1")
            case _:
                return None

    async def find_user(self, token: str) -> str | None:
        """Whose challenge it is, without counting a try; None for one that is not open."""
        found = _locate(token)
        if found is None:
            return None
        reply = await self._scripts.run("challenge_read", challenge=found["challenge"])
        return reply[1].decode() if reply[0] == b"open" else None

    async def spend(self, token: str, *, method: str, origin: Origin) -> bool:
        """Close a challenge that was met; True for exactly one caller."""
        found = _locate(token)
        if found is None:
            return False
        reply = await self._scripts.run(
            "challenge_spend",
            **found,
            method=method,
            now_ms=STORE_CLOCK,
            **origin.fields(),
        )
        return bool(reply[0] == b"spent")


def _locate(token: str) -> dict[str, str] | None:
    challenge_id = token.removeprefix(PREFIX)
    partition = partition_in(challenge_id, partitions=keys.PARTITIONS)
    if partition is None or not token.startswith(PREFIX):
        return None
    return {
        "challenge": keys.challenge(partition, challenge_id),
        "events": keys.events(partition),
    }
