import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.embedded.errors import EmbeddedError
from service.embedded.lock import hold

HOLDER = """
import signal, sys
from pathlib import Path
from service.embedded.lock import hold

with hold(Path(sys.argv[1])):
    print("held", flush=True)
    signal.pause()
"""


def test_a_second_holder_is_refused_and_told_by_whom(tmp_path: Path) -> None:
    with (
        hold(tmp_path),
        pytest.raises(EmbeddedError, match=f"in use by process {os.getpid()}"),
        hold(tmp_path),
    ):
        pytest.fail("held twice")


def test_it_is_free_again_after_the_block(tmp_path: Path) -> None:
    with hold(tmp_path):
        pass
    with hold(tmp_path):
        assert (tmp_path / "lock").read_text() == str(os.getpid())


def test_a_holder_that_was_killed_holds_no_more(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(EmbeddedError, match=f"in use by process {holder.pid}"), hold(tmp_path):
            pytest.fail("held twice")

        holder.kill()
        holder.wait()

        with hold(tmp_path):
            pass


def test_the_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    with hold(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(EmbeddedError, match=str(file)), hold(file):
        pytest.fail("held a file")
