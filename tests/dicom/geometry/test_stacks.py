"""Gaps, uneven slices and gantry tilt: CT comes onto an even, upright grid, PET is refused.

The truth is analytic: a linear function of position is reproduced by linear interpolation from true
positions, and a ball stays where it is.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from quant.dicom.geometry.stacks import EVEN_TOLERANCE_MM, even_places
from quant.dicom.volumes import place_volume
from quant.domain.volume import Volume
from quant.errors import StudyError
from tests.support.ct_truth import (
    ORIENTATIONS,
    along,
    centres_mm,
    linear,
    stack,
    write,
)
from tests.support.dicom_builder import CT, PT, changed, letter_f, save_all, slices
from tests.support.reading import only_series, read

WITHIN_HU = 0.01
"""Half a stored step of 1/64 HU."""

TILT_20 = float(np.tan(np.radians(20.0)))


def codes(volume: Volume) -> set[str]:
    return {flag.code for flag in volume.flags}


def refused(folder: Path, modality: str) -> StudyError:
    with pytest.raises(StudyError) as error:
        read(folder, modality)
    assert error.value.found
    assert error.value.next_step
    return error.value


def inside(
    volume: Volume, places: Sequence[Sequence[float]], orientation: tuple[float, ...]
) -> NDArray[np.bool_]:
    """Tell which voxels lie within the slab and within the slices around them."""
    from tests.support.ct_truth import COLUMN_MM, COLUMNS, FIRST, ROW_MM, ROWS

    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    points = centres_mm(volume) - FIRST
    height, down, right = (points @ axis for axis in (np.cross(row, column), column, row))
    known = np.array(sorted(list(place) for place in places))
    mine = np.ones(height.shape, dtype=bool)
    upper = np.clip(np.searchsorted(known[:, 0], height - 1e-6), 0, len(known) - 1)
    lower = np.clip(np.searchsorted(known[:, 0], height + 1e-6, side="right") - 1, 0, None)
    for chosen in (lower, upper):
        mine &= (down - known[chosen, 1] > -1e-6) & (right - known[chosen, 2] > -1e-6)
        mine &= down - known[chosen, 1] < (ROWS - 1) * ROW_MM + 1e-6
        mine &= right - known[chosen, 2] < (COLUMNS - 1) * COLUMN_MM + 1e-6
    return mine


# Missing slices


GAPS: dict[str, list[float]] = {
    "one": [0, 2.5, 7.5, 10, 12.5],
    "two adjacent": [0, 2.5, 5, 12.5, 15],
    "two apart": [0, 5, 7.5, 12.5, 15, 17.5],
    "of three slices": [0, 2.5, 7.5],
    "against the order": [12.5, 10, 5, 2.5, 0],
    "downwards": [0, -2.5, -7.5, -10, -12.5],
}


@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
@pytest.mark.parametrize("heights", GAPS.values(), ids=GAPS.keys())
def test_up_to_two_adjacent_missing_slices_of_a_ct_are_interpolated(
    tmp_path: Path, heights: list[float], orientation: tuple[float, ...]
) -> None:
    write(tmp_path, along(heights), orientation=orientation)

    volume = read(tmp_path, "CT")

    np.testing.assert_allclose(volume.values, linear(centres_mm(volume)), atol=WITHIN_HU)
    np.testing.assert_allclose(volume.grid.spacing_mm, [2.5, 3.0, 2.0], atol=1e-9)
    span = max(heights) - min(heights)
    assert volume.grid.shape[0] == round(span / 2.5) + 1
    assert codes(volume) == {"CT_GAP"}


def test_a_gap_is_named_with_its_place_and_its_slices(tmp_path: Path) -> None:
    write(tmp_path, along([0, 2.5, 5, 12.5, 15]))
    volume = read(tmp_path, "CT")
    (flag,) = volume.flags
    assert "2 of 7 slices interpolated" in flag.detail
    assert "(-10.00, -20.00, 37.50), (-10.00, -20.00, 40.00)" in flag.detail
    assert volume.provenance.facts["missing_slices"] == "3, 4"
    assert "2 missing slices interpolated" in volume.provenance.facts["resampled"]


def test_slices_that_are_there_are_kept_as_they_are_beside_a_gap(tmp_path: Path) -> None:
    """Positions printed to 0.1 mm: no slice that was measured is blurred with its neighbours."""
    stored = letter_f(6)
    save_all(slices(CT, stored, [0.0, 3.3, 6.5, 13.1, 16.4, 19.6]), tmp_path)
    volume = read(tmp_path, "CT")
    np.testing.assert_array_equal(volume.values[[0, 1, 2, 4, 5, 6]], stored)
    share = (3 * 19.6 / 6 - 6.5) / (13.1 - 6.5)
    expected = (1 - share) * stored[2].astype(float) + share * stored[3].astype(float)
    np.testing.assert_allclose(volume.values[3], expected, atol=1e-3)


@pytest.mark.parametrize(
    "heights",
    [[0, 2.5, 5, 15, 17.5], [0, 2.5, 5, 7.5, 40, 42.5, 45], [0, 2.5, 5, 7.5, 18.1, 20.6]],
    ids=["three adjacent", "many", "a hole that is no whole number of slices"],
)
def test_more_than_two_adjacent_missing_slices_are_refused(
    tmp_path: Path, heights: list[float]
) -> None:
    write(tmp_path, along(heights))
    error = refused(tmp_path, "CT")
    assert error.code == "CT_GAP"
    assert "2.5" in error.found


def test_a_gap_in_thin_slices_is_seen(tmp_path: Path) -> None:
    """Half of 0.2 mm is less than the tolerance for positions printed to 0.1 mm."""
    heights = [0.2 * n for n in range(41) if n != 20]
    write(tmp_path, along(heights))
    volume = read(tmp_path, "CT")
    assert codes(volume) == {"CT_GAP"}
    assert volume.grid.shape[0] == 41


@pytest.mark.parametrize(
    ("heights", "code"),
    [
        ([0, 2.5, 7.5, 10, 12.5], "CT_GAP"),
        ([0, 2.5, 5, 15, 17.5], "CT_GAP"),
        ([0, 2.5, 5, 8.3, 10.8], "CT_NONUNIFORM"),
        ([0, 2.5, 5, 7.5, 10.4], "CT_NONUNIFORM"),
        ([0, 2.5, 5, 5, 7.5], "DUP_CONFLICT"),
    ],
)
def test_pet_is_never_interpolated(tmp_path: Path, heights: list[float], code: str) -> None:
    save_all(slices(PT, None, heights), tmp_path)
    assert refused(tmp_path, "PT").code == code


# Uneven slices


UNEVEN: dict[str, list[float]] = {
    "one late": [0, 2.5, 5, 8.3, 10.8, 13.3],
    "last one late": [0, 2.5, 5, 7.5, 10.4],
    "thin, then thick": [0, 1, 2, 3, 4, 6.5, 9],
    "random": [0, 1.7, 4.4, 6.1, 9.0, 10.2],
}


@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
@pytest.mark.parametrize("heights", UNEVEN.values(), ids=UNEVEN.keys())
def test_an_uneven_ct_is_resampled_at_its_median_spacing(
    tmp_path: Path, heights: list[float], orientation: tuple[float, ...]
) -> None:
    write(tmp_path, along(heights), orientation=orientation)

    volume = read(tmp_path, "CT")

    spacing = float(np.median(np.diff(heights)))
    np.testing.assert_allclose(volume.grid.spacing_mm, [spacing, 3.0, 2.0], atol=1e-9)
    assert volume.grid.shape[0] == int(heights[-1] / spacing + 1e-9) + 1
    np.testing.assert_allclose(volume.values, linear(centres_mm(volume)), atol=WITHIN_HU)
    assert codes(volume) == {"CT_NONUNIFORM"}


def test_slices_pushed_aside_are_put_where_they_belong(tmp_path: Path) -> None:
    places = along([0, 2.5, 5, 7.5, 10])
    places[2][2] = 1.0
    places[3][1] = -2.3
    write(tmp_path, places)
    volume = read(tmp_path, "CT")
    mine = inside(volume, places, ORIENTATIONS["axial"])
    assert mine.mean() > 0.7
    np.testing.assert_allclose(
        volume.values[mine], linear(centres_mm(volume))[mine], atol=WITHIN_HU
    )
    assert codes(volume) == {"CT_NONUNIFORM"}


# Gantry tilt


@pytest.mark.parametrize(
    "drift",
    [(TILT_20, 0.0), (-TILT_20, 0.0), (0.0, TILT_20), (-0.31, 0.17), (0.002, 0.0)],
    ids=["20 degrees", "-20 degrees", "sideways", "both ways", "slight"],
)
@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
def test_a_tilted_ct_is_upright_afterwards(
    tmp_path: Path, orientation: tuple[float, ...], drift: tuple[float, float]
) -> None:
    """Every voxel within the slices holds the linear function at its own place; others hold air."""
    places = along([2.5 * n for n in range(7)], drift)
    write(tmp_path, places, orientation=orientation)

    volume = read(tmp_path, "CT")

    axes = volume.grid.axes_mm / volume.grid.spacing_mm
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(volume.grid.spacing_mm, [2.5, 3.0, 2.0], atol=1e-9)
    mine = inside(volume, places, orientation)
    truth = linear(centres_mm(volume))
    np.testing.assert_allclose(volume.values[mine], truth[mine], atol=WITHIN_HU)
    least = volume.values[mine].min()
    assert (volume.values[~mine] <= least + WITHIN_HU).all()
    # no slice loses more than the one row and column that no four pixels surround
    assert mine.sum() >= 7 * 10 * 8
    (flag,) = volume.flags
    assert flag.code == "CT_TILT"
    degrees = np.degrees(np.arctan(np.hypot(*drift)))
    assert flag.detail.startswith(f"{degrees:.2f} degrees")


@pytest.mark.parametrize("heights", [[0, 2.5, 5, 10, 12.5], [0, 2.5, 5, 8.3, 10.8]])
def test_tilt_and_gaps_or_uneven_slices_are_undone_together(
    tmp_path: Path, heights: list[float]
) -> None:
    places = along(heights, (0.25, 0.0))
    write(tmp_path, places)
    volume = read(tmp_path, "CT")
    mine = inside(volume, places, ORIENTATIONS["axial"])
    assert mine.sum() >= 5 * 9 * 9
    np.testing.assert_allclose(
        volume.values[mine], linear(centres_mm(volume))[mine], atol=WITHIN_HU
    )
    assert "CT_TILT" in codes(volume)
    assert len(codes(volume)) == 2


def ball(points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the soft-edged ball that the middle of the tilted stack shows."""
    away = np.linalg.norm(points_mm - np.array([-2.0, -2.0, 45.0]), axis=-1)
    values: NDArray[np.float64] = 100.0 * np.clip(8.0 - away, 0.0, 1.0) - 100.0
    return values


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("order", [1, -1], ids=["ascending", "descending"])
def test_a_ball_stays_where_it_is_when_the_gantry_is_tilted(
    tmp_path: Path, sign: float, order: int
) -> None:
    places = along([1.25 * n for n in range(25)], (sign * 0.2, 0.0))[::order]
    if sign > 0:
        places = [[height, drift - 3.0, right] for height, drift, right in places]
    else:
        places = [[height, drift + 3.0, right] for height, drift, right in places]
    write(tmp_path, places, field=ball)
    volume = read(tmp_path, "CT")
    weight = volume.values.astype(np.float64) + 100.0
    centre = (centres_mm(volume) * weight[..., None]).sum(axis=(0, 1, 2)) / weight.sum()
    np.testing.assert_allclose(centre, [-2.0, -2.0, 45.0], atol=0.1)


