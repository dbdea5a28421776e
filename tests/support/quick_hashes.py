"""A password costs the least that argon2id can, in the tests and in the processes they fork.

Processes of a new interpreter keep the product's cost: they renew a test's hash at its first
sign-in. tests/unit/test_password_hasher.py has the product's cost, too.
"""

from service.store import password_hasher

MEMORY_KIB, TIME_COST = password_hasher.MEMORY_KIB, password_hasher.TIME_COST
"""The product's."""


def hash_quickly() -> None:
    """In this process, from now on."""
    password_hasher.MEMORY_KIB, password_hasher.TIME_COST = 8, 1
