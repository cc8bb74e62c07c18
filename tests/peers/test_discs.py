"""Area of a drawn disc: exact coverage against vertices rounded to pixels."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.discs import (
    centre_area_mm2,
    centres,
    our_area_mm2,
    outline_area_mm2,
    rounded_area_mm2,
)


@pytest.mark.parametrize("pixel_mm", [4.42, 0.98])
def test_a_drawn_disc_keeps_its_area_wherever_it_lies(pixel_mm: float, tmp_path: Path) -> None:
    """Coordinates are written with 10 digits; weights are float32."""
    for centre in centres(5, pixel_mm):
        area = our_area_mm2(centre, pixel_mm, tmp_path)
        assert area == pytest.approx(outline_area_mm2(), rel=1e-5)


@pytest.mark.parametrize(("pixel_mm", "excess"), [(4.42, 0.39), (0.98, 0.07)])
def test_vertices_rounded_to_pixels_add_to_the_area(pixel_mm: float, excess: float) -> None:
    """39 % at SPECT pixels: the method is redrawn here, so the figure is ours to keep true."""
    areas = [rounded_area_mm2(centre, pixel_mm) for centre in centres(50, pixel_mm)]

    assert np.mean(areas) / outline_area_mm2() == pytest.approx(1.0 + excess, abs=0.02)


def test_pixel_centres_are_right_on_average_but_scatter() -> None:
    areas = [centre_area_mm2(centre, 4.42) for centre in centres(200, 4.42)]

    assert np.mean(areas) / outline_area_mm2() == pytest.approx(1.0, abs=0.01)
    assert 0.01 < np.std(areas) / outline_area_mm2() < 0.08
