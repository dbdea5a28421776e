"""The whole schema: every module of tables, known to Alembic and to the data dictionary."""

from service.contracts import mail_tables, passkey_tables
from service.contracts.export_tables import metadata

__all__ = ["mail_tables", "metadata", "passkey_tables"]
