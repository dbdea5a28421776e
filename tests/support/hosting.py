"""Applications that many tests share: an app costs more to build than most tests take."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web

from config.settings import Settings
from service.app import build_app
from service.web.server import Runner
from tests.support.waiting import PATIENCE
from tests.web.wire import Served

T = TypeVar("T")


@dataclass(slots=True)
class Hosting:
    """One application per settings, served until the end in an event loop of its own.

    Tests have a loop each, so what outlives a test runs in another thread, as it runs in another
    process elsewhere.
    """

    loop: asyncio.AbstractEventLoop
    _served: dict[Settings, Served] = field(default_factory=dict)
    _runners: list[Runner] = field(default_factory=list)

    def __call__(self, settings: Settings) -> Served:
        """Where the application of these settings is served."""
        if settings not in self._served:
            self._served[settings] = self.run(self._serve(settings))
        return self._served[settings]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine that runs beside the applications."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    async def close(self) -> None:
        """Stop all of them as SIGTERM does."""
        for runner in self._runners:
            await runner.cleanup()

    async def _serve(self, settings: Settings) -> Served:
        runner = Runner(build_app(settings))
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return Served(*runner.addresses[0])


@contextmanager
def hosting() -> Iterator[Hosting]:
    """Start the loop; at the end stop the applications and the loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="hosting", daemon=True)
    thread.start()
    hosted = Hosting(loop)
    try:
        yield hosted
        hosted.run(hosted.close())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()
