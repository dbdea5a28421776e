"""The database URL as platforms write it."""

import pytest

from service.store.database import database_url


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            "postgres://u:p@h:1/d", "postgresql+asyncpg://u:p@h:1/d", id="the short scheme"
        ),
        pytest.param("postgresql://h/d", "postgresql+asyncpg://h/d", id="the long scheme"),
        pytest.param(
            "postgres://h/d?sslmode=require",
            "postgresql+asyncpg://h/d?ssl=require",
            id="TLS as libpq spells it",
        ),
    ],
)
def test_database_url(given: str, expected: str) -> None:
    """Whatever a platform gives becomes a URL that asyncpg takes."""
    assert expected == database_url(given).render_as_string(hide_password=False)
