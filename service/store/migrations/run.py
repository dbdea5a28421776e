"""Bringing a database to today's schema."""

import re
from typing import Any

from alembic import command
from alembic.config import Config

LOCK = 0x1A7_5160  # any number that nothing else locks


def migrate(url: str) -> None:
    """Run what has not run yet; two at once are as good as one."""
    config = Config(attributes={"url": url})
    config.set_main_option("script_location", "service.store:migrations")
    command.upgrade(config, "head")


def is_ours(name: str | None, kind: str, _: Any = None) -> bool:
    """Whether the models know of a table: months of the audit are made as time goes by."""
    return kind != "table" or name is None or not re.fullmatch(r"audit_log_\d{4}_\d\d", name)
