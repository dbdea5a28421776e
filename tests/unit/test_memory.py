"""tests/support/memory.py: a directory that is in use is left alone, one of a killed run is not."""

import os
from pathlib import Path

import pytest

from tests.support import memory
from tests.support.memory import YOUNG_S, make_directory


def test_what_a_killed_run_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the next run; nothing of a run that goes on, or that begins."""
    monkeypatch.setattr(memory, "_has_room", lambda: True)
    monkeypatch.setattr(memory, "MEMORY", tmp_path)
    running, killed, young = (make_directory() for _ in range(3))
    for one in (killed, young):
        (one.path / "file").touch()
        one.lock.close()
    long_ago = killed.path.stat().st_mtime - 2 * YOUNG_S
    for one in (running, killed):
        os.utime(one.path, (long_ago, long_ago))

    last = make_directory()
    assert set(tmp_path.iterdir()) == {running.path, young.path, last.path}
    running.remove()
    assert set(tmp_path.iterdir()) == {young.path, last.path}
    last.remove()
