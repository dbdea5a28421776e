"""What the environment says about Redis, and what the stores are given."""

from collections.abc import Callable
from pathlib import Path

import pytest

from config.settings import Settings, SettingsError, load_settings

BASE = {"DATABASE_URL": "postgresql://h/d", "SECRET_KEY": "k" * 40}


@pytest.fixture
def load(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[dict[str, str]], tuple[Settings, str]]:
    """The settings of an environment; `CA` stands for a file that is there."""
    ca = tmp_path / "ca.pem"
    ca.touch()

    def loading(env: dict[str, str]) -> tuple[Settings, str]:
        for name, value in {**BASE, **env}.items():
            monkeypatch.setenv(name, value.replace("CA", str(ca)))
        return load_settings(), str(ca).replace("/", "%2F")

    return loading


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        pytest.param({"REDIS_URL": "redis://h/1"}, "redis://h/1", id="as it is"),
        pytest.param(
            {"REDIS_URL": "redis://h", "REDIS_PASSWORD": "p@/:"},
            "redis://:p%40%2F%3A@h",
            id="a password of its own",
        ),
        pytest.param(
            {"REDIS_URL": "redis://:a@h", "REDIS_PASSWORD": "b"},
            "redis://:a@h",
            id="the URL's wins",
        ),
        pytest.param(
            {"REDIS_URL": "redis://user@h", "REDIS_PASSWORD": "b"},
            "redis://user:b@h",
            id="a user whose password is apart",
        ),
        pytest.param(
            {"REDIS_URL": "redis://h", "REDIS_SSL": "true", "REDIS_CA_FILE": "CA"},
            "rediss://h?ssl_ca_certs={ca}",
            id="TLS and an authority",
        ),
        pytest.param(
            {"REDIS_URL": "rediss://h?db=1", "REDIS_TLS_VERIFY": "off"},
            "rediss://h?ssl_cert_reqs=none&db=1",
            id="any certificate",
        ),
        pytest.param(
            {"REDIS_URL": "redis://h", "REDIS_TLS_VERIFY": "off"}, "redis://h", id="which needs TLS"
        ),
        pytest.param(
            {"REDIS_URL": "redis+sentinel://a,b/n", "REDIS_SENTINEL_PASSWORD": "x&y"},
            "redis+sentinel://a,b/n?sentinel_password=x%26y",
            id="Sentinels with a password",
        ),
        pytest.param(
            {"REDIS_URL": "redis+cluster://a", "REDIS_SSL": "1", "QUEUE_REDIS_URL": "redis://q"},
            "rediss+cluster://a",
            id="a cluster over TLS",
        ),
    ],
)
def test_redis_dsn(
    load: Callable[[dict[str, str]], tuple[Settings, str]], env: dict[str, str], expected: str
) -> None:
    settings, ca = load(env)

    assert settings.redis_dsn == expected.format(ca=ca)


def test_the_queue(load: Callable[[dict[str, str]], tuple[Settings, str]]) -> None:
    """The same as the sessions', unless it is named; then with the same trust."""
    assert load({"REDIS_URL": "redis+sentinel://a/n"})[0].queue_dsn == "redis+sentinel://a/n"
    env = {
        "REDIS_URL": "rediss+cluster://a",
        "QUEUE_REDIS_URL": "rediss://q",
        "REDIS_CA_FILE": "CA",
    }
    settings, ca = load(env)
    assert settings.queue_dsn == f"rediss://q?ssl_ca_certs={ca}"


@pytest.mark.parametrize(
    ("env", "said"),
    [
        pytest.param(
            {"REDIS_URL": "redis+cluster://a"},
            r"^QUEUE_REDIS_URL: must be set to a Redis that is no cluster",
            id="a cluster without a queue",
        ),
        pytest.param(
            {"REDIS_URL": "redis://a", "QUEUE_REDIS_URL": "redis+cluster://a"},
            "^QUEUE_REDIS_URL: ",
            id="a queue on a cluster",
        ),
        pytest.param(
            {"REDIS_URL": "redis+sentinel://a"}, "^REDIS_URL: must end with", id="no primary's name"
        ),
        pytest.param({"REDIS_URL": "redis://a,b"}, "^REDIS_URL: several hosts", id="two hosts"),
        pytest.param({"REDIS_URL": "redis://a:b"}, "^REDIS_URL: Port", id="a port of letters"),
        pytest.param(
            {"REDIS_URL": "redis://a", "REDIS_CA_FILE": "CA"},
            "^REDIS_CA_FILE: REDIS_URL does not speak TLS",
            id="an authority for nothing",
        ),
        pytest.param(
            {"REDIS_URL": "rediss://a", "REDIS_CA_FILE": "/no/such.pem"},
            "^REDIS_CA_FILE: Path does not point to a file",
            id="a file that is not there",
        ),
    ],
)
def test_refused(
    load: Callable[[dict[str, str]], tuple[Settings, str]], env: dict[str, str], said: str
) -> None:
    """One line that names the setting."""
    with pytest.raises(SettingsError, match=said) as refused:
        load(env)

    assert "\n" not in str(refused.value)
