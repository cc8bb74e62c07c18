"""The ramp is read in order by any eye and in print."""

import numpy as np
from numpy.typing import NDArray

from quant.report.pictures.sheet.ramp import oklab_to_rgb, ramp, rgb_to_oklab

DEFICIENCIES = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
               [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
               [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
               [0.004733, 0.691367, 0.303900]],
}  # fmt: skip
"""Full deficiency, on linear RGB: Machado, Oliveira, Fernandes 2009, 10.1109/TVCG.2009.113."""


def linear(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.where(
        rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4
    )
    return found


def shades() -> NDArray[np.float64]:
    """(256, 3) float64: the ramp, 0 to 1."""
    return ramp().astype(np.float64) / 255.0


def test_oklab_gives_the_published_values_and_turns_back() -> None:
    """White and pure red as the author of Oklab gives them."""
    white, red = rgb_to_oklab(np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]))

    np.testing.assert_allclose(white, [1.0, 0.0, 0.0], atol=2e-4)
    np.testing.assert_allclose(red, [0.62796, 0.22486, 0.12585], atol=2e-4)
    some = np.random.default_rng(0).random((50, 3))
    np.testing.assert_allclose(oklab_to_rgb(rgb_to_oklab(some)), some, atol=1e-6)


def test_equal_steps_of_value_are_equal_steps_of_colour() -> None:
    steps = np.linalg.norm(np.diff(rgb_to_oklab(shades()), axis=0), axis=1)

    assert steps.min() > 0.9 * steps.mean()
    assert steps.max() < 1.1 * steps.mean()


def test_lightness_only_rises_from_nearly_black_to_nearly_white() -> None:
    lightness = rgb_to_oklab(shades())[:, 0]

    assert (np.diff(lightness) > 0.0).all()
    assert lightness[0] < 0.12
    assert lightness[-1] > 0.93


def test_it_stays_in_order_in_grey_and_for_every_colour_vision() -> None:
    rgb = linear(shades())

    assert (np.diff(rgb @ [0.2126, 0.7152, 0.0722]) > 0.0).all()
    for matrix in DEFICIENCIES.values():
        seen = np.clip(rgb @ np.array(matrix).T, 0.0, 1.0)
        assert (np.diff(seen @ [0.2126, 0.7152, 0.0722]) > 0.0).all()
