"""Start every server of this system, print their process ids, and stop them at the end of input.

python -m tests.world.start_all EMPTY_DIRECTORY
"""

import json
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.support.servers.installed import find_program
from tests.support.servers.nginx import start_nginx
from tests.support.servers.pgbouncer import start_pgbouncer
from tests.support.servers.postgresql import add_owner, find_binaries, start_system_postgres
from tests.support.servers.redis import start_redis


def main(home: Path) -> None:
    """Each has answered when it is printed."""
    binaries = find_binaries()
    redis, pgbouncer, nginx = map(find_program, ("redis-server", "pgbouncer", "nginx"))
    assert binaries
    assert redis
    assert pgbouncer
    assert nginx
    with ExitStack() as stack:
        postgres = stack.enter_context(start_system_postgres(home / "postgres", binaries))
        pooler = start_pgbouncer(home / "pgbouncer", pgbouncer, add_owner(postgres))
        started = {
            "postgres": postgres,
            "pgbouncer": stack.enter_context(pooler),
            "redis": stack.enter_context(start_redis(home / "redis", redis)),
            "nginx": stack.enter_context(start_nginx(home / "nginx", nginx, "")),
        }
        sys.stdout.write(json.dumps({name: server.pid for name, server in started.items()}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
