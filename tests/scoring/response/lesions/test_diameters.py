"""Longest axial diameter and short axis, against analytic ellipsoids and boxes and brute force."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.region import Region
from quant.errors import RegionError
from quant.scoring.response.lesions.diameters import (
    Plane,
    axial_diameters,
    border_points,
    longest_and_short,
)

FLOAT = NDArray[np.float64]


def _turn(degrees: float, axis: int) -> FLOAT:
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    one, other = (n for n in range(3) if n != axis)
    found = np.eye(3)
    found[one, one], found[one, other], found[other, one], found[other, other] = c, -s, s, c
    return found


def _grid(shape: tuple[int, int, int], steps: FLOAT) -> Grid:
    """Grid whose middle is at (10, -20, 30) mm; ``steps`` columns are k, j, i."""
    affine = np.eye(4)
    affine[:3, :3] = steps
    affine[:3, 3] = np.array([10.0, -20.0, 30.0]) - steps @ (np.array(shape) - 1) / 2
    return Grid(shape, affine)


def _axes(spacing: tuple[float, float, float], turn: FLOAT | None = None) -> FLOAT:
    """Columns k, j, i of an axial grid: z, y, x."""
    steps = np.array([[0, 0, 1.0], [0, 1.0, 0], [1.0, 0, 0]]) * np.array(spacing)
    found: FLOAT = steps if turn is None else turn @ steps
    return found


GRIDS = {
    "axial": _axes((2.0, 1.0, 1.0)),
    "head to feet": _axes((2.0, 1.0, 1.0)) * np.array([-1.0, 1.0, 1.0]),
    "rows and columns reversed": _axes((2.0, 1.0, 1.0)) * np.array([1.0, -1.0, -1.0]),
    "anisotropic": _axes((3.0, 0.8, 1.3)),
    "oblique by 8 degrees": _axes((2.0, 1.0, 1.0), _turn(8.0, 0)),
    "coronal stack": np.array([[0, 0, 1.0], [2.0, 0, 0], [0, 1.0, 0]]),
    "sagittal stack": np.array([[2.0, 0, 0], [0, 0, 1.0], [0, 1.0, 0]]),
}


def _weights(grid: Grid, inside: "Inside", parts: int) -> NDArray[np.float32]:
    """Fraction of each voxel inside, from ``parts`` cubed points (1: its centre)."""
    offsets = (np.arange(parts) + 0.5) / parts - 0.5
    index = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)
    total = np.zeros(grid.shape)
    for offset in itertools.product(offsets, repeat=3):
        total += inside(grid.to_mm(index + np.array(offset)))
    return (total / parts**3).astype(np.float32)


class Inside:
    """A solid around (10.3, -19.6, 30.2) mm, turned about the patient's long axis."""

    centre = np.array([10.3, -19.6, 30.2])

    def __init__(self, half: tuple[float, float, float], degrees: float, *, box: bool) -> None:
        self.half, self.box = np.array(half), box
        self.turn = _turn(degrees, 2)

    def __call__(self, points: FLOAT) -> NDArray[np.bool_]:
        """Tell which of (..., 3) points, LPS mm, lie inside."""
        scaled = (points - self.centre) @ self.turn / self.half
        found: NDArray[np.bool_] = (
            (np.abs(scaled) <= 1).all(axis=-1) if self.box else (scaled**2).sum(axis=-1) <= 1
        )
        return found


def _region(steps: FLOAT, inside: Inside, parts: int) -> Region:
    spacing = np.linalg.norm(steps, axis=0)
    reach = np.abs(np.linalg.inv(steps)) @ np.full(3, inside.half.max() * 1.8)
    shape = tuple(int(2 * math.ceil(one) + 5) for one in reach)
    assert spacing.min() > 0
    grid = _grid((shape[0], shape[1], shape[2]), steps)
    return Region.from_full(grid, _weights(grid, inside, parts), "lesion")


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("degrees", [0.0, 33.0])
def test_ellipsoid_has_its_axes_within_half_a_pixel_when_its_edge_is_fractional(
    name: str, degrees: float
) -> None:
    """Half axes 14, 9 and 12 mm: the middle slice is an ellipse of 28 by 18 mm.

    On tilted planes the ellipse is a little larger or smaller: 8 degrees change it by below 1 %.
    """
    found = axial_diameters(_region(GRIDS[name], Inside((14, 9, 12), degrees, box=False), 3))

    pixel = max(np.delete(np.linalg.norm(GRIDS[name], axis=0), found.axis))
    assert found.longest_mm == pytest.approx(28.0, abs=0.5 * pixel)
    assert found.short_mm == pytest.approx(18.0, abs=0.5 * pixel)


