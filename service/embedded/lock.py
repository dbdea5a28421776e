"""One living owner a data directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.embedded.errors import EmbeddedError


@contextmanager
def hold(data_dir: Path) -> Iterator[None]:
    """Keep `data_dir` (made if missing) for this process until the block ends, else EmbeddedError.

    The kernel drops the lock with its process, so a stale lock file stops nobody. The file itself
    is never removed: two processes could then lock two files of one name.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (data_dir / "lock").open("a+")
    except OSError as error:
        reason = f"cannot keep data in {data_dir}: {error.strerror}; name another with --data-dir"
        raise EmbeddedError(reason) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            reason = f"{data_dir} is in use by process {holder}: stop it, or name another with --data-dir"
            raise EmbeddedError(reason) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
