"""No sealed column can be forgotten when SECRET_KEY changes."""

from sqlalchemy import LargeBinary

from service.contracts.schema import metadata
from service.contracts.sealed import NOT_SEALED, SEALED, SEALED_BY_PERSONS


def test_every_column_of_bytes_is_in_the_register() -> None:
    """Whoever adds one says whether SECRET_KEY seals it; what is gone is said no more."""
    there = {
        f"{table.fullname}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    said = [*(one.name for one in SEALED), *SEALED_BY_PERSONS, *NOT_SEALED]

    assert there - set(said) == set(), "say in service/contracts/sealed.py what these are"
    assert set(said) - there == set()
    assert len(set(said)) == len(said)


def test_what_its_comment_calls_sealed_is_sealed() -> None:
    """The data dictionary and the register say the same."""
    for table in metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, LargeBinary) and "sealed" in (column.comment or ""):
                assert f"{table.fullname}.{column.name}" not in NOT_SEALED
