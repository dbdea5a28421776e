"""service/store/password_hasher.py: argon2id, and what came from elsewhere."""

import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher as Argon2
from argon2 import extract_parameters

from service.domain.errors import ServiceUnavailableError
from service.store import password_hasher
from service.store.password_hasher import QUEUE_PER_THREAD, PasswordHasher
from tests.support import quick_hashes

BCRYPT = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
"""Of `U*U`."""


@pytest.fixture(scope="module")
def hasher() -> Iterator[PasswordHasher]:
    """As the product has it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(password_hasher, "MEMORY_KIB", quick_hashes.MEMORY_KIB)
        patch.setattr(password_hasher, "TIME_COST", quick_hashes.TIME_COST)
        one = PasswordHasher(threads=1)
    yield one
    one.close()


async def test_argon2id_of_at_least_t2_19_mib_p1(hasher: PasswordHasher) -> None:
    """OWASP's password storage cheat sheet; ASVS 11.4.2."""
    found = extract_parameters(await hasher.hash("kettle purple window"))

    assert found.type.name == "ID"
    assert found.time_cost >= 2
    assert found.memory_cost >= 19 * 1024
    assert found.parallelism >= 1


async def test_every_character_counts(hasher: PasswordHasher) -> None:
    """ASVS 6.2.8: none is cut off, nor its case changed."""
    password = "velvet comet drifts under nine quiet bridges " * 20
    stored = await hasher.hash(password)

    assert await hasher.verify(password, stored)
    assert not await hasher.verify(password[:-1], stored)
    assert not await hasher.verify(password.capitalize(), stored)


async def test_a_password_is_one_however_it_is_composed(hasher: PasswordHasher) -> None:
    """NFKC: the same on a keyboard that writes accents apart, or letters in full width."""
    stored = await hasher.hash("évéqéxûgûpölöwñ")

    assert await hasher.verify(unicodedata.normalize("NFD", "évéqéxûgûpölöwñ"), stored)


async def test_imported_hashes_verify_and_want_renewal(hasher: PasswordHasher) -> None:
    """Until their owner signs in, which makes it argon2id."""
    assert await hasher.verify("U*U", BCRYPT)
    assert not await hasher.verify("U*V", BCRYPT)
    assert hasher.is_outdated(BCRYPT)
    assert not hasher.is_outdated(await hasher.hash("U*U"))


@pytest.mark.parametrize(
    ("stored", "password"),
    [
        pytest.param(BCRYPT, "a\0b", id="a NUL"),
        pytest.param(BCRYPT, "x" * 1024, id="more than bcrypt takes"),
        pytest.param("$2a$99$" + BCRYPT[7:], "U*U", id="a hash out of bounds"),
        pytest.param("rubbish", "rubbish", id="no hash"),
        pytest.param("$argon2id$rubbish", "rubbish", id="no argon2id"),
        pytest.param("", "", id="an empty one"),
        pytest.param("", "nobody has this password", id="an empty one, and what nobody has"),
    ],
)
async def test_whatever_is_stored_is_a_no_at_worst(
    hasher: PasswordHasher, stored: str, password: str
) -> None:
    """Never an error, and never a yes."""
    assert not await hasher.verify(password, stored)


async def test_unknown_user_costs_as_much_as_wrong_password(
    hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ASVS 6.3.8: one argon2id each; one besides for an imported hash, however cheap it was made."""
    seen = []
    plain = hasher._verify_ours

    def verify(*given: Any) -> Any:
        seen.append(given[1])
        return plain(*given)

    monkeypatch.setattr(hasher, "_verify_ours", verify)

    for stored in (None, BCRYPT, await hasher.hash("U*U")):
        await hasher.verify("U*V", stored)

    assert len(seen) == 3


async def test_a_flood_is_refused(hasher: PasswordHasher) -> None:
    """More than may wait get a 503 at once, and the room is given back."""
    hasher._room, kept = 0, hasher._room
    with pytest.raises(ServiceUnavailableError):
        await hasher.hash("kettle purple window")
    hasher._room = kept

    assert hasher._room == QUEUE_PER_THREAD
    assert await hasher.hash("kettle purple window")


async def test_a_weaker_hash_is_renewed_at_login(hasher: PasswordHasher) -> None:
    """ASVS 11.4.2: any parameter below today's makes a hash outdated, which Login then replaces."""
    for weaker in ({"time_cost": 1}, {"memory_cost": 8 * 1024}):
        given: dict[str, Any] = {
            "time_cost": 2,
            "memory_cost": 19 * 1024,
            "parallelism": 1,
            **weaker,
        }
        assert hasher.is_outdated(Argon2(**given).hash("kettle purple window"))
