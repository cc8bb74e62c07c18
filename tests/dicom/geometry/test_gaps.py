"""Missing slices of a CT that lie inside a region are named; uptake does not depend on them."""

from pathlib import Path

import numpy as np
import pytest

from quant.dicom.geometry.gaps import ct_flags, missing_inside, missing_slices
from quant.dicom.volumes import place_volume
from quant.domain.grid import Grid
from quant.domain.region import Region, Role
from tests.support.dicom_builder import CT, save_all, slices
from tests.support.geometry import AFFINES
from tests.support.reading import only_series

MISSING = (8, 9)
HEIGHTS = [2.5 * index for index in range(16) if index not in MISSING]
"""Slices lie at 30 + 2.5 k mm, so that the gap is from 48.75 to 53.75 mm."""


def region_from(low_mm: float, high_mm: float, name: str = "tumour") -> Region:
    """Box from one height to another, in voxels of 1 mm."""
    affine = np.eye(4)[:, [2, 1, 0, 3]]
    affine[:3, 3] = (-8.0, -14.0, 30.5)
    weights = np.zeros((40, 4, 4), dtype=np.float32)
    centres = 30.5 + np.arange(40)
    weights[(centres > low_mm) & (centres < high_mm)] = 1.0
    return Region.from_full(Grid((40, 4, 4), affine, ""), weights, name, Role.TUMOUR)


@pytest.mark.parametrize(
    ("low", "high", "inside"),
    [
        (31.0, 48.0, ()),
        (54.0, 69.0, ()),
        (40.0, 50.0, (8,)),
        (52.0, 60.0, (9,)),
        (31.0, 69.0, (8, 9)),
        (49.0, 50.0, (8,)),
    ],
)
def test_slices_are_inside_when_their_slab_holds_part_of_the_region(
    tmp_path: Path, low: float, high: float, inside: tuple[int, ...]
) -> None:
    save_all(slices(CT, np.zeros((14, 7, 6), dtype=np.int16), HEIGHTS), tmp_path)
    placement = place_volume(only_series(tmp_path, "CT"))

    assert missing_slices(placement.facts) == MISSING
    assert missing_inside(placement.grid, MISSING, region_from(low, high)) == inside


def test_the_flag_names_the_region_and_says_that_the_ct_does_not_serve_there(
    tmp_path: Path,
) -> None:
    save_all(slices(CT, np.zeros((14, 7, 6), dtype=np.int16), HEIGHTS), tmp_path)
    regions = [region_from(40.0, 50.0), region_from(54.0, 69.0, "liver")]

    gap, where = ct_flags(only_series(tmp_path, "CT"), regions)

    assert (gap.code, where.code) == ("CT_GAP", "CT_GAP")
    assert "2 of 16 slices interpolated" in gap.detail
    assert "1 missing slices lie inside the region 'tumour'" in where.detail
    assert "does not serve" in where.detail


def test_a_whole_ct_and_no_ct_have_nothing_to_say(tmp_path: Path) -> None:
    save_all(slices(CT, np.zeros((14, 7, 6), dtype=np.int16)), tmp_path)

    assert list(ct_flags(only_series(tmp_path, "CT"), [region_from(31.0, 69.0)])) == []
    assert list(ct_flags(None, [region_from(31.0, 69.0)])) == []


def test_slabs_of_an_oblique_ct_run_along_its_own_normal() -> None:
    """A region at the grid's centre is in the middle slice, whatever the orientation."""
    for affine in AFFINES.values():
        grid = Grid((20, 24, 28), affine, "")
        small = np.zeros((20, 24, 28), dtype=np.float32)
        small[12, 12, 14] = 1.0
        region = Region.from_full(grid, small, "tumour", Role.TUMOUR)

        assert missing_inside(grid, (11, 12, 13), region) == (12,)
