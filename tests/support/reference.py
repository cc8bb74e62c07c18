"""Where the reference sets that may not be shipped lie, and what to do when they are missing."""

import os
from pathlib import Path

import pytest

DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "reference"


def reference_dir(name: str) -> Path:
    """Return the folder of a reference set.

    The sets under a non-commercial licence are not part of the project. Where they are missing the
    test is skipped with the reason; in continuous integration that is a failure.
    """
    folder = Path(os.environ.get("QUANT_REFERENCE", str(DEFAULT))) / name
    if not folder.is_dir():
        reason = f"reference set {name} is not here (non-commercial licence): set QUANT_REFERENCE"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
