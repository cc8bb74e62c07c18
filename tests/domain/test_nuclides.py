"""Half-lives against the values of the design's table, and the mean of a decaying frame."""

import math

import numpy as np
import pytest

from quant.dicom.acquisition import nuclide
from quant.domain.nuclides import (
    HALF_LIFE_S,
    agrees,
    half_life_s,
    mean_rate_delay_s,
    others_with,
)

ICRP_107_S = {
    "Tc-99m": 21654, "I-123": 47772, "I-131": 692988, "I-124": 360806, "In-111": 242326,
    "Lu-177": 574301, "Ga-68": 4062.6, "F-18": 6586.2, "Cu-64": 45720, "Zr-89": 282276,
    "Ga-67": 281768, "Tl-201": 262483, "Y-90": 230760,
}  # fmt: skip
"""Published, rounded to the second."""


@pytest.mark.parametrize(("name", "seconds"), ICRP_107_S.items())
def test_half_lives_are_those_of_icrp_107(name: str, seconds: float) -> None:
    assert half_life_s(name) == pytest.approx(seconds, abs=0.51)


@pytest.mark.parametrize("name", HALF_LIFE_S)
def test_every_name_is_one_that_headers_are_read_to(name: str) -> None:
    assert nuclide(name) == name


def test_a_header_may_be_two_percent_off() -> None:
    assert agrees(6588.0, "F-18")
    assert agrees(6586.2 * 1.0199, "F-18")
    assert not agrees(6586.2 * 1.0201, "F-18")
    assert not agrees(6586.2, "Xx-1")
    assert others_with(4062.6, "F-18") == ("Ga-68",)
    assert others_with(109.77, "F-18") == ()


@pytest.mark.parametrize("duration_s", [1e-3, 30.0, 1200.0, 7200.0, 36000.0])
def test_the_rate_equals_its_mean_when_stated(duration_s: float) -> None:
    """Against the mean of a million points; 1e-9 leaves room for their rounding."""
    constant = math.log(2.0) / 4062.6
    middle = (np.arange(1_000_000) + 0.5) * duration_s / 1_000_000
    mean = float(np.exp(-constant * middle).mean())
    found = math.exp(-constant * mean_rate_delay_s(4062.6, duration_s))
    assert found == pytest.approx(mean, rel=1e-9)


def test_a_frame_without_length_has_its_mean_at_its_start() -> None:
    assert mean_rate_delay_s(6586.2, 0.0) == 0.0
