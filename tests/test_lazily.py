"""Packages whose names load on first use promise exactly what they can load."""

from importlib import import_module

import pytest

PACKAGES = (
    "quant",
    "quant.cohort",
    "quant.scoring",
    "quant.scoring.response",
    "quant.scoring.spatial",
)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_promised_name_is_there_and_documented(package: str) -> None:
    module = import_module(package)

    found = {name: getattr(module, name) for name in module.__all__}

    assert dir(module) == sorted(found)
    assert all(one.__doc__ for one in found.values())


@pytest.mark.parametrize("package", PACKAGES)
def test_a_name_that_is_not_public_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        _ = import_module(package).nothing
