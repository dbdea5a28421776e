"""Processes are started by all tests here: `make check` leaves them out."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """As those that need servers."""
    for item in items:
        if "processes" in item.path.parts:
            item.add_marker(pytest.mark.server)
