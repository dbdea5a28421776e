"""Alembic's environment: the schema of `service.contracts.tables`, over asyncpg."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from service.contracts.schema import metadata
from service.store.database import database_url
from service.store.migrations.run import LOCK, is_ours


def run(connection: Connection) -> None:
    """Migrate; whoever comes at the same time waits."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        include_schemas=True,
        include_name=is_ours,
    )
    with context.begin_transaction():
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({LOCK})")
        context.run_migrations()


async def run_online() -> None:
    """Connect to the URL that `migrate` was given, or to DATABASE_URL."""
    url = context.config.attributes.get("url") or os.environ["DATABASE_URL"]
    engine = create_async_engine(database_url(url), poolclass=NullPool, hide_parameters=True)
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


asyncio.run(run_online())