def test_another_reader_drops_the_shear_without_a_word(tmp_path: Path) -> None:
    """SimpleITK stacks tilted slices upright: it is off by the drift, we are not."""
    import SimpleITK

    places = along([2.5 * n for n in range(7)], (TILT_20, 0.0))
    paths = write(tmp_path, places)
    theirs: Any = SimpleITK.ReadImage([str(path) for path in reversed(paths)])
    index = (4, 5, 6)
    point = np.array(theirs.TransformIndexToPhysicalPoint(index))
    off = abs(SimpleITK.GetArrayViewFromImage(theirs)[index[::-1]] - linear(point))
    assert off > 10.0

    volume = read(tmp_path, "CT")
    mine = np.rint(volume.grid.to_index(point)).astype(int)
    at = volume.grid.to_mm(mine.astype(float))
    assert abs(volume.values[tuple(mine)] - linear(at)) < WITHIN_HU


@pytest.mark.parametrize("drift", [(TILT_20, 0.0), (0.0, -0.1)])
def test_tilted_pet_is_refused(tmp_path: Path, drift: tuple[float, float]) -> None:
    write(tmp_path, along([2.5 * n for n in range(5)], drift), sop_class=PT)
    error = refused(tmp_path, "PT")
    assert error.code == "CT_TILT"
    assert "degrees" in error.found


