"""docs/webhooks.md is true: its lines verify what we send, and its schedule is ours."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.domain.webhook_signature import secret_text, signed_headers
from service.domain.webhook_tries import DELAYS
from tests.support.forked import ROOT
from tests.support.waiting import PATIENCE

PAGE = (ROOT / "docs" / "webhooks.md").read_text()
SECRET, BODY = bytes(range(32)), '{"data":{"reason":"çelik"}}'.encode()


def lines_in(language: str) -> str:
    [lines] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(lines)


def cases() -> list[tuple[dict[str, str], bytes, bool]]:
    """Headers, body, and whether they are good."""
    now = int(time.time())

    def signed(*secrets: bytes, at: int = now) -> dict[str, str]:
        return dict(signed_headers(secrets, event_id="evt_1_1-1", at_seconds=at, body=BODY))

    return [
        (signed(SECRET), BODY, True),
        (signed(b"n" * 32, SECRET), BODY, True),
        (signed(b"n" * 32), BODY, False),
        (signed(SECRET), BODY + b" ", False),
        (signed(SECRET, at=now - 301), BODY, False),
        (signed(SECRET, at=now + 310), BODY, False),
        ({**signed(SECRET), "webhook-id": "evt_1_1-2"}, BODY, False),
        ({**signed(SECRET), "webhook-signature": "v1, v2,x v1,AAAA"}, BODY, False),
    ]


def test_in_python() -> None:
    """As the page has it."""
    given: dict[str, Callable[..., bool]] = {}
    exec(lines_in("python"), given)  # noqa: S102
    verify = given["verify"]
    found = [verify(secret_text(SECRET), headers, body) for headers, body, _ in cases()]
    assert found == [good for *_, good in cases()]


async def test_in_node(tmp_path: Path) -> None:
    """As the page has it."""
    (tmp_path / "verify.mjs").write_text(lines_in("js"))
    asked = [[headers, body.decode()] for headers, body, _ in cases()]
    (tmp_path / "run.mjs").write_text(
        'import { verify } from "./verify.mjs";\n'
        f"const secret = {json.dumps(secret_text(SECRET))}, asked = {json.dumps(asked)};\n"
        "console.log(JSON.stringify(asked.map(([h, b]) => verify(secret, h, Buffer.from(b)))));\n"
    )
    node = await asyncio.create_subprocess_exec(
        "node", str(tmp_path / "run.mjs"), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(node.communicate(), PATIENCE)
    assert json.loads(out) == [good for *_, good in cases()]


def test_the_schedule() -> None:
    """What the page says of tries."""
    units = {"s": 1, "min": 60, "h": 3600}
    said: Any = re.search(r"again in (.*?), each up to", PAGE)
    found = [int(n) * units[unit] for n, unit in re.findall(r"(\d+) (s|min|h)", said[1])]
    assert found == [delay.total_seconds() for delay in DELAYS]


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_the_example_has_the_headers(header: str) -> None:
    """All that is sent."""
    assert f"\n{header}: " in PAGE