@pytest.mark.parametrize("name", GRIDS)
def test_binary_ellipsoid_is_within_a_pixel(name: str) -> None:
    """Pixel centres only: the border lies up to half a pixel off on either side."""
    found = axial_diameters(_region(GRIDS[name], Inside((14, 9, 12), 33.0, box=False), 1))

    pixel = max(np.delete(np.linalg.norm(GRIDS[name], axis=0), found.axis))
    assert found.longest_mm == pytest.approx(28.0, abs=pixel)
    assert found.short_mm == pytest.approx(18.0, abs=pixel)


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("degrees", [0.0, 33.0])
def test_box_has_its_diagonal_and_the_extent_across_it(name: str, degrees: float) -> None:
    """Box of 24 by 14 mm: diagonal 27.8 mm, across it 2 x 24 x 14 / 27.8 = 24.2 mm.

    A corner that is cut half way between pixels loses up to a pixel at either end.
    """
    found = axial_diameters(_region(GRIDS[name], Inside((12, 7, 10), degrees, box=True), 3))

    pixel = max(np.delete(np.linalg.norm(GRIDS[name], axis=0), found.axis))
    diagonal = math.hypot(24, 14)
    assert found.longest_mm == pytest.approx(diagonal, abs=1.2 * pixel)
    assert found.short_mm == pytest.approx(2 * 24 * 14 / diagonal, abs=2.0 * pixel)


def test_box_of_whole_pixels_is_exact_in_one_row_and_by_its_border() -> None:
    """One row of 7 pixels of 2 x 3 mm is 14 mm long and 3 mm across.

    In a block of 4 x 3 pixels the border runs from the middle of a pixel's edge to another's.
    """
    row = np.zeros((3, 5, 9), dtype=np.float32)
    row[1, 2, 1:8] = 1
    block = np.zeros((3, 6, 6), dtype=np.float32)
    block[1, 1:5, 1:4] = 1
    grid = _grid((3, 5, 9), _axes((5.0, 3.0, 2.0)))

    line = axial_diameters(Region.from_full(grid, row, "row"))
    square = axial_diameters(
        Region.from_full(_grid((3, 6, 6), _axes((5.0, 1.0, 1.0))), block, "block")
    )

    assert (line.longest_mm, line.short_mm) == pytest.approx((14.0, 3.0))
    assert square.longest_mm == pytest.approx(max(math.hypot(3, 3), math.hypot(4, 2)))


def test_one_voxel_is_as_long_as_its_longer_side() -> None:
    weights = np.zeros((3, 3, 3), dtype=np.float32)
    weights[1, 1, 1] = 1
    region = Region.from_full(_grid((3, 3, 3), _axes((5.0, 2.0, 3.0))), weights, "one")

    found = axial_diameters(region)

    assert (found.longest_mm, found.short_mm) == pytest.approx((3.0, 2.0))


def test_ends_of_the_line_lie_on_the_border_at_their_distance() -> None:
    region = _region(GRIDS["oblique by 8 degrees"], Inside((14, 9, 12), 20.0, box=False), 2)

    found = axial_diameters(region)

    assert np.linalg.norm(found.ends_mm[1] - found.ends_mm[0]) == pytest.approx(found.longest_mm)
    index = region.grid.to_index(found.ends_mm)
    assert index[:, found.axis] == pytest.approx([found.index, found.index])
    assert np.linalg.norm(found.ends_mm.mean(axis=0) - Inside.centre) < 3.0


