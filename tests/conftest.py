"""What holds for every test."""

import os

os.environ["QUANT_CACHE"] = "off"
"""Tests never touch the cache of headers of whoever runs them; tests of it name a folder of theirs.

Compiled kernels, which hold nothing but code and count only while their source is the same, lie
where they always lie, so that tests do not compile them anew.
"""
