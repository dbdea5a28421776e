"""Two web processes, one limit: together they never let more through than it says."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest

from tests.support.limits import LOGOUT, new_name, policy_text, write_limits
from tests.support.people import Browser
from tests.support.processes import web_process


@pytest.mark.parametrize("limit", [40, 150], ids=["exact", "coarse"])
async def test_never_more_than_the_limit(
    environment: dict[str, str], tmp_path: Path, limit: int
) -> None:
    """Hundreds of requests at once over many connections to both: exactly the limit passes."""
    file = write_limits(tmp_path / "limits.toml", policy_text(new_name(), LOGOUT, limit=limit))
    env = {**environment, "LIMITS_FILE": str(file)}
    with ExitStack() as stack:
        bases = [
            await asyncio.to_thread(
                stack.enter_context, web_process(env, tmp_path / f"web-{number}.log")
            )
            for number in range(2)
        ]
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=60), headers={"Connection": "keep-alive"}
        ) as http:
            browsers = [Browser(http, base) for base in bases]
            replies = await asyncio.gather(
                *[browsers[n % 2].send("POST", "/api/auth/logout") for n in range(limit * 4)]
            )

    by_process = [[reply.status for reply in replies[n::2]] for n in range(2)]
    assert sum(statuses.count(401) for statuses in by_process) == limit
    assert all(statuses.count(401) > 0 for statuses in by_process)
    assert {status for statuses in by_process for status in statuses} == {401, 429}
