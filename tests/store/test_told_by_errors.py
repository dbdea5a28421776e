"""No secret in an exception: not a statement's values, not a setting's."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from config.settings import SettingsError, read_settings
from tests.conftest import MakeSettings

SECRET = "kettle-purple-window"


async def test_no_secret_is_ever_in_an_exception_of_sql(engine: AsyncEngine) -> None:
    """What a statement was given stays out of the text that a log may show."""
    with pytest.raises(SQLAlchemyError) as caught:
        async with engine.connect() as connection:
            await connection.execute(text("select :secret from nothing"), {"secret": SECRET})

    assert SECRET not in str(caught.value)


def test_no_secret_is_ever_in_an_exception_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad setting is named, and its value isn't said; a good one has no text to print."""
    given = {
        "DATABASE_URL": f"nonsense://u:{SECRET}@db",
        "REDIS_URL": f"nonsense://u:{SECRET}@r",
        "SECRET_KEY": SECRET,
        "SMTP_URL": f"nonsense://u:{SECRET}@m",
        "INTROSPECTION_CLIENTS": f"a:{SECRET}",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises((SettingsError, SystemExit)) as caught:
        read_settings()

    assert "SECRET_KEY" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_no_setting_shows_its_secret(make_settings: MakeSettings) -> None:
    """`repr` and `str`, as a traceback or a debugger prints them."""
    settings = make_settings(
        secret_key=SECRET * 2, smtp_url=f"smtp://u:{SECRET}@m", metrics_token=SECRET * 2
    )

    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)
