"""What a Redis URL may say."""

from typing import Any

import pytest

from service.store.redis_url import RedisUrl, Topology, read_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param(
            "redis://",
            {"addresses": (("localhost", 6379),)},
            id="nothing means this machine",
        ),
        pytest.param(
            "redis://user:p%40ss@h:1/3",
            {"addresses": (("h", 1),), "username": "user", "password": "p@ss", "db": 3},
            id="a user, a password with an @, a database",
        ),
        pytest.param(
            "rediss://:pw@[2001:db8::1]:2",
            {"addresses": (("2001:db8::1", 2),), "password": "pw", "tls": True},
            id="TLS to an IPv6 address",
        ),
        pytest.param(
            "unix://:pw@/run/redis.sock?db=2",
            {"path": "/run/redis.sock", "password": "pw", "db": 2},
            id="a Unix socket",
        ),
        pytest.param(
            "redis+sentinel://u:p@a,b:2/main/1",
            {
                "topology": Topology.SENTINEL,
                "addresses": (("a", 26379), ("b", 2)),
                "service": "main",
                "username": "u",
                "password": "p",
                "db": 1,
            },
            id="Sentinels, one at the usual port",
        ),
        pytest.param(
            "rediss+cluster://a:7000,b:7001",
            {"topology": Topology.CLUSTER, "addresses": (("a", 7000), ("b", 7001)), "tls": True},
            id="a cluster over TLS",
        ),
    ],
)
def test_read(url: str, expected: dict[str, Any]) -> None:
    read = read_url(url)

    plain = {"topology": Topology.SERVER, "options": read.options}
    assert read == RedisUrl(**{**plain, **expected})


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("http://h", "not a Redis URL", id="another protocol"),
        pytest.param("redis+sentinel://h:1", "name of its primary", id="Sentinel without a name"),
        pytest.param("redis+cluster://h:1/1", "only number 0", id="a cluster's other database"),
        pytest.param("redis+ring://h", "ring", id="an unknown topology"),
        pytest.param("redis://:secret@h:port", "[Pp]ort", id="a port that is none"),
    ],
)
def test_refused(url: str, said: str) -> None:
    """With a reason, and without the password."""
    with pytest.raises(ValueError, match=said) as refused:
        read_url(url)

    assert "secret" not in str(refused.value)


def test_an_unknown_option_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Platforms add options of other clients; they must not stop a start."""
    assert read_url("redis://h?family=6&db=1").options == {"db": "1"}

    assert "redis.url_option_ignored" in capsys.readouterr().out
