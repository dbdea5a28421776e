"""Real workers, killed at the worst moment."""

import json
import re
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.processes.stores import Stores
from tests.support.processes import python, running
from tests.support.receiver import Receiver
from tests.support.waiting import wait_until

FIELDS: dict[Any, Any] = {
    "type": "session.ended",
    "at_ms": "1789000000000",
    "user_id": "9c44b5c9-8279-4821-a08e-98e8f07f0981",
    "session_id": "CcgrIW-_fsdC28SgIUTH2XU",
    "ip": "203.0.113.77",
    "user_agent": "CanaryBrowser/7",
    "reason": "logout",
}
EVENTS = 40


@pytest.fixture
def env(stores: Stores) -> dict[str, str]:
    return {**stores.env, "WEBHOOK_PRIVATE_ADDRESSES": "loopback", "LOG_LEVEL": "debug"}


async def test_a_worker_is_killed_between_sending_and_noting(
    stores: Stores,
    env: dict[str, str],
    product: Receiver,
    tmp_path: Path,
) -> None:
    """Each event arrives, again with the same id where it was not noted; one record each; no secret
    and nothing personal in logs or tables."""
    added = python("service", "webhooks", "add", product.url, "--type", "*", "--json", env=env)
    assert added.returncode == 0, added.stderr
    secret = json.loads(added.stdout)["secret"]
    product.open.clear()
    with running("workers", env=env, log=tmp_path / "worker.log") as worker:
        sent = {
            f"evt_{n % 16}_{(await stores.redis.xadd(f'auth:{{{n % 16:02}}}:events', FIELDS)).decode()}"
            for n in range(EVENTS)
        }

        async def some_are_held() -> bool:
            return product.waiting > 0

        await wait_until(some_are_held)
        await stores.drained()
        worker.kill()
        worker.wait()
    first = set(product.ids())
    assert first
    product.open.set()
    rows = await stores.rows("select event_id, delivered_at from webhook_deliveries")
    assert {event_id for event_id, at in rows if at is None} == sent
    # Sixty seconds pass: the leases of the dead.
    async with stores.engine.begin() as connection:
        await connection.exec_driver_sql(
            "update webhook_deliveries set due_at = due_at - interval '1 minute'"
        )
    with (
        running("workers", env=env, log=tmp_path / "worker.log"),
        running("workers", env=env, log=tmp_path / "other.log"),
    ):

        async def all_noted() -> bool:
            query = "select count(*) from webhook_deliveries where delivered_at is not null"
            return bool(await stores.value(query) == EVENTS)

        await wait_until(all_noted)
    assert set(product.ids()) == sent
    twice = [each for each in sent if product.ids().count(each) == 2]
    assert set(twice) == first
    assert len(product.got) == EVENTS + len(first)

    logs = "".join(file.read_text() for file in tmp_path.glob("*.log"))
    bodies = "".join(each.body.decode() for each in product.got)
    for kept_from in (logs, bodies):
        assert not re.search(r"whsec_|203\.0\.113\.77|CanaryBrowser", kept_from)
    assert secret not in logs


async def test_what_test_says(
    stores: Stores,
    env: dict[str, str],
    product: Receiver,
    tmp_path: Path,
) -> None:
    """Through a worker; its exit code is the answer."""
    import asyncio

    added = python("service", "webhooks", "add", product.url, "--type", "*", "--json", env=env)
    name = json.loads(added.stdout)["id"]

    async def test() -> CompletedProcess[str]:
        return await asyncio.to_thread(python, "service", "webhooks", "test", name, env=env)

    with running("workers", env=env, log=tmp_path / "worker.log"):
        good = await test()
        assert (good.returncode, good.stderr) == (0, "")
        assert "webhook.test" in good.stdout
        assert json.loads(product.got[0].body)["data"] == {}
        product.status = 500
        bad = await test()
    assert bad.returncode == 1
    assert "it was not taken: waits, 1 tries (500)" in bad.stderr
