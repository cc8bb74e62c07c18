"""Whatever the arrays: a number that is right, a coded value, or an error with a code.

The sweep over all measuring functions that call kernels. What is right is told by the same function
on a plain copy of the arrays, or by what must hold for any region.
"""

import math
from collections.abc import Callable
from dataclasses import astuple
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from quant.domain.flags import CODES
from quant.domain.grid import Grid
from quant.domain.measurement import Measurement
from quant.domain.protocol import MorphologySettings, PeakRule, StudyProtocol, UptakeSettings
from quant.domain.region import Region, Role
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.errors import QuantError
from quant.measure.intensity import measure_intensity
from quant.measure.passport.passport import measure_passport
from quant.measure.passport.rows import passport_rows
from quant.measure.resample import resample_linear, resample_mask
from quant.measure.shape.morphology import measure_morphology
from quant.measure.shape.surface import (
    Surface,
    count_parts,
    isosurface_area_volume,
    max_diameter_mm,
    measure_label_surfaces,
    measure_surface,
)
from quant.measure.statistics import measure_label_peaks, measure_label_statistics
from quant.measure.uptake import measure_uptake
from quant.mesh.build import isosurface_mesh, region_mesh
from quant.reference.placement import place_spheres

Mask = NDArray[np.uint8]
Spacing = tuple[float, float, float]
Shape = tuple[int, int, int]
T = TypeVar("T")

EVERY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)

SIDE = st.integers(1, 6)
SHAPES = st.tuples(SIDE, SIDE, SIDE)
STEP = st.sampled_from([1.0, 3.0, 4.8, 0.01, 250.0])
SPACINGS = st.tuples(STEP, STEP, STEP)
NO_SPACINGS = [
    (0.0, 3.0, 3.0), (3.0, -1.0, 3.0), (3.0, 3.0, math.nan), (math.inf, 3.0, 3.0),
]  # fmt: skip
NO_VALUES = [math.nan, math.inf, -math.inf]


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    """Draw nothing, one voxel, a block that may touch the border, everything, or noise."""
    shape: Shape = draw(SHAPES)
    kind = draw(st.sampled_from(["empty", "one", "block", "whole", "noise"]))
    mask = np.zeros(shape, dtype=np.uint8)
    if kind == "one":
        mask[tuple(draw(st.integers(0, n - 1)) for n in shape)] = 1
    elif kind == "block":
        low = [draw(st.integers(0, n - 1)) for n in shape]
        mask[tuple(slice(a, draw(st.integers(a + 1, n))) for a, n in zip(low, shape))] = 1  # noqa: B905
    elif kind == "whole":
        mask[:] = 1
    elif kind == "noise":
        rng = np.random.default_rng(draw(st.integers(0, 999)))
        mask = (rng.random(shape) < draw(st.sampled_from([0.1, 0.5, 0.9]))).astype(np.uint8)
    return mask


