"""The garbage collector passes over what a run keeps to its end: thousands of tests and all modules."""

import gc

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Look for cycles once, and never again in what is there by now."""
    gc.collect()
    gc.freeze()
