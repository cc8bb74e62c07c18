"""A browser for tests of pages: the system's Chromium, headless, without network or graphics card.

Where there is none, tests are skipped with the reason; under continuous integration (``CI=true``)
that is a failure.
"""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

SWITCHES = [
    "--no-sandbox",  # tests may run as root in a container
    "--disable-dev-shm-usage",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]

NEEDED = (
    "no Chromium on this machine: these tests drive it from disk, without network "
    "(Debian and Ubuntu: apt-get install chromium; others: put a Chromium or Chrome on the PATH, "
    "or name it in QUANT_CHROMIUM)"
)


def chromium() -> str:
    """Return the path of Chromium, or skip the test; fail where that must not happen."""
    named = os.environ.get("QUANT_CHROMIUM", "")
    for name in filter(None, (named, *NAMES)):
        if found := shutil.which(name):
            return found
    if os.environ.get("CI") == "true":
        pytest.fail(NEEDED)
    pytest.skip(NEEDED)
