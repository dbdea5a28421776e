"""What browser tests ask behind the service's back, in one process for all of them.

Prints its address and serves until SIGTERM. `POST /people` makes a person and answers
the address; `GET /events/<session>` counts what the audit holds of a session, by type.
"""

import asyncio
import sys
from signal import SIGTERM
from uuid import uuid4

import asyncpg
from aiohttp import web

from config.settings import Settings, read_settings
from service.commands import open_stores
from service.operations.create_user import CreateUser
from service.store.password_hasher import PasswordHasher
from service.store.users import UserRecords
from service.wiring.policies import password_policy

HOST = "127.0.0.1"
CREATE: web.AppKey[CreateUser] = web.AppKey("create", CreateUser)
DATABASE: web.AppKey[asyncpg.Pool] = web.AppKey("database", asyncpg.Pool)
COUNT = "SELECT type, count(*) AS n FROM audit_log WHERE session_id = $1 GROUP BY type"


async def post_people(request: web.Request) -> web.Response:
    """Make a person of one test alone, with the name, password, roles and TOTP secret given."""
    wanted = await request.json()
    email = f"ada.{uuid4().hex[:8]}@people.example"
    await request.app[CREATE](email=email, name="Ada", **wanted)
    return web.json_response({"email": email})


async def get_events(request: web.Request) -> web.Response:
    """Count a session's events in the audit, by type."""
    rows = await request.app[DATABASE].fetch(COUNT, request.match_info["session_id"])
    return web.json_response({row["type"]: row["n"] for row in rows})


async def serve(settings: Settings) -> None:
    """Serve on a free port of loopback until SIGTERM."""
    url = settings.database_url.get_secret_value()
    async with (
        open_stores(settings) as stores,
        asyncpg.create_pool(url.replace("+asyncpg", ""), min_size=1, max_size=4) as database,
    ):
        app = web.Application()
        app[DATABASE] = database
        app[CREATE] = CreateUser(
            UserRecords(stores.database),
            PasswordHasher(threads=1),
            password_policy(settings),
            stores.sealer,
            stores.events,
            lambda: str(uuid4()),
        )
        app.add_routes(
            [web.post("/people", post_people), web.get("/events/{session_id}", get_events)]
        )
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        sys.stdout.write(f"http://{HOST}:{runner.addresses[0][1]}\n")
        sys.stdout.flush()
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(SIGTERM, stop.set)
        await stop.wait()
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(read_settings()))
