"""Crofton's formula against SimpleITK, against planes, and against balls."""

import math
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.measure.shape.crofton import STEPS, crofton_areas, direction_shares
from quant.measure.shape.surface import measure_surface
from quant_kernels.surface import region_histogram
from tests.support.masks import Mask, Spacing, ball, blob, noise

EVEN = (1.0, 1.0, 1.0)
GRIDS: tuple[Spacing, ...] = (EVEN, (3.0, 4.8, 4.8), (5.2, 4.1, 3.3))


def histogram_of(mask: Mask) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Count the cubes of a mask."""
    return np.asarray(region_histogram(mask, np.uint8(1), np.uint8(1))[0])


def perimeter_by_simpleitk(mask: Mask, spacing_mm: Spacing) -> float:
    """Return what SimpleITK calls the perimeter of a 3D label; it pads nothing, so the mask is."""
    import SimpleITK

    sitk: Any = SimpleITK
    image = sitk.GetImageFromArray(np.pad(mask, 1))
    image.SetSpacing(spacing_mm[::-1])
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.ComputePerimeterOn()
    shape.Execute(image)
    return float(shape.GetPerimeter(1))


@pytest.mark.parametrize("mask", [blob((9, 10, 11), 2), noise((8, 9, 10), 0.4, 1)])
def test_on_cubic_voxels_the_area_is_simpleitks(mask: Mask) -> None:
    """1e-9: SimpleITK's constants for the sphere's cells have thirteen digits."""
    ours = measure_surface(mask, (4.8, 4.8, 4.8)).crofton_area_mm2

    assert ours == pytest.approx(perimeter_by_simpleitk(mask, (4.8, 4.8, 4.8)), rel=1e-9)


@pytest.mark.parametrize("spacing_mm", GRIDS)
def test_with_the_cells_of_cubic_voxels_every_grid_gives_simpleitks_area(
    spacing_mm: Spacing,
) -> None:
    """SimpleITK keeps the cells of cubic voxels on every grid; the counts are the same."""
    mask = noise((8, 9, 10), 0.4, 3)
    table = crofton_areas(np.array(spacing_mm), direction_shares(EVEN))

    area = float(histogram_of(mask) @ table)

    assert area == pytest.approx(perimeter_by_simpleitk(mask, spacing_mm), rel=1e-9)


@settings(deadline=None, max_examples=30)
@given(st.tuples(*[st.floats(0.5, 10.0)] * 3))
def test_the_cells_are_the_nearest_directions_and_fill_the_sphere(spacing_mm: Spacing) -> None:
    """Against the nearest of 26 germs for 20 000 even points: a Fibonacci sphere."""
    shares = direction_shares(spacing_mm)
    index = np.arange(20000) + 0.5
    polar, turn = np.arccos(1 - 2 * index / 20000), np.pi * (1 + 5**0.5) * index
    points = np.stack([np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)])
    germs = STEPS * np.array(spacing_mm)
    germs /= np.linalg.norm(germs, axis=1)[:, None]
    nearest = np.argmax(np.abs(germs @ points), axis=0)

    assert shares.sum() == pytest.approx(1.0, abs=1e-12)
    assert shares == pytest.approx(np.bincount(nearest, minlength=13) / 20000, abs=2e-3)


@pytest.mark.parametrize("spacing_mm", GRIDS)
def test_a_large_ball_has_its_area_on_any_voxels(spacing_mm: Spacing) -> None:
    """Radius of 14 longest edges: every direction sees the same ball."""
    radius = 14.0 * max(spacing_mm)
    mask = ball(radius, spacing_mm, np.array([0.1, 0.3, 0.45]))

    area = measure_surface(mask, spacing_mm).crofton_area_mm2

    assert area == pytest.approx(4.0 * math.pi * radius**2, rel=0.005)


@pytest.mark.parametrize("spacing_mm", GRIDS[1:])
def test_on_uneven_voxels_own_cells_see_planes_more_evenly(spacing_mm: Spacing) -> None:
    """Area of a plane over its direction: twice the shares times the cosines to the lines."""
    normals = np.random.default_rng(5).normal(size=(4000, 3))
    normals /= np.linalg.norm(normals, axis=1)[:, None]
    lines = STEPS * np.array(spacing_mm)
    lines /= np.linalg.norm(lines, axis=1)[:, None]
    own, even = (2.0 * np.abs(normals @ lines.T) @ direction_shares(s) for s in (spacing_mm, EVEN))

    assert own.mean() == pytest.approx(1.0, abs=0.005)
    assert own.std() < 0.9 * even.std()


def test_which_axis_is_which_does_not_matter() -> None:
    mask = blob((7, 8, 9), 5)
    plain = measure_surface(mask, (5.2, 4.1, 3.3)).crofton_area_mm2
    for order in permutations(range(3)):
        turned = np.ascontiguousarray(mask.transpose(order)[::-1])
        a, b, c = ((5.2, 4.1, 3.3)[axis] for axis in order)

        assert measure_surface(turned, (a, b, c)).crofton_area_mm2 == pytest.approx(plain, rel=1e-9)