def test_an_absurd_tilt_is_refused(tmp_path: Path) -> None:
    write(tmp_path, along([2.5 * n for n in range(5)], (3.0, 0.0)))
    assert refused(tmp_path, "CT").code == "CT_TILT"


def test_slices_that_lie_kilometres_apart_are_refused_before_memory_is_taken(
    tmp_path: Path,
) -> None:
    places = along([2.5 * n for n in range(5)])
    places[2] = [5.0, 9e4, 9e4]
    write(tmp_path, places)
    assert refused(tmp_path, "CT").code == "CT_NONUNIFORM"


def test_the_place_of_a_resampled_ct_is_known_from_headers(tmp_path: Path) -> None:
    paths = write(tmp_path, along([0, 2.5, 5, 12.5, 15], (0.1, 0.0)))
    series = only_series(tmp_path, "CT")
    volume = read(tmp_path, "CT")
    for path in paths:
        path.unlink()
    placement = place_volume(series)
    np.testing.assert_array_equal(placement.grid.affine, volume.grid.affine)
    assert placement.grid.shape == volume.grid.shape
    assert placement.flags == volume.flags


def test_values_that_are_not_finite_are_refused_in_a_resampled_ct_too(tmp_path: Path) -> None:
    series = stack(along([0, 2.5, 7.5, 10]))
    save_all([changed(one, RescaleSlope="1e29") for one in series], tmp_path)
    assert refused(tmp_path, "CT").code == "VALUES_INVALID"


