"""Stores of one's own, and a person whose every trace is known."""

from tests.processes.conftest import (  # noqa: F401 - fixtures
    empty_database,
    migrated,
    own_environment,
    stores,
    visit,
)
