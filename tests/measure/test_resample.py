"""The grid of the IBSI manual, and linear interpolation against scipy."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from quant.domain.grid import Grid
from quant.domain.region import Region
from quant.measure.resample import grid_positions, resample_mask
from tests.support.masks import Mask, Spacing, blob, noise

SPACINGS: tuple[Spacing, ...] = ((4.0, 4.0, 4.0), (3.27, 5.47, 5.47), (5.0, 1.17, 0.98))


def region(mask: Mask, spacing_mm: Spacing) -> Region:
    """Place a mask of a whole image on a grid with its axes along the patient's."""
    affine = np.diag([*spacing_mm[::-1], 1.0])[:, [2, 1, 0, 3]]
    k, j, i = mask.shape
    return Region.from_full(Grid((k, j, i), affine, "1.2.3"), mask.astype(np.float32), "r")


def cut(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut away what is empty at the borders."""
    found = np.argwhere(mask)
    if not len(found):
        return mask[:0, :0, :0]
    k, j, i = (slice(a, b + 1) for a, b in zip(found.min(0), found.max(0), strict=True))
    return mask[k, j, i]


def by_scipy(mask: Mask, spacing_mm: Spacing, grid_mm: float) -> NDArray[np.uint8]:
    """Resample the whole image; outside of it the nearest voxel holds."""
    places = []
    for size, step in zip(mask.shape, spacing_mm, strict=True):
        count = int(np.ceil(round(size * step / grid_mm, 9)))
        offsets = (np.arange(count) - (count - 1) / 2) * grid_mm
        places.append((size - 1) / 2 + offsets / step)
    at = np.meshgrid(*places, indexing="ij")
    values = ndimage.map_coordinates(mask.astype(np.float64), at, order=1, mode="nearest")
    return np.asarray(values >= 0.5 - 1e-9).astype(np.uint8)


@pytest.mark.parametrize("spacing_mm", SPACINGS)
@pytest.mark.parametrize("grid_mm", [1.0, 2.0, 3.0, 7.3])
def test_masks_are_those_of_scipys_linear_interpolation(
    spacing_mm: Spacing, grid_mm: float
) -> None:
    """Regions inside the image, at its borders and all over it."""
    inner = np.pad(blob((5, 6, 7), 1), [(2, 3), (4, 1), (1, 2)])
    for mask in (inner, blob((7, 9, 8), 2), noise((5, 6, 7), 0.4, 3), np.ones((4, 5, 6), np.uint8)):
        found = resample_mask(region(mask, spacing_mm), grid_mm)
        expected = by_scipy(mask, spacing_mm, grid_mm)

        np.testing.assert_array_equal(cut(found), cut(expected))


@pytest.mark.parametrize(
    ("size", "spacing_mm", "grid_mm", "count"),
    [
        (10, 4.0, 3.0, 14),
        (9, 4.0, 3.0, 12),
        (59, 3.27, 3.0, 65),
        (41, 4.6875, 3.0, 65),
        (1, 1.0, 5.0, 1),
        (30, 0.1, 0.3, 10),
        (7, 0.3, 0.1, 21),
    ],
)
def test_the_grid_shares_the_centre_of_the_image_and_covers_it(
    size: int, spacing_mm: float, grid_mm: float, count: int
) -> None:
    """Size rounded up, but not by a whole voxel for the rounding of 0.1."""
    positions = grid_positions(size, spacing_mm, grid_mm)

    assert len(positions) == count
    assert positions.mean() == pytest.approx((size - 1) / 2, abs=1e-9)
    np.testing.assert_allclose(np.diff(positions), grid_mm / spacing_mm, rtol=1e-9)
    assert count * grid_mm >= size * spacing_mm - 1e-6
    assert (count - 1) * grid_mm < size * spacing_mm or count == 1


@pytest.mark.parametrize("grid_mm", [4.0, 0.1, 3.0000001])
def test_the_grid_of_the_image_itself_leaves_the_mask_alone(grid_mm: float) -> None:
    mask = noise((5, 6, 7), 0.5, 9)

    found = resample_mask(region(mask, (grid_mm,) * 3), grid_mm)

    np.testing.assert_array_equal(cut(found), cut(mask))


def test_the_place_of_the_region_in_the_image_counts_not_that_of_its_box() -> None:
    """The grid is fixed by the image: the same block elsewhere falls otherwise on it."""
    counts = set()
    for k in range(7):
        moved = np.zeros((9, 9, 9), dtype=np.uint8)
        moved[k : k + 2, 3:6, 3:6] = 1
        counts.add(int(resample_mask(region(moved, (4.0, 4.0, 4.0)), 3.0).sum()))

    assert len(counts) > 1


def test_a_region_that_falls_between_the_new_voxels_leaves_nothing() -> None:
    mask = np.zeros((8, 8, 8), dtype=np.uint8)
    mask[1, 1, 1] = 1

    assert not resample_mask(region(mask, (1.0, 1.0, 1.0)), 4.0).any()


def test_only_voxels_that_are_half_inside_are_resampled() -> None:
    mask = noise((5, 6, 7), 0.5, 9).astype(np.float32)
    weak = np.where(mask > 0, 0.5, 0.49).astype(np.float32)
    grid = region(mask.astype(np.uint8), (4.0, 4.0, 4.0)).grid

    one = resample_mask(Region.from_full(grid, mask, "a"), 3.0)
    other = resample_mask(Region.from_full(grid, weak, "b"), 3.0)

    np.testing.assert_array_equal(cut(one), cut(other))
