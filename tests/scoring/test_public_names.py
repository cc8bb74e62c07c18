"""Importing ``quant.scoring`` is light, and its public names load."""

import subprocess
import sys

import pytest

import quant.scoring

HEAVY = ("numpy", "pandas", "scipy", "pydicom", "jinja2", "pyarrow")


@pytest.mark.parametrize("name", quant.scoring.__all__)
def test_every_public_name_loads_and_is_documented(name: str) -> None:
    found = getattr(quant.scoring, name)

    assert name == "SEGMENTS" or found.__doc__


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = quant.scoring.nothing


def test_importing_it_loads_nothing_heavy() -> None:
    check = f"import quant.scoring, sys; print([m for m in {HEAVY!r} if m in sys.modules])"

    done = subprocess.run(  # noqa: S603 - our own interpreter, our own code
        [sys.executable, "-c", check], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
