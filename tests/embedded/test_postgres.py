import os
import pwd
import shutil
import subprocess
from pathlib import Path
from subprocess import Popen
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest

from service.embedded import EmbeddedError, start_postgres
from service.embedded.postgres import Postgres
from tests.embedded.conftest import Starter, WaitGone
from tests.support.ordinary_user import ORDINARY_USER
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster to copy: making one takes longer than all else here."""
    home = tmp_path_factory.mktemp("made") / "postgres"
    with start_postgres(home, durable=False) as server:
        assert server.running
    return home


@pytest.fixture
def home(made: Path, private_dir: Path) -> Path:
    """Data at rest, below a directory that only its owner may enter."""
    return shutil.copytree(made, private_dir)


async def ask(url: str, question: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_a_client_finds_what_was_promised(home: Path) -> None:
    """PostgreSQL 18, UTF-8 that knows letters beyond ASCII, and the name inphora everywhere."""
    with start_postgres(home, durable=False) as server:
        said = await ask(
            server.url,
            "select concat_ws(' ', current_database(), current_user, current_setting('TimeZone'),"
            " current_setting('server_encoding'), lower('Ä'), current_setting('server_version'))",
        )

        assert said.startswith("inphora inphora UTC UTF8 ä 18.")
        assert server.url.startswith("postgresql://inphora:")
        assert server.url.endswith(f"@127.0.0.1:{server.port}/inphora")


async def test_a_wrong_password_is_refused(home: Path) -> None:
    with start_postgres(home, durable=False) as server:
        password = urlsplit(server.url).password
        assert password

        assert password not in repr(server)
        assert (home / "password").stat().st_mode & 0o777 == 0o600
        with pytest.raises(asyncpg.InvalidPasswordError):
            await ask(server.url.replace(password, "guess"), "select 1")


def test_no_directory_above_the_data_is_opened(private_dir: Path) -> None:
    """A first start, too, works where only root may go, and leaves that so."""
    before = [above.stat() for above in private_dir.parents]
    with start_postgres(private_dir / "postgres", durable=False):
        pass

    kept = [(above.stat().st_mode, above.stat().st_uid) for above in private_dir.parents]
    assert kept == [(stat.st_mode, stat.st_uid) for stat in before]


async def test_data_and_address_outlive_a_durable_server(home: Path) -> None:
    with start_postgres(home) as first:
        await ask(first.url, "create table kept as select 42 as answer")
    with start_postgres(home) as second:
        assert await ask(second.url, "select answer from kept") == 42
        assert second.url == first.url


async def test_a_killed_server_comes_back_with_its_data(home: Path) -> None:
    with start_postgres(home, durable=False) as server:
        pid, url = server.pid, server.url
        await ask(url, "create table kept as select 42 as answer")

        server.kill()

        assert not server.running
        with pytest.raises(OSError, match="Connect call failed"):
            await ask(url, "select 1")

        server.restart()

        assert await ask(url, "select answer from kept") == 42
        assert server.url == url
        assert server.pid != pid


async def test_a_killed_starter_takes_its_server_along(
    starter: Starter, wait_gone: WaitGone, home: Path
) -> None:
    """And the next start finds the data, whether or not the server is quite gone."""
    with starter("postgres", home) as (process, server, url):
        await ask(url, "create table kept as select 42 as answer")
        process.kill()
        wait_gone(server)
    with starter("postgres", home) as (process, server, url):
        process.kill()
        process.wait()
        with start_postgres(home, durable=False) as heir:
            assert await ask(heir.url, "select answer from kept") == 42
        wait_gone(server)


def test_ctrl_c_is_not_for_the_server(home: Path) -> None:
    """It has a session of its own: a terminal's signals go to the foreground only."""
    with start_postgres(home, durable=False) as server:
        assert os.getsid(server.pid) == server.pid


def test_an_orphan_is_stopped_before_the_next_start(home: Path) -> None:
    """Even one whose watcher is gone too, and of whom only postmaster.pid tells."""
    program = Postgres(home)
    with start_postgres(home, durable=False) as earlier:
        port = earlier.port
    command = [*program.prepare(), *program.command(port)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as orphan:
        assert orphan.stderr is not None
        while "ready to accept" not in orphan.stderr.readline():
            assert orphan.poll() is None

        with start_postgres(home, durable=False) as server:
            assert orphan.wait(PATIENCE) == 0
            assert server.running


def test_a_stale_pid_file_neither_stops_the_start_nor_harms_a_stranger(
    home: Path, stranger: Popen[bytes]
) -> None:
    for name in ("pid", "data/postmaster.pid"):
        (home / name).write_text(f"{stranger.pid}\n")

    with start_postgres(home, durable=False) as server:
        assert server.running
        assert stranger.poll() is None


def test_two_living_owners_are_refused(home: Path) -> None:
    with start_postgres(home, durable=False) as server:
        with pytest.raises(EmbeddedError, match="in use by process"):
            start_postgres(home, durable=False)

        assert server.running


def test_a_start_that_was_cut_short_is_begun_again(tmp_path: Path) -> None:
    half = tmp_path / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    with start_postgres(tmp_path / "postgres", durable=False) as server:
        assert not half.exists()
        assert server.running


def test_a_failed_start_says_why_and_where_to_read_on(home: Path) -> None:
    (home / "data" / "PG_VERSION").write_text("9\n")

    with pytest.raises(EmbeddedError, match="not compatible with this version") as refusal:
        start_postgres(home, durable=False)

    assert str(home / "server.log") in str(refusal.value)


def test_a_taken_port_is_exchanged_for_a_free_one(home: Path) -> None:
    with start_postgres(home, durable=False) as server:
        taken = server.port
        with start_postgres(home.with_name("second"), durable=False) as second:
            assert second.port != taken
            second.stop()
            (home.with_name("second") / "port").write_text(str(taken))
            with start_postgres(home.with_name("second"), durable=False) as third:
                assert third.port != taken


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_it_starts_for_an_ordinary_user_too(starter: Starter, private_dir: Path) -> None:
    owner = pwd.getpwnam("nobody")
    private_dir.mkdir()
    os.chown(private_dir, owner.pw_uid, owner.pw_gid)

    with starter("postgres", private_dir / "postgres", prefix=ORDINARY_USER) as (
        process,
        server,
        url,
    ):
        assert await ask(url, "select 42") == 42
        assert psutil.Process(process.pid).uids().effective == owner.pw_uid
        assert server.uids().effective == owner.pw_uid


@pytest.mark.skipif(os.geteuid() != 0, reason="others are not root to begin with")
def test_root_runs_it_as_somebody_else(home: Path) -> None:
    with start_postgres(home, durable=False) as server:
        assert psutil.Process(server.pid).uids().effective != 0
        assert Path(home).stat().st_uid == 0
