"""docs/data-dictionary.md: every table and column, with the comments that auditors read."""

from typing import Any

from sqlalchemy import Column, Table, UniqueConstraint, make_url

from scripts.docs.markdown import Row, codes, page, sentence, table
from service.contracts.schema import metadata

POSTGRESQL = make_url("postgresql+asyncpg://").get_dialect()()


def render() -> str:
    """The page."""
    tables = sorted(metadata.tables.values(), key=lambda one: one.fullname)
    parts: list[str] = []
    for one in tables:
        parts += [
            f"## {one.fullname}",
            f"{sentence(one.comment or '')} {_keys(one)}",
            table(("column", "type", "null", "comment"), [_row(column) for column in one.columns]),
        ]
    links = " · ".join(f"[{one.fullname}](#{one.fullname.replace('.', '')})" for one in tables)
    return page(
        "Data dictionary",
        "service/contracts/tables.py, analytics_tables.py, aggregate_tables.py and export_tables.py",
        "The tables in PostgreSQL. *Sealed* means AES-256-GCM under a key derived from "
        "`SECRET_KEY`. Instants have a time zone and are shown in UTC.",
        links,
        *parts,
    )


def _row(column: Column[Any]) -> Row:
    return (
        f"`{column.name}`",
        column.type.compile(POSTGRESQL).lower(),
        "yes" if column.nullable else "no",
        _meaning(column),
    )


def _keys(one: Table) -> str:
    unique = [
        codes(column.name for column in constraint.columns)
        for constraint in sorted(one.constraints, key=lambda constraint: str(constraint.name))
        if isinstance(constraint, UniqueConstraint)
    ]
    also = "".join(f" Unique: {columns}." for columns in unique)
    return f"Key: {codes(column.name for column in one.primary_key)}.{also}"


def _meaning(column: Column[Any]) -> str:
    to = [f"refers to `{key.target_fullname}`" for key in sorted(column.foreign_keys, key=str)]
    return "; ".join([*to, *([column.comment] if column.comment else [])])