def test_the_same_lesion_stored_in_reverse_has_the_same_diameters() -> None:
    one = _region(GRIDS["axial"], Inside((14, 9, 12), 33.0, box=True), 1)
    full = one.full_weights()[::-1, ::-1, :]
    affine = one.grid.affine.copy()
    affine[:3, 3] = one.grid.to_mm((one.grid.shape[0] - 1, one.grid.shape[1] - 1, 0))
    affine[:3, 0] *= -1
    affine[:3, 1] *= -1
    other = Region.from_full(Grid(one.grid.shape, affine), np.ascontiguousarray(full), "back")

    first, second = axial_diameters(one), axial_diameters(other)

    assert second.longest_mm == pytest.approx(first.longest_mm, rel=1e-12)
    assert second.short_mm == pytest.approx(first.short_mm, rel=1e-12)


def test_a_stack_in_another_direction_is_measured_in_its_axial_planes() -> None:
    """Half axes 8, 8 and 20 mm: axial 16 mm, but 40 mm in the coronal slices themselves."""
    region = _region(GRIDS["coronal stack"], Inside((8, 8, 20), 0.0, box=False), 2)

    axial, own = axial_diameters(region), axial_diameters(region, Plane.ACQUISITION)

    assert axial.longest_mm == pytest.approx(16.0, abs=1.0)
    assert axial.tilt_degrees == pytest.approx(0.0, abs=1e-6)
    assert own.longest_mm == pytest.approx(40.0, abs=1.0)
    assert {flag.code for flag in own.flags} == {"DIAMETER_OBLIQUE"}


def test_parts_and_edges_are_flagged() -> None:
    weights = np.zeros((3, 8, 12), dtype=np.float32)
    weights[1, 3:5, 1:3] = 1
    weights[1, 3:5, 8:12] = 1

    found = axial_diameters(Region.from_full(_grid((3, 8, 12), _axes((2, 1, 1))), weights, "two"))

    assert {flag.code for flag in found.flags} == {"DIAMETER_PARTS", "DIAMETER_EDGE"}
    assert found.parts == 2


def test_a_region_without_half_a_voxel_is_refused() -> None:
    weights = np.full((1, 2, 2), 0.4, dtype=np.float32)

    with pytest.raises(RegionError, match="too small"):
        axial_diameters(Region.from_full(_grid((1, 2, 2), _axes((1, 1, 1))), weights, "faint"))


def _brute(points: FLOAT) -> tuple[float, float]:
    """All pairs, and the greatest extent across any of the longest."""
    pairs = list(itertools.combinations_with_replacement(range(len(points)), 2))
    lengths = {pair: float(np.linalg.norm(points[pair[1]] - points[pair[0]])) for pair in pairs}
    longest = max(lengths.values())
    extents = [0.0]
    for (one, other), length in lengths.items():
        if longest > 0 and length >= longest * (1 - 1e-9):
            line = (points[other] - points[one]) / length
            heights = points @ np.array([-line[1], line[0]])
            extents.append(float(heights.max() - heights.min()))
    return longest, max(extents)


@settings(max_examples=150, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(1, 9), st.integers(1, 9)),
           elements=st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0])),
    st.sampled_from([(1.0, 1.0), (2.0, 0.7), (0.3, 3.1)]),
)  # fmt: skip
def test_hull_and_callipers_find_what_all_pairs_of_all_crossings_give(
    weights: FLOAT, pixel: tuple[float, float]
) -> None:
    if not (weights >= 0.5).any():
        return
    every = _all_crossings(weights) * np.array(pixel)

    longest, short, pair = longest_and_short(border_points(weights) * np.array(pixel))

    assert (longest, short) == pytest.approx(_brute(every), rel=1e-9, abs=1e-12)
    ends = (border_points(weights) * np.array(pixel))[pair]
    assert np.linalg.norm(ends[1] - ends[0]) == pytest.approx(longest)


def _all_crossings(weights: FLOAT) -> FLOAT:
    """Every point between two neighbouring pixel centres where the weight crosses one half."""
    padded = np.pad(weights, 1)
    found = []
    for j, i in np.argwhere(padded >= 0.5):
        for dj, di in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            beyond = padded[j + dj, i + di]
            if beyond < 0.5:
                part = (padded[j, i] - 0.5) / (padded[j, i] - beyond)
                found.append((j - 1 + dj * part, i - 1 + di * part))
    return np.array(found)
