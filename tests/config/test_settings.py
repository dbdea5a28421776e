"""Settings that would be found wrong too late."""

from typing import Any

import pytest
from pydantic import ValidationError

from config.settings import Settings

GOOD: dict[str, Any] = {
    "redis_url": "redis://h",
    "database_url": "postgresql://u:hunter2@h/d",
    "secret_key": "k" * 40,
}


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("database_url", "postgresql://u:hunter2@h:abc/d", "Port could not be cast"),
        ("database_url", "mysql://u:hunter2@h/d", "must be a URL that starts with"),
        ("cors_origins", "https://a.example/", "write origins as"),
        ("cors_origins", "*", "write origins as"),
        ("cors_origins", "https://A.example", "write origins as"),
        ("cors_origins", "https://a.example:443", "write origins as"),
        ("cors_origins", "https://u:hunter2@a.example:8443", "write origins as"),
        ("cors_origins", "https://a.example, b.example", "write origins as"),
    ],
)
def test_refused_with_a_reason(name: str, value: str, why: str) -> None:
    """The reason names what to write, and no password."""
    with pytest.raises(ValidationError, match=why) as refused:
        Settings(**{**GOOD, name: value})
    assert "hunter2" not in str(refused.value)


def test_origins_are_split_at_commas_and_spaces() -> None:
    """As people write lists."""
    settings = Settings(**GOOD, cors_origins="https://a.example,https://b.example:8443")
    assert settings.cors_origins == ("https://a.example", "https://b.example:8443")
