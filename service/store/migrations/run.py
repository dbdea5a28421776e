"""Bringing a database to today's schema."""

from alembic import command
from alembic.config import Config

LOCK = 0x1A7_5160  # any number that nothing else locks


def migrate(url: str) -> None:
    """Run what has not run yet; two at once are as good as one."""
    config = Config(attributes={"url": url})
    config.set_main_option("script_location", "service.store:migrations")
    command.upgrade(config, "head")
