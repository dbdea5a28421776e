"""argon2id in threads of its own, so that a flood of sign-ins cannot starve anything else.

Hashes that other software made are verified too, until their owners have signed in once.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher as Argon2
from argon2.exceptions import InvalidHashError, VerificationError

from service.domain.errors import ServiceUnavailableError
from service.domain.foreign_hashes import UnusableHashError, read_foreign
from service.domain.password_policy import canonical

MEMORY_KIB = 19 * 1024
TIME_COST = 2
PARALLELISM = 1
"""OWASP's password storage cheat sheet: 19 MiB, t=2, p=1."""

OURS = "$argon2id$"

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
        return await self._run(lambda: self._argon2.hash(canonical(password)))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether the password is right; as slow for somebody unknown (None) as for anybody.

        Slower only for a hash that other software made: it is verified besides.
        """
        known = self._nobody if stored is None else stored
        right = await self._run(lambda: self._verify(password, known))
        return right and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether a hash was made with weaker parameters than today's, or by another algorithm."""
        return not stored.startswith(OURS) or self._argon2.check_needs_rehash(stored)

    def close(self) -> None:
        """Let what is under way end; take nothing new."""
        self._threads.shutdown(cancel_futures=True)

    def _verify(self, password: str, stored: str) -> bool:
        if not stored.startswith(OURS):
            self._verify_ours(password, self._nobody)  # never faster than for somebody unknown
            return _verify_foreign(password, stored)
        return self._verify_ours(password, stored)

    def _verify_ours(self, password: str, stored: str) -> bool:
        try:
            return self._argon2.verify(stored, canonical(password))
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


def _verify_foreign(password: str, stored: str) -> bool:
    """As it was typed, for so it was hashed; then in the form that is typed on another keyboard."""
    try:
        found = read_foreign(stored)
        return any(found.verify(form) for form in dict.fromkeys((password, canonical(password))))
    except (UnusableHashError, ValueError):  # ValueError: what bcrypt itself does not take
        return False
