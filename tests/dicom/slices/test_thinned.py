"""A CT read coarsely still lies where it lies."""

from pathlib import Path

import numpy as np
import pytest

from quant.dicom.index import index_tree
from quant.dicom.slices.thinned import read_thinned
from quant.dicom.volumes import read_volume
from quant.domain.grid import Grid
from quant.domain.study import SeriesEntry
from quant.errors import GeometryError
from tests.support.ct_truth import ORIENTATIONS, along, centres_mm, linear, write

EVEN = along([1.5 * n for n in range(14)])
UNEVEN = along([1.5 * n + (0.3 if n == 5 else 0.0) for n in range(14)])


def series(folder: Path) -> SeriesEntry:
    (study,) = index_tree(folder).studies
    (one,) = study.by_modality("CT")
    return one


@pytest.mark.parametrize("name", ORIENTATIONS)
@pytest.mark.parametrize("places", [EVEN, UNEVEN], ids=["even", "resampled"])
def test_averages_of_a_linear_field_are_its_values_at_the_coarse_voxels(
    tmp_path: Path, name: str, places: list[list[float]]
) -> None:
    write(tmp_path, places, ORIENTATIONS[name])
    ct = series(tmp_path)
    whole = read_volume(ct).grid

    thinned = read_thinned(ct, whole, 4.1)

    assert thinned.grid.shape[2] == 4  # 9 columns of 2 mm, two at a time
    assert thinned.grid.spacing_mm[0] == pytest.approx(2 * whole.spacing_mm[0])
    truth = linear(centres_mm(thinned))
    assert np.abs(thinned.values - truth).max() < 0.05


def test_what_lies_outside_of_the_box_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, EVEN)
    ct = series(tmp_path)
    whole = read_volume(ct).grid
    box = whole.cropped((4, 3, 2), (3, 4, 5))

    thinned = read_thinned(ct, box, 1.0)

    assert thinned.grid.shape == (3, 4, 5)
    assert thinned.grid.matches(box)


def test_a_ct_that_misses_the_box_is_refused(tmp_path: Path) -> None:
    write(tmp_path, EVEN)
    ct = series(tmp_path)
    affine = np.eye(4)
    affine[:3, 3] = 1000.0

    with pytest.raises(GeometryError, match="does not reach"):
        read_thinned(ct, Grid((4, 4, 4), affine), 2.5)
