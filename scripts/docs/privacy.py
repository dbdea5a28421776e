"""docs/privacy.md: what is held on people, why, how long, and how it is given out or erased."""

import re

from config.settings import Settings
from scripts.docs.markdown import bullets, codes, first_sentence, page, table
from scripts.docs.setting_fields import plain
from service.contracts import keys, person_rights
from service.contracts.processing import (
    IMPERSONAL,
    IN_LOGS,
    IN_REDIS,
    RECIPIENTS,
    REGISTER,
    WHOSE_DATA,
    Processing,
)
from service.contracts.schema import metadata
from service.store.person_archive import MEMBERS

HALF_PERSONAL = frozenset({"audit_log", "audit_held"})
"""Tables about people of which only some columns are about nobody."""


def render() -> str:
    """The page."""
    return page(
        "Privacy",
        "service/contracts/processing.py, person_rights.py, tables.py and keys.py, and "
        "service/store/person_archive.py",
        "For data protection officers, and for whoever answers a person. What this service holds on "
        "people, why, where and how long; how they get it; how they are forgotten. The controller is "
        "the company that runs it: check the lawful bases below against what you use it for, and add "
        "what you do with logs and backups.",
        *_register(),
        *_access(),
        *_erasure(),
    )


def _register() -> list[str]:
    activities: list[str] = []
    for each in REGISTER:
        activities += [f"### {each.name}", _described(each), _fields(each)]
    others = codes(sorted(set(IMPERSONAL) - HALF_PERSONAL))
    return [
        "## Register of processing",
        (
            f"Articles are of the GDPR. Whose data: {WHOSE_DATA}. Recipients: {RECIPIENTS}. "
            "Security: [audit.md](audit.md#personal-fields), "
            "[architecture.md](architecture.md#secrets). A test fails when a column or key is not listed."
        ),
        *activities,
        f"About nobody: {others}, and the hashes of `audit_log` and `audit_held`.",
        "### In Redis",
        "What is live. All of it goes by itself.",
        _in_redis(),
        "### In logs",
        "Logs cannot forget, so they are told nothing that would have to be forgotten.",
        table(("field", "what it says"), [(f"`{name}`", says) for name, says in IN_LOGS.items()]),
    ]


def _access() -> list[str]:
    return [
        "## Everything held on a person",
        person_rights.ACCESS,
        table(("member", "what it holds"), [(f"`{k}`", holds) for k, holds in MEMBERS.items()]),
        person_rights.ACCESS_BY_OPERATOR,
    ]


def _erasure() -> list[str]:
    return [
        "## Being forgotten",
        person_rights.ERASURE,
        person_rights.GRACE,
        bullets(person_rights.ERASED),
        person_rights.HELD,
        (
            "A test puts a person made of unmistakable words through all of this and finds none of them in "
            "any table, opened row of the audit, key of Redis or line of the log "
            "([test_erasure.py](../tests/persons/test_erasure.py))."
        ),
        "What is left to the operator:",
        bullets(person_rights.LEFT_TO_OPERATOR),
    ]


def _described(each: Processing) -> str:
    kept = bullets(
        [
            f"Lawful basis: {each.basis}.",
            f"Kept: {_with_defaults(each.retention)}.",
            f"Erasure: {each.erasure}.",
        ]
    )
    return f"{each.purpose}\n\n{kept}"


def _with_defaults(text: str) -> str:
    """A text with the default behind each setting that it names."""

    def named(found: re.Match[str]) -> str:
        field = Settings.model_fields.get(found[0].lower())
        if field is None:
            return found[0]
        return f"`{found[0]}` ({plain(field.default) or 'unset: for ever'})"

    return re.sub(r"\b[A-Z]+_[A-Z_]+\b", named, text)


def _fields(each: Processing) -> str:
    rows = [
        (f"`{name}.{column}`", metadata.tables[name].columns[column].comment or "")
        for name, columns in each.columns.items()
        for column in columns
    ]
    return table(("field", "what it is"), rows)


def _in_redis() -> str:
    rows = [
        (
            f"`{name}`",
            first_sentence(getattr(keys, name).__doc__),
            kept.holds,
            kept.lifetime,
            kept.erasure,
        )
        for name, kept in IN_REDIS.items()
    ]
    return table(("key", "what it is", "holds", "how long", "erasure"), rows)
