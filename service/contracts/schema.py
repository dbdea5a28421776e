"""The whole schema: every module of tables, known to Alembic and to the data dictionary."""

from service.contracts import factor_tables, link_tables, mail_tables, passkey_tables
from service.contracts.export_tables import metadata

__all__ = ["factor_tables", "link_tables", "mail_tables", "metadata", "passkey_tables"]
