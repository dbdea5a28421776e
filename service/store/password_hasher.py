"""argon2id in threads of its own, so that a flood of sign-ins cannot starve anything else."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from unicodedata import normalize

from argon2 import PasswordHasher as Argon2
from argon2.exceptions import InvalidHashError, VerificationError

from service.domain.errors import ServiceUnavailableError

MEMORY_KIB = 19 * 1024
TIME_COST = 2
PARALLELISM = 1
"""OWASP's password storage cheat sheet: 19 MiB, t=2, p=1."""

QUEUE_PER_THREAD = 32

T = TypeVar("T")


class PasswordHasher:
    """Hashes and verifies. Raises ServiceUnavailableError when too many are waiting."""

    def __init__(self, *, threads: int = 2) -> None:
        self._argon2 = Argon2(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._room = threads * QUEUE_PER_THREAD
        self._nobody = self._argon2.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """A PHC string with a new salt."""
        return await self._run(lambda: self._argon2.hash(_canonical(password)))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether the password is right; as slow for somebody unknown (None) as for anybody."""
        right = await self._run(lambda: self._verify(_canonical(password), stored or self._nobody))
        return right and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made with weaker parameters than today's."""
        return self._argon2.check_needs_rehash(stored)

    def close(self) -> None:
        """Let what is under way end; take nothing new."""
        self._threads.shutdown(cancel_futures=True)

    def _verify(self, password: str, stored: str) -> bool:
        try:
            return self._argon2.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._room <= 0:
            raise ServiceUnavailableError
        self._room -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._room += 1


def _canonical(password: str) -> str:
    """One spelling a password, whatever keyboard typed it (SP 800-63B-4 §3.1.1.2: NFKC)."""
    return normalize("NFKC", password)
