"""Who else may read the `v1_` views: a role of PostgreSQL that can do nothing but that."""

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contracts.analytics_tables import SCHEMA
from service.contracts.analytics_views import VIEWS
from service.store.database import Database

CONNECTIONS = 5
SETTINGS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "search_path": SCHEMA,
    "timezone": "UTC",
}
ROLE = text("""
    select rolsuper or rolcreaterole or rolreplication or rolbypassrls or exists (
               select from pg_roles as given where given.rolname ~ '^pg_(read_server|write|execute)'
               and pg_has_role(pg_roles.rolname, given.oid, 'member')) as mighty,
           pg_has_role(rolname, current_user, 'member') as ours
    from pg_roles where rolname = :role
""")
TOO_MUCH = text("""
    select n.nspname || '.' || c.relname
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
      and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast'
      and (has_table_privilege(:role, c.oid, 'insert, update, delete, truncate')
           or has_any_column_privilege(:role, c.oid, 'insert, update')
           or (n.nspname || '.' || c.relname <> all (cast(:views as text[]))
               and has_any_column_privilege(:role, c.oid, 'select')))
    order by 1
""")
INSUFFICIENT = "42501"


class RoleRefusedError(Exception):
    """Why a role cannot be given the views, and what to do."""


class Granted(NamedTuple):
    """How many views it may read; statements that somebody with more rights has to run."""

    views: int
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ViewGrants:
    """Raises RoleRefusedError, and then nothing has changed."""

    database: Database

    async def grant(self, role: str) -> Granted:
        """Let a role read every `v1_` view there is now, and make sure it can do no more."""
        async with self.database.transaction() as connection:
            await _check_role(connection, role)
            quoted = connection.dialect.identifier_preparer.quote_identifier(role)
            views = ", ".join(view.place for view in VIEWS)
            await connection.exec_driver_sql(f"grant usage on schema {SCHEMA} to {quoted}")
            await connection.exec_driver_sql(f"grant select on {views} to {quoted}")
            given = {"role": role, "views": [view.place for view in VIEWS]}
            if more := list(await connection.scalars(TOO_MUCH, given)):
                message = f"{role} may do more than read views: revoke its rights on {more[0]}"
                raise RoleRefusedError(
                    message + (f" and {len(more) - 1} others" if more[1:] else "")
                )
            return Granted(len(VIEWS), await _bound(connection, quoted))


async def _check_role(connection: AsyncConnection, role: str) -> None:
    found = (await connection.execute(ROLE, {"role": role})).one_or_none()
    if found is None:
        message = (
            f"there is no role {role}; make one, as whoever may: "
            f"create role {role} login password '…'"
        )
        raise RoleRefusedError(message)
    if found.mighty or found.ours:
        message = f"{role} may do far more than read views: make a role for this alone"
        raise RoleRefusedError(message)


async def _bound(connection: AsyncConnection, quoted: str) -> tuple[str, ...]:
    """Limit what it costs; the statements for whoever may, if we may not."""
    name = connection.dialect.identifier_preparer.quote_identifier(
        str(await connection.scalar(text("select current_database()")))
    )
    statements = (
        f"alter role {quoted} connection limit {CONNECTIONS}",
        *(
            f"alter role {quoted} in database {name} set {key} = '{value}'"
            for key, value in SETTINGS.items()
        ),
    )
    try:
        async with connection.begin_nested():
            for statement in statements:
                await connection.exec_driver_sql(statement)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != INSUFFICIENT:
            raise
        return statements
    return ()
