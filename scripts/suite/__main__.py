"""Run all checks (`make test`), or the quick half (`make check`): python -m scripts.suite [quick]."""

import asyncio
import sys

from scripts.suite.run import run_all, say
from scripts.suite.stages import everything, quick

KINDS = {"everything": everything, "quick": quick}


def main(arguments: list[str]) -> int:
    """The exit code."""
    [kind] = arguments or ["everything"]
    if kind not in KINDS:
        say(f"no such suite: {kind}; there are {', '.join(KINDS)}")
        return 2
    return asyncio.run(run_all(KINDS[kind](), say))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
