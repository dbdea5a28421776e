"""A table's folder of exported days: every file is whole, and the manifest says which are what.

A file takes its place by a rename, and only then does the manifest speak of it: whenever a run is
cut short, what does not match the manifest is written again by the next.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import file_digest
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic
from typing import Any, Self

from service.contracts.analytics_views import View
from service.store.copies import Format
from service.store.schema_file import describe

VERSION = 1
MANIFEST, SCHEMA, LOCK = "_manifest.json", "_schema.json", ".lock"
PART = ".part-"
FLUSHED_EVERY = 10.0
"""Seconds; and at the end, however it comes."""


class FolderRefusedError(Exception):
    """Why nothing can be written here, and what to do."""


@dataclass(slots=True)
class ExportFolder:
    """One table's. Use `open_folder`."""

    path: Path
    view: View
    form: Format
    work: Path
    files: dict[str, dict[str, Any]]
    _flushed: float = field(default_factory=monotonic)

    def name_of(self, day: date) -> str:
        """Of a day's file."""
        return f"date={day}/part.{self.form.ending}"

    def exported_at(self, day: date) -> datetime | None:
        """Since when a closed day's file has not changed; None: write it."""
        said = self.files.get(self.name_of(day))
        file = self.path / self.name_of(day)
        if said is None or not said["closed"] or not file.is_file():
            return None
        with file.open("rb") as content:
            whole = file_digest(content, "sha256").hexdigest() == said["sha256"]
        return datetime.fromisoformat(said["as_of"]) if whole else None

    def publish(self, day: date, part: Path, *, rows: int, as_of: datetime, closed: bool) -> None:
        """Put what was written in its place."""
        name = self.name_of(day)
        with part.open("rb") as content:
            digest = file_digest(content, "sha256").hexdigest()
            os.fsync(content.fileno())
        (self.path / name).parent.mkdir(exist_ok=True)
        said = {
            "bytes": part.stat().st_size,
            "rows": rows,
            "sha256": digest,
            "as_of": as_of.isoformat(),
            "closed": closed,
        }
        part.replace(self.path / name)
        self.files[name] = said
        if monotonic() - self._flushed > FLUSHED_EVERY:
            self.flush()

    def flush(self) -> None:
        """Write the manifest."""
        said = {
            "version": VERSION,
            "table": self.view.name.removeprefix("v1_"),
            "format": self.form.value,
            "columns": _columns(self.view),
            "files": dict(sorted(self.files.items())),
        }
        self._write(MANIFEST, json.dumps(said, indent=1).encode() + b"\n")
        self._flushed = monotonic()

    def _write(self, name: str, body: bytes) -> None:
        part = self.work / name
        part.write_bytes(body)
        part.replace(self.path / name)

    @classmethod
    def read(cls, path: Path, view: View, form: Format, work: Path) -> Self:
        """What is there already. Raises FolderRefusedError."""
        folder = cls(path, view, form, work, {})
        try:
            said = json.loads((path / MANIFEST).read_bytes())
        except FileNotFoundError:
            said = None
        except ValueError:
            message = f"{path / MANIFEST} is not ours, or broken: give another --out, or delete it"
            raise FolderRefusedError(message) from None
        if said is not None:
            if said.get("format") != form.value:
                message = f"{path} holds {said.get('format')}: give another --out for {form.value}"
                raise FolderRefusedError(message)
            if said["columns"] == _columns(view):  # else a release added some: all is written again
                folder.files = said["files"]
        folder._write(SCHEMA, describe(view, form))
        return folder


@contextmanager
def open_folder(path: Path, view: View, form: Format) -> Iterator[ExportFolder]:
    """A table's folder, for this process alone. Raises FolderRefusedError, and OSError."""
    path.mkdir(parents=True, exist_ok=True)
    with (path / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another export is writing to {path}: wait until it has ended"
            raise FolderRefusedError(message) from None
        for left in path.glob(f"{PART}*"):  # of a run that was killed
            shutil.rmtree(left)
        work = Path(mkdtemp(prefix=PART, dir=path))
        try:
            folder = ExportFolder.read(path, view, form, work)
            try:
                yield folder
            finally:
                folder.flush()
        finally:
            shutil.rmtree(work)


def _columns(view: View) -> list[str]:
    return [f"{each.name} {each.type}" for each in view.columns]
