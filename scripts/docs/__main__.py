"""Write the pages of docs/ that the code already knows, or report which are stale (--check).

.venv/bin/python scripts/docs            write them
.venv/bin/python scripts/docs --check    exit 1 and name what differs
"""

import sys
from pathlib import Path

# Python puts this folder first, whose modules have common names. The repository belongs there.
sys.path[0] = str(Path(__file__).resolve().parents[2])

from scripts.docs.pages import check, write  # noqa: E402


def main(arguments: list[str]) -> int:
    """Write or check; the exit code."""
    if arguments == ["--check"]:
        return check()
    if arguments:
        sys.stderr.write(__doc__ or "")
        return 2
    return write()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
