"""A passkey's challenge is good once, for one purpose, in one place."""

import asyncio
from collections import Counter
from secrets import token_bytes

import pytest

from service.contracts import keys
from service.domain.passkeys import Purpose
from service.store.challenges import Challenge, Challenges
from service.store.passkey_challenges import PasskeyChallenges
from tests.store.conftest import ORIGIN, World


@pytest.fixture
def challenges(world: World) -> PasskeyChallenges:
    return PasskeyChallenges(world.scripts, token_bytes)


async def test_one_time_secrets_have_exactly_one_winner(challenges: PasskeyChallenges) -> None:
    """ASVS 6.5.1, 15.4.2: of many answers to one challenge, one counts."""
    challenge = await challenges.ask(Purpose.SIGN_IN)
    won = await asyncio.gather(*[challenges.spend(challenge, Purpose.SIGN_IN) for _ in range(20)])

    assert Counter(won) == {True: 1, False: 19}


@pytest.mark.parametrize(
    ("purpose", "within"),
    [(Purpose.SIGN_IN, "s1"), (Purpose.ADD, "s1"), (Purpose.STEP_UP, "s2"), (Purpose.STEP_UP, "")],
)
async def test_a_challenge_is_for_one_thing(
    challenges: PasskeyChallenges, purpose: Purpose, within: str
) -> None:
    """Tried for anything else it is gone, too."""
    challenge = await challenges.ask(Purpose.STEP_UP, "s1")

    assert not await challenges.spend(challenge, purpose, within)
    assert not await challenges.spend(challenge, Purpose.STEP_UP, "s1")


@pytest.mark.parametrize("challenge", [b"", b"\0" * 31, b"\0" * 32, b"\xff" * 32, b"\0" * 99])
async def test_what_was_never_asked(challenges: PasskeyChallenges, challenge: bytes) -> None:
    assert not await challenges.spend(challenge, Purpose.SIGN_IN)


async def test_challenges_have_256_bits_but_four_and_end_by_themselves(
    challenges: PasskeyChallenges, world: World
) -> None:
    """The first byte is the partition's: one script, one slot."""
    asked = [await challenges.ask(Purpose.SIGN_IN) for _ in range(64)]

    assert {len(each) for each in asked} == {32}
    assert len({each[1:] for each in asked}) == 64
    assert len({each[0] for each in asked}) > 4
    key = keys.passkey_challenge(asked[0][0], "*")
    (found, *_) = await world.redis.keys(key.replace("{", "[{]").replace("}", "[}]"))
    assert 0 < await world.redis.pttl(found) <= 300_000


async def test_looking_at_a_second_factors_challenge_costs_no_try(world: World) -> None:
    challenges = Challenges(world.scripts)
    token = await challenges.open(world.session().id, Challenge(world.user_id, 1, "d"), ORIGIN)
    for _ in range(9):
        assert await challenges.find_user(token) == world.user_id

    assert await challenges.attempt(token, ORIGIN)
    assert await challenges.spend(token, method="passkey", origin=ORIGIN)
    assert await challenges.find_user(token) is None
    assert await challenges.find_user("mfa_none") is None
