"""service/domain/foreign_hashes.py: hashes of other software, by vectors that they published."""

from hashlib import sha256

import bcrypt
import pytest

from service.domain.foreign_hashes import (
    MAX_BCRYPT_ROUNDS,
    MAX_ITERATIONS,
    UnusableHashError,
    check_importable,
    read_foreign,
)

CRYPT = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
"""Of `U*U`: the first vector of Openwall's crypt_blowfish."""
PASSLIB = "$pbkdf2-sha256$6400$0ZrzXitFSGltTQnBWOsdAw$Y11AchqV4b0sUisdZd0Xr97KWoymNE0LNNrnEgY4H9M"
DJANGO_SHA1 = "pbkdf2_sha1$24000$seasalt$F+kiWNHXbMBcwgxsvSKFCWHnZZ0="
DJANGO_SHA256 = "pbkdf2_sha256$1000000$seasalt$r1uLUxoxpP2Ued/qxvmje7UH9PUJBkRrvf9gGPL7Cps="
LONG = "velvet comet drifts under nine quiet bridges near the old harbour wall, twice"


def of(stored: str, password: str) -> bool:
    return read_foreign(stored).verify(password)


@pytest.mark.parametrize(
    ("stored", "password"),
    [
        pytest.param(CRYPT, "U*U", id="bcrypt of crypt_blowfish"),
        pytest.param(CRYPT.replace("$2a$", "$2y$"), "U*U", id="bcrypt as PHP writes it"),
        pytest.param(CRYPT.replace("$2a$", "$2b$"), "U*U", id="bcrypt of today"),
        pytest.param(f"bcrypt${CRYPT}", "U*U", id="Django's bcrypt"),
        pytest.param(PASSLIB, "password", id="passlib's PBKDF2 (its manual)"),
        pytest.param(DJANGO_SHA1, "KRONOS", id="Django's PBKDF2 with SHA-1"),
        pytest.param(DJANGO_SHA256, "lètmein", id="Django 5.1's PBKDF2 (its tests)"),
    ],
)
def test_hashes_of_other_software_are_verified(stored: str, password: str) -> None:
    """Whoever moves in signs in with the password they have."""
    check_importable(stored)

    assert of(stored, password)
    assert not of(stored, password + "x")


def test_django_hashes_a_password_first() -> None:
    """bcrypt_sha256: bcrypt of the SHA-256's hex, so that no letter is lost."""
    digest = sha256(LONG.encode()).hexdigest().encode()
    stored = "bcrypt_sha256$" + bcrypt.hashpw(digest, bcrypt.gensalt(4)).decode()

    assert of(stored, LONG)
    assert not of(stored, LONG[:-1])


def test_a_long_password_is_verified_as_bcrypt_made_it() -> None:
    """bcrypt read 72 bytes; its library of today refuses more, which is not to be a 500."""
    stored = bcrypt.hashpw(LONG.encode()[:72], bcrypt.gensalt(4)).decode()

    assert of(stored, LONG)
    assert not of(stored, LONG[1:])


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        pytest.param("", "not a hash", id="nothing"),
        pytest.param("correct horse battery staple", "not a hash", id="a password"),
        pytest.param("5f4dcc3b5aa765d61d8327deb882cf99", "not a hash", id="MD5"),
        pytest.param("!kJ8s0dH", "not a hash", id="Django's mark of an unusable one"),
        pytest.param("$2x$" + CRYPT[4:], "not a hash", id="the broken bcrypt"),
        pytest.param(CRYPT[:-1], "not a hash", id="bcrypt cut short"),
        pytest.param(CRYPT.replace("05", "31"), "31 rounds", id="bcrypt for days"),
        pytest.param(CRYPT.replace("05", "03"), "3 rounds", id="bcrypt of too few rounds"),
        pytest.param(f"bcrypt$bcrypt${CRYPT}", "not a hash", id="a name too many"),
        pytest.param(DJANGO_SHA1.replace("24000", "0"), "0 iterations", id="no iteration"),
        pytest.param(DJANGO_SHA1.replace("24000", "99999999"), "99999999", id="PBKDF2 for minutes"),
        pytest.param("pbkdf2_sha256$1$s$AAAA", "too short", id="a key of three bytes"),
        pytest.param("pbkdf2_sha256$1$s$AAAAA", "base64", id="broken base64"),
        pytest.param("pbkdf2_md5$1$s$AAAA", "not a hash", id="PBKDF2 of another digest"),
        pytest.param("$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAA", "argon2id", id="argon2i"),
        pytest.param(
            "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$AAAAAAAAAAA", "m=", id="argon2id of 4 GiB"
        ),
        pytest.param("$argon2id$nonsense", "not a hash of argon2", id="argon2 of nonsense"),
        pytest.param("é" * 60, "not a", id="not ASCII"),
    ],
)
def test_absurd_hashes_are_refused_at_import(stored: str, why: str) -> None:
    """Work is bounded, and the message does not show the hash."""
    with pytest.raises(UnusableHashError) as refused:
        check_importable(stored)

    assert why in str(refused.value)
    assert not stored or stored not in str(refused.value)


def test_the_bounds_themselves_are_taken() -> None:
    """What frameworks use today is within them."""
    check_importable(CRYPT.replace("05", str(MAX_BCRYPT_ROUNDS)))
    check_importable(DJANGO_SHA256.replace("1000000", str(MAX_ITERATIONS)))