# The even stack that slices belong to


@settings(deadline=None)
@given(
    count=st.integers(3, 60),
    spacing=st.floats(0.5, 10.0),
    missing=st.sets(st.integers(1, 58), max_size=3),
    seed=st.integers(0, 2**32 - 1),
)
def test_places_in_an_even_stack_are_found_whatever_is_missing(
    count: int, spacing: float, missing: set[int], seed: int
) -> None:
    """Printing positions to 0.1 mm moves them by 0.05 mm at most."""
    there = [n for n in range(count) if n not in missing or n in (0, count - 1)]
    if np.count_nonzero(np.diff(there) == 1) < (len(there)) / 2:
        return
    noise = np.random.default_rng(seed).uniform(-0.05, 0.05, len(there))
    heights = np.array(there) * spacing + (noise if spacing >= 1.0 else 0.0)
    places = even_places(heights)
    assert places is not None
    assert places.tolist() == there


@pytest.mark.parametrize("off", [EVEN_TOLERANCE_MM * 1.3, 1.0, -0.9])
def test_no_even_stack_fits_a_slice_that_is_off(off: float) -> None:
    heights = np.arange(9, dtype=np.float64) * 2.5
    heights[4] += off
    assert even_places(heights) is None


@pytest.mark.parametrize(("off", "fits"), [(0.04, True), (0.08, False)])
def test_thin_slices_may_be_off_by_a_quarter_of_their_spacing(off: float, *, fits: bool) -> None:
    """Otherwise a slice of 0.2 mm could lie halfway to its neighbour and pass for even."""
    heights = np.arange(40, dtype=np.float64) * 0.2
    heights[20] += off
    assert (even_places(heights) is not None) == fits
