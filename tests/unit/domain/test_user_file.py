"""service/domain/user_file.py: people from another system, or what is wrong with their line."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from service.domain.user_file import LineFault, Newcomer, read_people

NOW = datetime(2026, 11, 23, tzinfo=UTC)
HASH = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
HEADER = "email,name,password_hash,roles,created_at,email_verified\n"


def csv(*lines: str) -> list[Newcomer | LineFault]:
    return list(read_people([HEADER, *(f"{line}\n" for line in lines)], ndjson=False, now=NOW))


def ndjson(*records: dict[str, object] | dict[str, str | None] | str) -> list[Newcomer | LineFault]:
    lines = [r if isinstance(r, str) else json.dumps(r) for r in records]
    return list(read_people(lines, ndjson=True, now=NOW))


def test_both_forms_say_the_same() -> None:
    """Every field, in either form."""
    whole = Newcomer(
        email="Ann@x.example",
        name="Lee, Ann",
        password_hash=HASH,
        roles=("admin", "analyst"),
        created_at=datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    record = {
        "email": "Ann@x.example",
        "name": "Lee, Ann",
        "password_hash": HASH,
        "roles": ["analyst", "admin"],
        "created_at": "2020-01-02T03:04:05Z",
        "email_verified": True,
    }
    line = f'Ann@x.example,"Lee, Ann",{HASH},analyst admin,2020-01-02T03:04:05Z,true'

    assert csv(line) == ndjson(record) == [whole]


def test_only_the_address_is_needed() -> None:
    """What is left out, empty or null is nothing."""
    assert csv("a@x.example,,,,,") == ndjson({"email": "a@x.example", "name": None}, "")
    assert csv("a@x.example,,,,,") == [Newcomer(email="a@x.example")]


@pytest.mark.parametrize("said", ["false", "0", "No"])
def test_an_unproven_address_comes_without_its_password(said: str) -> None:
    """Only who reads its mail gets in: whoever typed it in there may be somebody else."""
    (newcomer,) = csv(f"a@x.example,,{HASH},,,{said}")
    assert isinstance(newcomer, Newcomer)

    assert newcomer.password_hash is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        pytest.param("nobody,,,,,", "email", id="no address"),
        pytest.param(",A,,,,", "email", id="no address at all"),
        pytest.param(f"a@x.example,{'n' * 201},,,,", "name", id="a name too long"),
        pytest.param("a@x.example,a\tb,,,,", "name", id="a name with a tab"),
        pytest.param("a@x.example,,5f4dcc3b5aa765d61d8327deb882cf99,,,", "not a hash", id="an MD5"),
        pytest.param(f"a@x.example,,{HASH.replace('05', '31')},,,", "31 rounds", id="absurd work"),
        pytest.param("a@x.example,,,king,,", "roles", id="an unknown role"),
        pytest.param("a@x.example,,,,yesterday,", "created_at", id="no instant"),
        pytest.param("a@x.example,,,,2020-01-02T03:04:05,", "time zone", id="no time zone"),
        pytest.param("a@x.example,,,,2027-01-02T03:04:05Z,", "until now", id="the future"),
        pytest.param("a@x.example,,,,,perhaps", "email_verified", id="neither true nor false"),
        pytest.param("a@x.example,,,", "4 fields", id="a field too few"),
    ],
)
def test_what_is_wrong_is_said_by_line(line: str, why: str) -> None:
    """Counted from the header on; what stands in the line is not repeated, and others are read."""
    fault, other = csv(line, "b@x.example,,,,,")

    assert isinstance(fault, LineFault)
    assert fault.line == 2
    assert why in fault.message
    assert "5f4dcc" not in fault.message
    assert other == Newcomer(email="b@x.example")


@pytest.mark.parametrize(
    ("record", "why"),
    [
        pytest.param("{", "not JSON", id="broken"),
        pytest.param("[" * 100_000, "not JSON", id="deep"),
        pytest.param("[]", "no JSON object", id="a list"),
        pytest.param({"email": 7}, "email", id="a number"),
        pytest.param({"email": "a@x.example", "password": "p"}, "no field", id="an unknown field"),
        pytest.param({"email": "a@x.example", "password_hash": 7}, "not a", id="a hash of 7"),
        pytest.param({"email": "a@x.example", "roles": [["admin"]]}, "roles", id="nested roles"),
        pytest.param({"email": "a@x.example", "roles": 7}, "roles", id="roles of 7"),
    ],
)
def test_what_is_wrong_with_json(record: Any, why: str) -> None:
    """Any value of any type is an answer, never an error."""
    (fault,) = ndjson(record)
    assert isinstance(fault, LineFault)

    assert why in fault.message


def test_an_address_stands_there_once() -> None:
    """In any spelling; the line that was first is named."""
    assert csv("a@x.example,,,,,", "A@X.example,,,,,")[1] == LineFault(
        3, "the address of line 2 once more"
    )


@pytest.mark.parametrize("header", ["", "name\n", "email,shoe_size\n", 'email,"name\n'])
def test_a_header_names_the_columns(header: str) -> None:
    """Without one nothing is read."""
    (fault,) = read_people([header, "a@x.example\n"] if header else [], ndjson=False, now=NOW)

    assert isinstance(fault, LineFault)
