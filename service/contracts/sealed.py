"""The register of what is sealed under SECRET_KEY: a new key is to reach all of it.

Resealing works by this list, and a test fails on a column of bytes that stands in none of the three.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Table

from service.contracts.analytics_tables import pseudonym_key
from service.contracts.mail_tables import mails
from service.contracts.tables import (
    checkpoint_keys,
    person_keys,
    signing_keys,
    users,
    webhook_endpoints,
)


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed values. `context`, which binds one to its place, may name `{columns}`."""

    table: Table
    column: str
    context: str

    @property
    def name(self) -> str:
        """As people read it."""
        return f"{self.table.fullname}.{self.column}"


SEALED: Sequence[SealedColumn] = (
    SealedColumn(users, "totp_secret", "totp/{id}"),
    SealedColumn(users, "totp_pending", "totp/{id}"),
    SealedColumn(signing_keys, "private_key", "{kid}"),
    SealedColumn(checkpoint_keys, "private_key", "checkpoint/{kid}"),
    SealedColumn(person_keys, "sealed_key", "person/{owner}"),
    SealedColumn(webhook_endpoints, "secret", "webhook/{id}"),
    SealedColumn(webhook_endpoints, "previous_secret", "webhook/{id}"),
    SealedColumn(pseudonym_key, "sealed_key", "analytics/pseudonyms"),
    SealedColumn(mails, "sealed", "mails"),
)

SEALED_BY_PERSONS = frozenset(
    {
        "audit_log.personal",
        "audit_held.personal",
        "dead_letters.personal",
        "person_exports.archive",
    }
)
"""Under the keys of persons, which are sealed themselves: these values stay as they are."""

NOT_SEALED = frozenset(
    {
        "recovery_codes.code_hash",
        "signing_keys.public_key",
        "registrations.token_hash",
        "password_resets.token_hash",
        "email_changes.token_hash",
        "sign_in_failures.subject",
        "trusted_devices.token_hash",
        "passkeys.credential_id",
        "passkeys.public_key",
        "secret_keys.id",
        "audit_log.prev_hash",
        "audit_log.hash",
        "audit_held.prev_hash",
        "audit_held.hash",
        "audit_heads.hash",
        "audit_checkpoints.signature",
        "audit_stubs.signature",
        "checkpoint_keys.public_key",
        "analytics.export_file.sha256",
        "analytics.export_piece.body",
    }
)
"""Hashes, signatures, public keys, and files of numbers."""
