"""Regions keep weights in a box and refuse what is not a region."""

import numpy as np
import pytest

from quant.domain.region import Region
from quant.errors import RegionError
from tests.support.geometry import SHAPE, grid


def test_a_region_made_from_full_weights_gives_them_back() -> None:
    weights = np.zeros(SHAPE, np.float32)
    weights[3:6, 4:9, 5:7] = 0.25
    weights[4, 5, 6] = 1.0

    region = Region.from_full(grid("axial"), weights, "tumour")

    assert region.corner == (3, 4, 5)
    assert region.weights.shape == (3, 5, 2)
    assert np.array_equal(region.full_weights(), weights)
    assert region.voxels == 1
    assert region.volume_ml == pytest.approx((29 * 0.25 + 1.0) * 0.064)


def test_a_region_without_any_weight_is_refused() -> None:
    with pytest.raises(RegionError, match="ROI_EMPTY"):
        Region.from_full(grid("axial"), np.zeros(SHAPE, np.float32), "tumour")


@pytest.mark.parametrize("weight", [1.5, -0.1, np.nan])
def test_weights_outside_zero_to_one_are_refused(weight: float) -> None:
    weights = np.zeros(SHAPE, np.float32)
    weights[1, 1, 1] = weight

    with pytest.raises(ValueError, match=r"leave 0\.\.1"):
        Region.from_full(grid("axial"), weights, "tumour")


def test_a_box_that_leaves_the_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="leaves grid"):
        Region(grid("axial"), (19, 0, 0), np.ones((2, 2, 2), np.float32), "tumour")
