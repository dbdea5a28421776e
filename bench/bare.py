"""The ceiling: aiohttp on uvloop that answers a constant, in a process of its own.

python -m bench.bare PORT
"""

import sys

import uvloop
from aiohttp import web


async def get_constant(_: web.Request) -> web.Response:
    return web.Response(body=b'{"status":"ok"}', content_type="application/json")


def main() -> None:
    """Serve until told to stop, run as `service.app.serve` runs the service."""
    app = web.Application()
    app.router.add_get("/", get_constant)
    web.run_app(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop=uvloop.new_event_loop(),
        access_log=None,
        print=lambda *_: None,
    )


if __name__ == "__main__":
    main()
