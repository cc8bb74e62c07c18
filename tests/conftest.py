"""What holds for every test."""

import os

os.environ["QUANT_CACHE"] = "off"
"""Tests never touch the cache of whoever runs them; tests of the cache name a folder of theirs."""
