"""What holds for every test."""

import os

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
