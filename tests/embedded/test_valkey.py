import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis

from service.embedded import EmbeddedError, start_valkey
from tests.embedded.conftest import Starter, WaitGone
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.server


@contextmanager
def client(url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(url, decode_responses=True, socket_timeout=PATIENCE) as connected:
        yield connected


def keep(url: str, key: str, value: str) -> None:
    """Write, and wait until it is on disk."""
    with client(url) as valkey:
        valkey.set(key, value)
        assert valkey.execute_command("WAITAOF", 1, 0, int(PATIENCE) * 1000)[0] == 1


def read(url: str, key: str) -> Any:
    with client(url) as valkey:
        return valkey.get(key)


def settings_of(valkey: Any, *names: str) -> dict[str, str]:
    """What it was started with."""
    found: dict[str, str] = valkey.config_get(*names)
    return found


def version_of(valkey: Any) -> str:
    version: str = valkey.info("server")["valkey_version"]
    return version


def test_a_client_finds_what_was_promised(private_dir: Path) -> None:
    """Valkey 9 that never evicts, on this machine only, for those who know the password."""
    with start_valkey(private_dir) as server, client(server.url) as valkey:
        password = urlsplit(server.url).password
        assert password

        assert version_of(valkey).startswith("9.")
        assert settings_of(valkey, "maxmemory-policy", "bind", "appendonly", "appendfsync") == {
            "maxmemory-policy": "noeviction",
            "bind": "127.0.0.1",
            "appendonly": "yes",
            "appendfsync": "everysec",
        }
        assert server.url == f"redis://:{password}@127.0.0.1:{server.port}/0"
        assert password not in repr(server)
        for secret in ("password", "valkey.conf"):
            assert (private_dir / secret).stat().st_mode & 0o777 == 0o600
        with (
            pytest.raises(redis.AuthenticationError),
            client(f"redis://127.0.0.1:{server.port}") as c,
        ):
            c.ping()


def test_a_configuration_is_read_first_and_arguments_win(tmp_path: Path) -> None:
    config = tmp_path / "some.conf"
    config.write_text("maxmemory 64mb\nhz 20\nappendfsync no\nport 1\n")

    args = ["--hz", "30", "--maxmemory-policy", "volatile-lru"]
    with (
        start_valkey(tmp_path / "valkey", config=config, args=args, durable=False) as server,
        client(server.url) as valkey,
    ):
        assert settings_of(valkey, "maxmemory", "hz", "maxmemory-policy", "appendonly") == {
            "maxmemory": str(64 * 1024 * 1024),
            "hz": "30",
            "maxmemory-policy": "volatile-lru",
            "appendonly": "no",
        }


def test_data_and_address_outlive_the_server(private_dir: Path) -> None:
    with start_valkey(private_dir) as first:
        keep(first.url, "answer", "42")
    with start_valkey(private_dir) as second:
        assert read(second.url, "answer") == "42"
        assert second.url == first.url


def test_a_killed_server_comes_back_with_its_data(private_dir: Path) -> None:
    with start_valkey(private_dir) as server:
        pid, url = server.pid, server.url
        keep(url, "answer", "42")

        server.kill()

        assert not server.running
        with pytest.raises(redis.ConnectionError):
            read(url, "answer")

        server.restart()

        assert read(url, "answer") == "42"
        assert server.url == url
        assert server.pid != pid


def test_a_hasty_server_begins_empty(tmp_path: Path) -> None:
    with start_valkey(tmp_path, durable=False) as server:
        with client(server.url) as valkey:
            valkey.set("answer", "42")

        server.restart()

        assert read(server.url, "answer") is None


def test_a_killed_starter_takes_its_server_along(
    starter: Starter, wait_gone: WaitGone, private_dir: Path
) -> None:
    """And the next start finds the data, whether or not the server is quite gone."""
    with starter("valkey", private_dir, durable=True) as (process, server, url):
        keep(url, "answer", "42")
        process.kill()
        wait_gone(server)
    with starter("valkey", private_dir, durable=True) as (process, server, url):
        process.kill()
        process.wait()
        with start_valkey(private_dir) as heir:
            assert read(heir.url, "answer") == "42"
        wait_gone(server)


def test_ctrl_c_is_not_for_the_server(tmp_path: Path) -> None:
    """It has a session of its own: a terminal's signals go to the foreground only."""
    with start_valkey(tmp_path, durable=False) as server:
        assert os.getsid(server.pid) == server.pid


def test_a_stale_pid_file_neither_stops_the_start_nor_harms_a_stranger(
    tmp_path: Path, stranger: Popen[bytes]
) -> None:
    (tmp_path / "pid").write_text(f"{stranger.pid}\n")

    with start_valkey(tmp_path, durable=False) as server:
        assert server.running
        assert stranger.poll() is None


def test_two_living_owners_are_refused(tmp_path: Path) -> None:
    with start_valkey(tmp_path, durable=False) as server:
        with pytest.raises(EmbeddedError, match="in use by process"):
            start_valkey(tmp_path, durable=False)

        assert server.running


def test_a_failed_start_says_why_and_where_to_read_on(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedError, match="Bad directive") as refusal:
        start_valkey(tmp_path, args=["--no-such-setting", "1"])

    assert str(tmp_path / "server.log") in str(refusal.value)


def test_a_stopped_server_may_be_stopped_again(tmp_path: Path) -> None:
    server = start_valkey(tmp_path, durable=False)
    server.stop()
    server.stop()

    assert not server.running
