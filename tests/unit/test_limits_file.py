"""The limits file: one clear line for every mistake, and noticed when it changes."""

from datetime import timedelta
from pathlib import Path

import pytest

from config.limits import SHIPPED, LimitsError, LimitsFile
from config.settings import Settings
from service.app import build_app
from service.limits import read_limits

GOOD = """
[policies.p]
routes = ["POST /api/auth/login"]
key = ["ip", "account"]
limit = 5
window = 60
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "limits.toml"


def make_settings(file: Path) -> Settings:
    return Settings(
        database_url="postgresql://localhost/x",
        redis_url="redis://localhost",
        secret_key="k" * 40,
        limits_file=file,
    )


def test_a_whole_policy(file: Path) -> None:
    """What is not said is shared, and counted in memory without Redis."""
    file.write_text(GOOD)

    (policy,) = read_limits(LimitsFile(file)).find("POST /api/auth/login")
    assert (policy.name, policy.limit, policy.window) == ("p", 5, timedelta(minutes=1))
    assert (policy.key, policy.shared, policy.without_redis) == (("ip", "account"), True, "memory")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param(("limit = 5", ""), "policies.p.limit: Field required", id="missing"),
        pytest.param(("limit = 5", "limit = 0"), "policies.p.limit", id="a limit of none"),
        pytest.param(("limit = 5", "limit = 5000000"), "policies.p.limit", id="a limit too large"),
        pytest.param(("limit = 5", 'limit = "5"'), "policies.p.limit", id="a number as text"),
        pytest.param(("window = 60", "window = 0.5"), "policies.p.window", id="half a second"),
        pytest.param(("window = 60", "window = 90000"), "policies.p.window", id="over a day"),
        pytest.param(('"account"', '"email"'), "policies.p.key.1", id="an unknown key"),
        pytest.param(('"ip", "account"', ""), "policies.p.key", id="no key"),
        pytest.param(('"account"', '"session"'), "does not know the key", id="a key it lacks"),
        pytest.param(("limit = 5", "limt = 5\nlimit = 5"), "policies.p.limt", id="a wrong name"),
        pytest.param(("login", "log-in"), "'POST /api/auth/log-in' is no route", id="no route"),
        pytest.param(("POST /", "POST "), "policies.p.routes.0", id="a route without a path"),
        pytest.param(("policies.p]", "policies.'p\"']"), "policies.p", id="a name with a quote"),
        pytest.param(("= 5", "="), "at line 5", id="not TOML"),
        pytest.param(("window", "limit"), "Cannot overwrite", id="said twice"),
        pytest.param((GOOD, ""), "policies: Field required", id="empty"),
        pytest.param(
            ("window = 60", 'window = 60\nwithout_redis = "hope"'),
            "policies.p.without_redis",
            id="an unknown way without Redis",
        ),
    ],
)
def test_a_mistake_stops_the_start(file: Path, change: tuple[str, str], named: str) -> None:
    """With one line that names the file and the place."""
    file.write_text(GOOD.replace(*change))

    with pytest.raises(SystemExit) as stopped:
        build_app(make_settings(file))
    line = str(stopped.value)
    assert line.startswith(f"inphora-auth: {file}: ")
    assert named in line
    assert "\n" not in line


def test_a_file_that_is_not_there(file: Path) -> None:
    """Named like any other mistake."""
    with pytest.raises(SystemExit, match="No such file or directory"):
        build_app(make_settings(file))


def test_a_change_is_noticed_once(file: Path) -> None:
    """An edit, a removal and a return; reading settles it, also when what was read is wrong."""
    file.write_text(GOOD)
    limits = LimitsFile(file)
    limits.read()
    assert not limits.changed()

    file.write_text(GOOD.replace("5", "50"))
    assert limits.changed()
    assert limits.read().rules[0].limit == 50
    assert not limits.changed()

    file.unlink()
    assert limits.changed()
    with pytest.raises(LimitsError):
        limits.read()
    assert not limits.changed()

    file.write_text(GOOD)
    assert limits.changed()


def test_what_is_shipped_leaves_room() -> None:
    """Dozens of sign-ins a minute from one address, a thousand refreshes of one session at once."""
    book = read_limits(LimitsFile(SHIPPED))
    a_minute = {
        policy.name: policy.limit / (policy.window / timedelta(minutes=1))
        for policy in book.policies
    }

    assert a_minute["login-ip"] >= 300
    assert a_minute["login-account"] >= 60
    assert a_minute["refresh"] >= 2000
    assert a_minute["api"] >= 3000
    assert book.find("GET /api/auth/me") == ()
    assert [policy.name for policy in book.find("GET /api/auth/sessions")] == ["api"]
