"""The migrations make exactly the schema of `service.contracts.tables`."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import AsyncEngine

from service.contracts.schema import metadata
from service.store.migrations.run import is_ours


async def test_nothing_is_missing(engine: AsyncEngine) -> None:
    """What autogenerate would still add is nothing, comments and indexes included."""
    async with engine.connect() as connection:
        difference = await connection.run_sync(
            lambda sync: compare_metadata(
                MigrationContext.configure(
                    sync,
                    opts={"compare_type": True, "include_schemas": True, "include_name": is_ours},
                ),
                metadata,
            )
        )

    assert difference == []
