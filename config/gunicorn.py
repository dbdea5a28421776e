"""How gunicorn runs the web process on a platform; every name here is one of its settings.

One uvloop loop serves thousands of connections, so `workers` is for cores, not for requests. Each
keeps its own pools: the stores see WEB_CONCURRENCY times the connections.
"""

import os
from pathlib import Path

bind = f"0.0.0.0:{os.environ.get('PORT') or 8000}"
workers = int(os.environ.get("WEB_CONCURRENCY") or 1)
worker_class = "aiohttp.GunicornUVLoopWebWorker"

# Requests in flight get 19 s of it (service.web.server, where keep-alive is set as well), what is
# left is for closing pools; platforms wait 25 to 30 s.
graceful_timeout = 20
# A worker whose loop has stood still for so long is replaced.
timeout = 30
# Its heartbeat file must not wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# The service writes its own access log, with request ids and without secrets.
accesslog = None
errorlog = "-"
loglevel = (os.environ.get("LOG_LEVEL") or "info").lower()
# A process that must be restarted now and then has a leak to be found instead.
max_requests = 0
# Nobody administers it through a socket, and the file system may be read-only.
control_socket_disable = True
proc_name = "inphora-auth"
