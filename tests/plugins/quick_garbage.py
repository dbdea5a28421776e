"""The garbage collector passes over what a run keeps to its end: thousands of tests and all modules."""

import gc

import pytest

SELDOM = (20_000, 20, 20)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Look for cycles once, never again in what is there by now, and less often in what comes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)
