"""`inphora-auth webhooks` as an operator meets it, and what the audit says of it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from subprocess import CompletedProcess
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from tests.conftest import now_ms
from tests.support.processes import python
from tests.support.receiver import Receiver
from tests.webhooks.conftest import Outbox

Command = Callable[..., Awaitable[CompletedProcess[str]]]


@pytest.fixture
def command(environment: dict[str, str], outbox: Outbox) -> Command:
    """Runs a command without holding up the receiver."""
    env = {**environment, "WEBHOOK_PRIVATE_ADDRESSES": "loopback"}

    async def run(*arguments: str, **changes: str) -> CompletedProcess[str]:
        return await asyncio.to_thread(
            python, "service", "webhooks", *arguments, env={**env, **changes}
        )

    return run


async def test_the_life_of_an_endpoint(
    command: Command, outbox: Outbox, product: Receiver, told: Callable[[], Any]
) -> None:
    """Added, looked at, replaced, disabled, enabled, removed; each is audited with who did it."""
    before = len(await told())
    added = await command("add", product.url, "--type", "session.ended", "--type", "user.*")
    assert added.returncode == 0, added.stderr
    name, secret = added.stdout.split()[0], added.stdout.split()[-1]
    assert secret.startswith("whsec_")
    assert "nobody is shown it again" in added.stderr

    [event] = await outbox.happen()
    await outbox.deliver()
    Webhook(secret).verify(product.got[0].body, product.got[0].headers)

    listed = await command("list", "--json")
    assert json.loads(listed.stdout)["id"] == name
    assert secret not in listed.stdout
    assert json.loads(listed.stdout)["types"] == ["session.ended", "user.*"]
    assert "ok, 0 wait, 0 failed" in (await command("list")).stdout
    shown = await command("deliveries", "--endpoint", name)
    assert f"evt_5_{event.stream_id}  delivered (200)" in shown.stdout

    rotated = await command("rotate-secret", name, "--json")
    second = json.loads(rotated.stdout)["secret"]
    assert second != secret

    assert (await command("disable", name)).stdout == f"{name} is disabled\n"
    assert (await command("disable", name)).stdout == f"{name} was already disabled\n"
    await outbox.happen()
    assert "disabled (operator), 1 wait" in (await command("list")).stdout
    assert (await command("test", name)).returncode == 1
    assert (await command("enable", name)).returncode == 0
    outbox.clock.ms = now_ms()
    assert await outbox.deliver() == 1
    for one in (secret, second):
        Webhook(one).verify(product.got[-1].body, product.got[-1].headers)

    number = json.loads((await command("deliveries", "--json", "--limit", "1")).stdout)["id"]
    replayed = await command("replay", str(number))
    assert replayed.stdout == "1 will be sent again\n"
    assert (await command("replay", "--since", "2026-01-01", "--endpoint", name)).stdout[0] == "1"
    assert (await command("replay", "--failed")).stdout == "0 will be sent again\n"

    removed = await command("remove", name, "--yes")
    assert removed.stdout == f"{name} is removed\n"
    assert await outbox.rows() == []
    said = [one for one in (await told())[before:] if name in one["data"]]
    assert sorted(one["type"] for one in said) == [
        "webhook.added",
        "webhook.disabled",
        "webhook.enabled",
        "webhook.removed",
        "webhook.replayed",
        "webhook.secret_rotated",
    ]
    assert {one["actor_id"].partition(":")[0] for one in said} == {"cli"}
    assert secret not in json.dumps(said)
    assert "/hooks" not in json.dumps(said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "https://127.0.0.1/", "--type", "*"), "which is not public"),
        (("add", "http://127.0.0.1/", "--type", "*"), "use https"),
        (("add", "https://8.8.8.8/", "--type", "moon.landed"), "nothing on offer is called moon"),
        (("enable", "ep_000000000000"), "there is no such endpoint"),
        (("disable", "ep_000000000000"), "there is no such endpoint"),
        (("remove", "ep_000000000000", "--yes"), "there is no such endpoint"),
        (("rotate-secret", "ep_000000000000"), "there is no such endpoint"),
        (("test", "ep_000000000000"), "there is no such endpoint"),
    ],
    ids=lambda each: each if isinstance(each, str) else " ".join(each[:2]),
)
async def test_one_line_for_what_is_wrong(
    command: Command, outbox: Outbox, arguments: tuple[str, ...], said: str
) -> None:
    """Exit code 1, and no stack trace."""
    found = await command(*arguments, WEBHOOK_PRIVATE_ADDRESSES="deny")
    assert (found.returncode, len(found.stderr.splitlines())) == (1, 1)
    assert said in found.stderr
    assert await outbox.endpoints.all() == []


async def test_replay_wants_to_know_what(command: Command) -> None:
    """Not everything by a slip."""
    found = await command("replay")
    assert found.returncode == 2
    assert "--since or --failed" in found.stderr


async def test_nothing_changes_without_redis(
    command: Command, outbox: Outbox, product: Receiver
) -> None:
    """What can't be audited is not done."""
    away = {"REDIS_URL": "redis://127.0.0.1:9"}
    assert (await command("add", product.url, "--type", "*", **away)).returncode == 1
    endpoint = await outbox.add(product.url)
    for name in ("disable", "enable", "rotate-secret"):
        assert (await command(name, endpoint.id, **away)).returncode == 1
    assert (await command("remove", endpoint.id, "--yes", **away)).returncode == 1
    [still] = await outbox.endpoints.all()
    assert still == endpoint
