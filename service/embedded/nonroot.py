"""How to run what refuses to run as root, without opening a single directory to anybody.

Two ways, the first that works here wins:

setpriv   another user who keeps CAP_DAC_OVERRIDE, and so passes directories that only root may
          enter. SECBIT_NO_SETUID_FIXUP, because access(2), with which initdb looks for its own
          binary, otherwise forgets the capabilities of whoever is not root. Docker's default
          capabilities are enough.
unshare   a user namespace in which we have another number. Root needs CAP_SETFCAP for it, others
          nothing, but many containers forbid it. It is how a user whom /etc/passwd does not know,
          and whom initdb would refuse, gets a name.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from service.embedded.errors import EmbeddedError

ALIAS = "nobody"
PROBE = '"$0" --bindir >/dev/null && : >"$1/probe" && rm "$1/probe"'
HELP = (
    "PostgreSQL will not run as {who}, and here nobody else can be had: run this as an ordinary user"
    " that /etc/passwd knows, or install util-linux (setpriv), or give the container the capabilities"
    " CHOWN, DAC_OVERRIDE, SETUID, SETGID and SETPCAP (Docker's default set has them)"
)


def find_prefix(folder: Path, *, probe: Path) -> list[str]:
    """Return the words to put before a command, so that it owns `folder` and is not root.

    `probe` is PostgreSQL's pg_config: like initdb it must find itself. As root, `folder` and what
    is in it (nothing above it) change hands to the user who shall run the server.
    """
    uid = os.geteuid()
    if uid and _has_name(uid):
        return []
    for owner, group, prefix in _ways(folder, uid):
        if _give(folder, owner, group) and _works(prefix, folder, probe):
            return prefix
    raise EmbeddedError(HELP.format(who="root" if not uid else f"the nameless user {uid}"))


def _ways(folder: Path, uid: int) -> Iterator[tuple[int, int, list[str]]]:
    try:
        nobody = pwd.getpwnam(ALIAS)
    except KeyError:
        return
    setpriv, unshare = shutil.which("setpriv"), shutil.which("unshare")
    if setpriv and not uid:
        kept = folder.stat()
        owner = (kept.st_uid, kept.st_gid) if kept.st_uid else (nobody.pw_uid, nobody.pw_gid)
        yield *owner, _setpriv(setpriv, *owner)
    if unshare:
        names = [f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}"]
        yield uid, os.getegid(), [unshare, "--user", *names]


def _setpriv(setpriv: str, uid: int, gid: int) -> list[str]:
    who = [f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
    kept = "-all,+dac_override"
    may = [
        f"--inh-caps={kept}",
        f"--ambient-caps={kept}",
        "--securebits=+no_setuid_fixup",
    ]
    return [setpriv, *who, *may]


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _give(folder: Path, uid: int, gid: int) -> bool:
    if folder.stat().st_uid == uid:
        return True
    try:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, uid, gid, follow_symlinks=False)
    except OSError:
        return False
    return True


def _works(prefix: list[str], folder: Path, probe: Path) -> bool:
    command = [*prefix, "/bin/sh", "-c", PROBE, str(probe), str(folder)]
    tried = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    return tried.returncode == 0
