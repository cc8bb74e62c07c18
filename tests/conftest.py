"""What holds for every test."""

import os

import pytest
from hypothesis import settings

os.environ["QUANT_CACHE"] = "off"
"""Tests never touch the cache of headers of whoever runs them; tests of it name a folder of theirs.

Compiled kernels, which hold nothing but code and count only while their source is the same, lie
where they always lie, so that tests do not compile them anew.
"""

settings.register_profile("same examples", derandomize=True, database=None)
settings.register_profile("new examples", database=None)
settings.load_profile("new examples" if os.environ.get("QUANT_NEW_EXAMPLES") else "same examples")
"""The same examples in every run: a run tells of the code. QUANT_NEW_EXAMPLES=1 searches on.

What such a search finds becomes a test of its own.
"""

LONG = ("tests/soak/", "tests/hostile/", "tests/e2e/", "tests/pipeline/")
"""Begun first, so that no core waits at the end for one long module."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long modules before all others; the order is else as it was."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))