def laid_out(array: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return the same numbers in every layout that numpy makes."""
    wide = np.zeros([2 * n + 1 for n in array.shape], dtype=array.dtype)
    wide[1::2, 1::2, 1::2] = array
    frozen = array.copy()
    frozen.flags.writeable = False
    return {
        "plain": array,
        "columns first": np.asfortranarray(array),
        "read backwards": array[::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1],
        "every second voxel": wide[1::2, 1::2, 1::2],
        "read-only": frozen,
        "other byte order": array.astype(array.dtype.newbyteorder()),
    }


def grid_of(shape: Shape, spacing_mm: Spacing) -> Grid:
    """Return an axial grid."""
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2] = spacing_mm
    affine[3, 3] = 1.0
    return Grid(shape, affine, "1.2.3")


def values_of(shape: Shape, seed: int = 0) -> NDArray[np.float32]:
    """Return uneven values above 0."""
    rng = np.random.default_rng(seed)
    return rng.gamma(2.0, 10.0, shape).astype(np.float32)


def pair(mask: Mask, spacing_mm: Spacing) -> tuple[Volume, Region]:
    """Return a volume and a region on it."""
    grid = grid_of((mask.shape[0], mask.shape[1], mask.shape[2]), spacing_mm)
    volume = Volume(grid, values_of(grid.shape), Unit.RELATIVE)
    return volume, Region.from_full(grid, mask.astype(np.float32), "any", Role.TUMOUR)


def require_coded(rows: tuple[Measurement, ...]) -> None:
    """Ask for finite numbers, or none with registered codes."""
    for row in rows:
        assert row.value is None or math.isfinite(row.value), row
        assert row.value is not None or row.flags, row
        assert {flag.code for flag in row.flags} <= set(CODES)


def unless_refused(measure: Callable[[], T]) -> T | None:
    """Return what is measured; None when it is refused for a voxel without a value."""
    try:
        return measure()
    except QuantError as refused:
        if refused.code not in {"VALUES_NOT_FINITE", "VALUES_INVALID"}:
            raise
        return None


ON_MASKS: dict[str, Callable[[NDArray[Any]], object]] = {
    "surface": lambda mask: astuple(measure_surface(mask, (3.0, 4.0, 5.0))),
    "label surfaces": lambda mask: {
        label: astuple(one) for label, one in measure_label_surfaces(mask, (3.0, 4.0, 5.0)).items()
    },
    "diameter": lambda mask: max_diameter_mm(mask, (3.0, 4.0, 5.0)),
    "parts": count_parts,
}


@pytest.mark.parametrize("name", ON_MASKS)
@EVERY
@given(mask=masks())
def test_the_layout_of_a_mask_does_not_matter(name: str, mask: Mask) -> None:
    expected = ON_MASKS[name](mask)

    for layout, array in laid_out(mask).items():
        assert ON_MASKS[name](array) == expected, layout
    assert ON_MASKS[name](mask.astype(bool)) == expected


@EVERY
@given(mask=masks(), spacing=SPACINGS)
def test_numbers_of_any_mask_are_finite_and_possible(mask: Mask, spacing: Spacing) -> None:
    """Bounds that hold for every region; an empty one is 0 throughout."""
    one: Surface = measure_surface(mask, spacing)
    voxels = int(mask.sum())
    box_mm = [n * s for n, s in zip(mask.shape, spacing, strict=True)]
    diameter = max_diameter_mm(mask, spacing)
    parts, cavities = count_parts(mask)

    assert all(math.isfinite(number) for number in astuple(one))
    assert one.voxels == voxels
    assert one.voxels_mm3 == pytest.approx(voxels * math.prod(spacing))
    assert 0.0 <= one.mesh_volume_mm3 <= one.voxels_mm3 * (1.0 + 1e-12) or voxels > 1
    assert (one.mesh_area_mm2 > 0.0) == (voxels > 0)
    assert (diameter > 0.0) == (voxels > 0)
    assert diameter <= math.hypot(*box_mm) * (1.0 + 1e-12)
    assert (parts > 0) == (voxels > 0)
    assert 0 <= cavities <= mask.size - voxels


def of_grid(mask: Mask, spacing: Spacing) -> Grid:
    """Return the grid of a mask."""
    return grid_of((mask.shape[0], mask.shape[1], mask.shape[2]), spacing)


@pytest.mark.parametrize("spacing", NO_SPACINGS)
@pytest.mark.parametrize(
    "measure",
    [
        measure_surface,
        measure_label_surfaces,
        max_diameter_mm,
        lambda mask, spacing: isosurface_area_volume(mask, 0.5, spacing),
        of_grid,
    ],
    ids=["surface", "label surfaces", "diameter", "isosurface", "grid"],
)
def test_a_voxel_size_that_is_none_is_refused(
    measure: Callable[[Mask, Spacing], object], spacing: Spacing
) -> None:
    mask = np.ones((3, 4, 5), dtype=np.uint8)
    if measure is of_grid:  # an axis of a grid may run either way
        spacing = (max(spacing[0], 0.0), max(spacing[1], 0.0), spacing[2])

    with pytest.raises(QuantError) as refused:
        measure(mask, spacing)

    assert refused.value.code == "GRID_INVALID"


ON_REGIONS: dict[str, Callable[[Volume, Region], tuple[Measurement, ...]]] = {
    "uptake": lambda volume, region: measure_uptake(volume, region, UptakeSettings()),
    "intensity": lambda volume, region: measure_intensity(volume, region, None),
    "morphology": lambda _, region: measure_morphology(region, MorphologySettings()),
    "morphology, other grid": lambda _, region: measure_morphology(
        region, MorphologySettings(grid_mm=2.0)
    ),
    "passport": lambda volume, region: tuple(
        passport_rows(measure_passport(volume, region, MorphologySettings()))
    ),
}


@pytest.mark.parametrize("name", ON_REGIONS)
@settings(EVERY, max_examples=25)
@given(mask=masks(), spacing=st.sampled_from([(3.0, 3.0, 3.0), (4.8, 4.8, 9.0), (1.0, 8.0, 2.0)]))
def test_any_region_gives_coded_measurements(name: str, mask: Mask, spacing: Spacing) -> None:
    if not mask.any():
        with pytest.raises(QuantError) as refused:
            pair(mask, spacing)
        assert refused.value.code == "ROI_EMPTY"
        return
    rows = ON_REGIONS[name](*pair(mask, spacing))

    assert rows
    require_coded(rows)


@pytest.mark.parametrize("name", ["uptake", "intensity", "passport"])
@pytest.mark.parametrize("bad", NO_VALUES)
@settings(EVERY, max_examples=15)
@given(mask=masks().filter(lambda mask: bool(mask.any())), place=st.integers(0, 10**6))
def test_a_voxel_without_a_value_is_told(name: str, bad: float, mask: Mask, place: int) -> None:
    """In the region, nothing that rests on it is a number."""
    volume, region = pair(mask, (3.0, 3.0, 3.0))
    values = volume.values.copy()
    inside = np.argwhere(mask)
    k, j, i = inside[place % len(inside)]
    values[k, j, i] = bad
    spoiled = Volume(volume.grid, values, volume.unit)

    rows = unless_refused(lambda: ON_REGIONS[name](spoiled, region))
    if rows is None:
        return

    require_coded(rows)
    if name != "passport":  # shape goes by the mask alone
        resting = ("tumour_mean", "tumour_max", "tumour_sd", "intensity_mean", "intensity_energy")
        assert [row.value for row in rows if row.name in resting and row.value is not None] == []


@pytest.mark.parametrize("bad", NO_VALUES)
@EVERY
@given(mask=masks(), place=st.integers(0, 10**6))
def test_statistics_of_labels_leave_out_no_voxel_in_silence(
    bad: float, mask: Mask, place: int
) -> None:
    grid = grid_of((mask.shape[0], mask.shape[1], mask.shape[2]), (3.0, 3.0, 3.0))
    values = values_of(grid.shape)
    at = np.unravel_index(place % mask.size, mask.shape)
    values[at] = bad
    volume = Volume(grid, values, Unit.RELATIVE)
    labels = mask.astype(np.uint16) * 3

    found = measure_label_statistics(labels, volume, (50.0,))
    peaks, _ = measure_label_peaks(labels, volume, found, 1.0, PeakRule.FRACTIONAL)

    assert found.labels.tolist() == ([3] if mask.any() else [])
    if mask.any():
        hit = bool(mask[at])
        assert found.not_finite.tolist() == [int(hit)]
        assert math.isnan(float(found.means[0])) == hit
        assert math.isnan(float(found.percentiles[0, 0])) == hit
        assert not math.isinf(float(peaks[0]))
        assert math.isnan(float(peaks[0])) or not hit or mask.sum() > 1


@EVERY
@given(mask=masks(), level=st.sampled_from([-1.0, 0.25, 0.5, 2.0]))
def test_an_isosurface_of_any_values_is_closed_or_refused(mask: Mask, level: float) -> None:
    values = mask.astype(np.float32)
    grid = grid_of((mask.shape[0], mask.shape[1], mask.shape[2]), (3.0, 3.0, 3.0))
    for array in laid_out(values).values():
        if level < 0.0:
            with pytest.raises(ValueError, match="below"):
                isosurface_area_volume(array, level, (3.0, 3.0, 3.0))
            continue
        area, volume = isosurface_area_volume(array, level, (3.0, 3.0, 3.0))
        vertices, faces = isosurface_mesh(array, grid, level)
        assert (area > 0.0) == (len(faces) > 0) == bool((values > level).any())
        assert math.isfinite(area)
        assert math.isfinite(volume)
        assert np.isfinite(vertices).all()


@pytest.mark.parametrize("bad", NO_VALUES)
@EVERY
@given(mask=masks(), place=st.integers(0, 10**6))
def test_an_isosurface_of_values_that_are_none_is_refused(
    bad: float, mask: Mask, place: int
) -> None:
    values = mask.astype(np.float32)
    values[np.unravel_index(place % mask.size, mask.shape)] = bad
    grid = grid_of((mask.shape[0], mask.shape[1], mask.shape[2]), (3.0, 3.0, 3.0))

    for measure in (
        lambda: isosurface_area_volume(values, 0.5, (3.0, 3.0, 3.0)),
        lambda: isosurface_mesh(values, grid, 0.5),
    ):
        with pytest.raises(QuantError) as refused:
            measure()
        assert refused.value.code == "VALUES_NOT_FINITE"


@EVERY
@given(mask=masks().filter(lambda mask: bool(mask.any())))
def test_the_mesh_of_any_region_is_watertight(mask: Mask) -> None:
    """Every edge belongs to one face on each side, in opposite directions."""
    _, region = pair(mask, (3.0, 4.0, 5.0))

    vertices, faces = region_mesh(region)

    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    forward = {(int(a), int(b)) for a, b in edges}
    assert np.isfinite(vertices).all()
    assert all((b, a) in forward for a, b in forward)


@settings(EVERY, max_examples=25)
@given(
    liver=masks().filter(lambda mask: bool(mask.any())),
    spacing=st.sampled_from([(3.0, 3.0, 3.0), (12.0, 12.0, 12.0), (40.0, 5.0, 9.0)]),
)
def test_a_sphere_larger_than_its_organ_is_absent_or_flagged(liver: Mask, spacing: Spacing) -> None:
    """Organs of some voxels, at the border, or as large as the volume."""
    volume, region = pair(liver, spacing)
    organ = Region(
        region.grid, region.corner, region.weights, "liver", Role.LIVER, region.rule, region.source
    )

    found = place_spheres(volume, (organ,), (), StudyProtocol(name="any"))

    for role in (Role.LIVER, Role.MUSCLE_LEFT, Role.MUSCLE_RIGHT):
        codes = {flag.code for flag in found.flags[role]}
        assert codes <= set(CODES)
        assert role in found.placed or codes
    if Role.LIVER in found.placed:
        one = found.placed[Role.LIVER]
        assert all(
            math.isfinite(number)
            for number in (*one.sphere.centre_mm, one.statistics.mean, one.statistics.sd)
        )
        whole = (one.sphere.inside_fraction or 0.0) >= 0.999
        assert whole or {flag.code for flag in one.flags}


@pytest.mark.parametrize("bad", NO_VALUES)
def test_a_reference_sphere_never_takes_in_a_voxel_without_a_value(bad: float) -> None:
    grid = grid_of((16, 16, 16), (5.0, 5.0, 5.0))
    values = np.full(grid.shape, 100.0, dtype=np.float32)
    values[8, 8, 8] = bad
    liver = Region.from_full(grid, np.ones(grid.shape, np.float32), "liver", Role.LIVER)

    volume = Volume(grid, values, Unit.RELATIVE)

    found = unless_refused(lambda: place_spheres(volume, (liver,), (), StudyProtocol(name="any")))

    if found is not None:
        assert found.placed[Role.LIVER].statistics.mean == pytest.approx(100.0)


@EVERY
@given(
    mask=masks().filter(lambda mask: bool(mask.any())), grid_mm=st.sampled_from([0.7, 3.0, 50.0])
)
def test_a_mask_on_any_other_grid_is_a_mask(mask: Mask, grid_mm: float) -> None:
    _, region = pair(mask, (3.0, 4.0, 5.0))

    other = resample_mask(region, grid_mm)

    assert other.dtype == np.uint8
    assert set(np.unique(other)) <= {0, 1}


@EVERY
@given(shape=SHAPES, target=SHAPES, step=STEP, bad=st.sampled_from([0.0, *NO_VALUES]))
def test_a_volume_on_any_other_grid_makes_up_no_value(
    shape: Shape, target: Shape, step: float, bad: float
) -> None:
    """Every value lies between those of the volume, or is the value outside, or is no number."""
    grid = grid_of(shape, (3.0, 4.0, 5.0))
    values = values_of(shape)
    values[0, 0, 0] = bad
    finite = values[np.isfinite(values)]

    found = resample_linear(
        Volume(grid, values, Unit.RELATIVE), grid_of(target, (step, step, step)), outside=-5.0
    ).values

    numbers = found[np.isfinite(found)]
    rest = numbers[numbers != -5.0]
    if rest.size:
        assert finite.size
        assert rest.min() >= finite.min() * (1.0 - 1e-6)
        assert rest.max() <= finite.max() * (1.0 + 1e-6)
    assert not np.isfinite(bad) or np.isfinite(found).all()
