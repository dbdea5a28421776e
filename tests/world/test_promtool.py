"""What Prometheus says of our metrics."""

import asyncio
import subprocess
from pathlib import Path

from tests.support.people import Browser, Person


async def test_metrics_are_well_formed(promtool: Path, browser: Browser, person: Person) -> None:
    """Names, types and help are as Prometheus wants them."""
    await browser.login(person)
    metrics = await browser.send("GET", "/metrics")
    assert (metrics.status, "# TYPE" in metrics.body) == (200, True)

    checked = await asyncio.to_thread(
        subprocess.run,
        [str(promtool), "check", "metrics"],
        input=metrics.body,
        text=True,
        capture_output=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")
