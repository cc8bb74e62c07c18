"""RTSTRUCT files as planning systems write them, against areas and volumes known by formula."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.dicom.regions.rtstruct import read_rtstruct
from quant.domain.flags import Flag
from quant.domain.grid import Grid
from quant.domain.region import RasterRule, Region
from quant.domain.shapes import ContourShape, ImageSlices
from quant.errors import RegionError
from quant.regions.rasterise import rasterise
from tests.support.geometry import AFFINES, grid
from tests.support.rt_builder import Roi, write_structure_set
from tests.support.solids import box_contours, contour_frame

Points = NDArray[np.float64]
FRACTIONAL = RasterRule.FRACTIONAL
HEIGHTS = np.arange(-7.5, 8.0, 3.0)
"""Six planes 3 mm apart: a region of 18 mm."""

THICK = 18.0


def circle(radius: float, centre: tuple[float, float] = (0.0, 0.0), points: int = 180) -> Points:
    """Return a polygon (N, 2) of the circle's own area."""
    angle = 2 * np.pi * np.arange(points) / points
    grow = np.sqrt(2 * np.pi / (points * np.sin(2 * np.pi / points)))
    around = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.asarray(radius * grow * around + np.array(centre))


def square(side: float, centre: tuple[float, float] = (0.0, 0.0)) -> Points:
    half = side / 2
    return np.array([[-half, -half], [half, -half], [half, half], [-half, half]]) + centre


def at(polygon: Points, height: float, axes: Points | None = None) -> Points:
    """Place a polygon (N, 2) at a height along the normal of a plane."""
    local = np.column_stack([polygon, np.full(len(polygon), height)])
    return local @ (np.eye(3) if axes is None else axes)


def stacked(*polygons: Points, heights: Sequence[float] = tuple(HEIGHTS)) -> list[Points]:
    return [at(polygon, height) for height in heights for polygon in polygons]


def drawn(tmp_path: Path, contours: Sequence[Points], kind: str = "CLOSED_PLANAR") -> ContourShape:
    """Write a structure set and read it."""
    roi = Roi("GTV", list(contours), kind)
    (shape,) = read_rtstruct(write_structure_set(tmp_path / "rt.dcm", [roi]))
    return shape


def lay(shape: ContourShape, name: str = "axial") -> tuple[Region, tuple[Flag, ...]]:
    return rasterise(shape, grid(name), FRACTIONAL)


def codes(flags: Sequence[Flag]) -> list[str]:
    return [flag.code for flag in flags]


# Solids of known volume


@pytest.mark.parametrize("name", ["axial", "head_to_feet", "oblique", "anisotropic"])
@pytest.mark.parametrize("frame", ["axial", "sagittal", "coronal", "oblique"])
def test_a_sphere_has_its_volume_within_one_percent(tmp_path: Path, name: str, frame: str) -> None:
    """18 mm radius in 3 mm contours; 14137.2 mm3 x 1.728 = 24.43 ml."""
    axes = contour_frame(frame)
    heights = np.arange(-16.5, 17.0, 3.0)
    shape = drawn(tmp_path, [at(circle(np.sqrt(18.0**2 - h * h)), h, axes) for h in heights])

    region, flags = lay(shape, name)

    assert region.volume_ml == pytest.approx(4 / 3 * np.pi * 18.0**3 / 1000, rel=0.01)
    askew = "oblique" in (name, frame)
    assert codes(flags) == (["ROI_PLANE"] if askew else [])
    assert not askew or "askew to the voxels" in flags[0].detail


@pytest.mark.parametrize("name", ["axial", "head_to_feet", "oblique"])
def test_a_torus_of_nested_contours_has_its_volume(tmp_path: Path, name: str) -> None:
    """2 pi^2 R r^2 with R = 20 and r = 8 mm; slabs of 1 mm are within 0.5 % of it."""
    contours: list[Points] = []
    for height in np.arange(-7.5, 8.0, 1.0):
        half = np.sqrt(64.0 - height**2)
        contours += [at(circle(20.0 + half), height), at(circle(20.0 - half), height)]

    region, _ = lay(drawn(tmp_path, contours), name)

    assert region.volume_ml == pytest.approx(2 * np.pi**2 * 20.0 * 64.0 / 1000, rel=0.01)


# Several contours in one plane


def keyhole(outer: Points, inner: Points) -> Points:
    """Join an outer and an inner contour by a channel of no width, as planning systems do."""
    return np.concatenate([outer, outer[:1], inner[::-1], inner[-1:], outer[:1]])


def test_a_keyhole_encloses_exactly_the_ring(tmp_path: Path) -> None:
    ring = keyhole(square(24.0), square(12.0))

    region, flags = lay(drawn(tmp_path, stacked(ring)))

    assert region.volume_ml == pytest.approx((24**2 - 12**2) * THICK / 1000, rel=1e-6)
    assert flags == ()


@pytest.mark.parametrize("kind", ["CLOSED_PLANAR", "CLOSEDPLANAR_XOR"])
def test_nested_contours_alternate_between_inside_and_outside(tmp_path: Path, kind: str) -> None:
    """A ring with an island in its hole, however the file calls the contours."""
    contours = stacked(square(28.0), square(18.0), square(6.0))

    region, flags = lay(drawn(tmp_path, contours, kind))

    assert region.volume_ml == pytest.approx((28**2 - 18**2 + 6**2) * THICK / 1000, rel=1e-6)
    assert flags == ()


def copies(polygon: Points) -> dict[str, Points]:
    rng = np.random.default_rng(4)
    spots = np.linspace(0, len(polygon), 700, endpoint=False)
    closed = np.vstack([polygon, polygon[:1]])
    finer = np.stack([np.interp(spots, np.arange(len(closed)), closed[:, a]) for a in (0, 1)], 1)
    return {
        "exact": polygon,
        "starts elsewhere": np.roll(polygon, 31, axis=0),
        "other way round": np.roll(polygon[::-1], 7, axis=0),
        "closed by its first vertex": closed,
        "rounded to 0.01 mm": np.round(polygon, 2),
        "jitter of 0.01 mm": polygon + rng.normal(0, 0.01, polygon.shape),
        "jitter of 0.05 mm": polygon + rng.uniform(-0.05, 0.05, polygon.shape),
        "more vertices": finer,
        "shifted by 0.02 mm": polygon + 0.02,
    }


@pytest.mark.parametrize("kind", copies(circle(5.0)))
@pytest.mark.parametrize("radius", [4.0, 14.0])
def test_a_contour_drawn_twice_counts_once(tmp_path: Path, radius: float, kind: str) -> None:
    """Else the even-odd rule would leave nothing of the region, or dust."""
    polygon = circle(radius)

    region, flags = lay(drawn(tmp_path, stacked(polygon, copies(polygon)[kind], polygon)))

    assert region.volume_ml == pytest.approx(np.pi * radius**2 * THICK / 1000, rel=0.005)
    assert flags == ()


def test_a_ring_of_which_both_contours_were_drawn_twice_stays_a_ring(tmp_path: Path) -> None:
    outer, inner = circle(14.0), circle(9.0)
    contours = stacked(outer, copies(inner)["jitter of 0.01 mm"], inner, outer[::-1])

    region, flags = lay(drawn(tmp_path, contours))

    assert region.volume_ml == pytest.approx(np.pi * (14**2 - 9**2) * THICK / 1000, rel=0.005)
    assert flags == ()


@pytest.mark.parametrize("wall", [1.0, 0.5])
def test_a_thin_wall_is_a_wall_and_no_copy(tmp_path: Path, wall: float) -> None:
    """A skin of half a millimetre about a region of 14 mm: 7 % of its area."""
    contours = stacked(circle(14.0), circle(14.0 - wall))

    region, flags = lay(drawn(tmp_path, contours))

    area = np.pi * (14.0**2 - (14.0 - wall) ** 2)
    assert region.volume_ml == pytest.approx(area * THICK / 1000, rel=1e-5)
    assert flags == ()


@pytest.mark.parametrize("shift", [0.3, 5.0])
def test_contours_that_overlap_in_part_are_told(tmp_path: Path, shift: float) -> None:
    """Even-odd leaves out what they share; no one may take that for the region in silence."""
    contours = stacked(square(16.0), square(16.0, (shift, 0.0)))

    region, flags = lay(drawn(tmp_path, contours))

    assert region.volume_ml == pytest.approx(2 * shift * 16 * THICK / 1000, rel=1e-6)
    assert Flag("ROI_CONTOURS_CROSS", "6 pairs of contours") in flags


def test_a_copy_with_more_than_jitter_is_told(tmp_path: Path) -> None:
    """Half a voxel of a fine CT: neither a copy for sure nor a wall that someone drew."""
    contours = stacked(circle(14.0), circle(13.85))

    _, flags = lay(drawn(tmp_path, contours))

    assert codes(flags) == ["ROI_CONTOURS_CROSS", "ROI_SMALL"]


@pytest.mark.parametrize("count", [2, 3])
def test_separate_contours_of_one_slice_add_up(tmp_path: Path, count: int) -> None:
    parts = [circle(5.0, centre) for centre in [(-12.0, 0.0), (12.0, 3.0), (0.0, 14.0)][:count]]

    region, flags = lay(drawn(tmp_path, stacked(*parts)))

    assert region.volume_ml == pytest.approx(count * np.pi * 25 * THICK / 1000, rel=1e-5)
    assert flags == ()


@pytest.mark.parametrize("offset", [(12.0, 0.0), (12.0, 12.0), (12.0, 5.0)])
def test_touching_contours_are_neither_crossing_nor_copies(
    tmp_path: Path, offset: tuple[float, float]
) -> None:
    """By a whole edge, by a corner, by part of an edge."""
    contours = stacked(square(12.0, (-6.0, -6.0)), square(12.0, (offset[0] - 6, offset[1] - 6)))

    region, flags = lay(drawn(tmp_path, contours))

    assert region.volume_ml == pytest.approx(2 * 144 * THICK / 1000, rel=1e-6)
    assert flags == ()


# Odd contours


def test_a_figure_of_eight_encloses_both_loops(tmp_path: Path) -> None:
    """Its signed area is nought, which would leave neither a normal nor a region."""
    eight = np.array([[-10.0, -8], [10, 8], [10, -8], [-10, 8]])

    region, _ = lay(drawn(tmp_path, stacked(eight)))

    assert region.volume_ml == pytest.approx(2 * (16 * 10 / 2) * THICK / 1000, rel=0.005)


def test_a_sliver_has_its_area_and_does_not_turn_the_plane(tmp_path: Path) -> None:
    sliver = np.array([[-10.0, 20.0], [10.0, 20.01], [10.0, 20.0]])
    noisy = at(sliver, HEIGHTS[2]) + np.array([[0, 0, 0.004], [0, 0, -0.004], [0, 0, 0.004]])
    contours = [*stacked(square(16.0)), noisy]

    region, flags = lay(drawn(tmp_path, contours))

    assert region.volume_ml == pytest.approx((256 * THICK + 0.1 * 3) / 1000, rel=1e-5)
    assert set(codes(flags)) <= {"ROI_CONTOUR_SKIPPED"}


@pytest.mark.parametrize("name", sorted(AFFINES))
def test_contours_of_a_millimetre_in_voxels_of_four_keep_their_volume(
    tmp_path: Path, name: str
) -> None:
    """As in TCIA LUNG1-002: 1 mm across in six planes of 3 mm."""
    region, flags = lay(drawn(tmp_path, stacked(circle(0.5, (0.7, 0.3)))), name)

    assert region.volume_ml == pytest.approx(np.pi * 0.25 * THICK / 1000, rel=1e-5)
    assert "ROI_SMALL" in codes(flags)


def test_a_contour_of_forty_thousand_points_is_read_and_laid(tmp_path: Path) -> None:
    """Values beyond 64 kB do not fit explicit DS: they are written, and read, as UN."""
    polygon = circle(15.0, points=40_000)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shape = drawn(tmp_path, [at(polygon, height) for height in HEIGHTS])
    region, flags = lay(shape)

    assert region.volume_ml == pytest.approx(np.pi * 225 * THICK / 1000, rel=1e-5)
    assert flags == ()


@pytest.mark.parametrize("kind", ["POINT", "OPEN_PLANAR", "OPEN_NONPLANAR"])
def test_a_region_of_open_contours_or_points_is_empty(tmp_path: Path, kind: str) -> None:
    shape = drawn(tmp_path, stacked(square(16.0)), kind)

    with pytest.raises(RegionError) as caught:
        lay(shape)

    assert caught.value.code == "ROI_EMPTY"


def test_the_order_of_contours_does_not_matter(tmp_path: Path) -> None:
    contours = stacked(circle(14.0), circle(6.0), circle(3.0, (-20.0, 0.0)))
    shuffled = [contours[n] for n in np.random.default_rng(5).permutation(len(contours))]

    there, _ = lay(drawn(tmp_path, contours))
    back, _ = lay(drawn(tmp_path, contours[::-1]))
    mixed, _ = lay(drawn(tmp_path, shuffled))

    np.testing.assert_allclose(back.weights, there.weights, atol=1e-6)
    np.testing.assert_allclose(mixed.weights, there.weights, atol=1e-6)


def test_regions_of_several_frames_of_reference_keep_their_own(tmp_path: Path) -> None:
    rois = [Roi("here", stacked(square(16.0))), Roi("there", stacked(square(16.0)), frame="1.2.9")]
    path = write_structure_set(tmp_path / "rt.dcm", rois, ["1.2.3", "1.2.9"])

    here, there = read_rtstruct(path)

    assert lay(here)[0].volume_ml == pytest.approx(256 * THICK / 1000, rel=1e-6)
    with pytest.raises(RegionError) as caught:
        lay(there)
    assert caught.value.code == "ROI_FOR_MISMATCH"


# Planes, slabs and slices


def on_slices(
    shape: ContourShape, heights: Sequence[float], normal: Points | None = None
) -> ContourShape:
    """Say on which slices a shape was drawn."""
    normal = np.array([0.0, 0.0, 1.0]) if normal is None else normal
    positions = np.array([[-40.0, -40.0, 0.0]]) + np.outer(heights, normal)
    return replace(shape, drawn_on=ImageSlices(positions, normal))


SLICES = tuple(np.arange(-31.5, 32.0, 3.0))


def test_contours_on_their_slices_are_not_flagged(tmp_path: Path) -> None:
    shape = on_slices(drawn(tmp_path, stacked(square(16.0))), SLICES)

    region, flags = lay(shape)

    assert region.volume_ml == pytest.approx(256 * THICK / 1000, rel=1e-6)
    assert flags == ()


def test_contours_between_slices_keep_their_volume_and_are_flagged(tmp_path: Path) -> None:
    shape = on_slices(drawn(tmp_path, stacked(square(16.0), heights=tuple(HEIGHTS + 1.0))), SLICES)

    region, flags = lay(shape)

    assert region.volume_ml == pytest.approx(256 * THICK / 1000, rel=1e-6)
    assert codes(flags) == ["ROI_PLANE"]
    assert "6 of 6 planes lie up to 1.00 mm off" in flags[0].detail


def test_contours_between_slices_at_odd_heights_fill_from_end_to_end(tmp_path: Path) -> None:
    """Gaps of 2.1 to 3.4 mm without a usual one: the median bridges them all."""
    heights = np.array([-7.0, -4.9, -1.7, 0.9, 3.2, 6.6])
    region, flags = lay(drawn(tmp_path, stacked(square(16.0), heights=tuple(heights))))

    ends = np.median(np.diff(heights))
    expected = 256 * (heights[-1] - heights[0] + ends) / 1000
    assert region.volume_ml == pytest.approx(expected, rel=1e-6)
    assert codes(flags) == ["ROI_PLANE"]
    assert flags[0].detail.endswith("0 of them stay empty")


def test_contours_drawn_finer_than_the_slices_said_are_taken_as_drawn(tmp_path: Path) -> None:
    """The slices do not explain the planes, so their spacing is of no account."""
    heights = np.arange(-7.5, 8.0, 1.0) + 0.25
    shape = on_slices(drawn(tmp_path, stacked(square(16.0), heights=tuple(heights))), SLICES)

    region, flags = lay(shape)

    assert region.volume_ml == pytest.approx(256 * 16.0 / 1000, rel=1e-6)
    assert codes(flags) == ["ROI_PLANE"]


def test_extra_contours_between_slices_do_not_thin_the_others(tmp_path: Path) -> None:
    """One more contour in most gaps: the slices say what a neighbour is, so nothing is empty."""
    heights = sorted([*HEIGHTS, *(HEIGHTS[:4] + 1.0)])
    shape = on_slices(drawn(tmp_path, stacked(square(16.0), heights=heights)), SLICES)

    region, flags = lay(shape)

    assert region.volume_ml == pytest.approx(256 * THICK / 1000, rel=1e-6)
    assert codes(flags) == ["ROI_PLANE"]


def test_planes_drawn_twice_a_tenth_of_a_millimetre_apart_fill_their_slices(
    tmp_path: Path,
) -> None:
    """The small gap is the most frequent one, and still no slice spacing."""
    heights = sorted([*HEIGHTS, *(HEIGHTS + 0.1)])

    region, flags = lay(drawn(tmp_path, stacked(square(16.0), heights=heights)))

    assert region.volume_ml == pytest.approx(256 * THICK / 1000, rel=1e-6)
    assert codes(flags) == ["ROI_PLANE"]


def test_contours_on_every_third_slice_fill_the_slices_between_and_are_flagged(
    tmp_path: Path,
) -> None:
    heights = np.arange(-9.0, 10.0, 9.0) + 1.5
    shape = on_slices(drawn(tmp_path, stacked(square(16.0), heights=tuple(heights))), SLICES)

    region, flags = lay(shape)

    assert region.volume_ml == pytest.approx(256 * 27.0 / 1000, rel=1e-6)
    assert flags[0].code == "ROI_PLANE"
    assert "9.000 mm apart on slices 3.000 mm apart" in flags[0].detail


def test_two_planes_with_empty_slices_between_are_two_slices(tmp_path: Path) -> None:
    """12 mm apart on slices of 3 mm: nobody drew what lies between."""
    shape = drawn(tmp_path, stacked(square(16.0), heights=(-6.0, 6.0)))
    shape = on_slices(shape, tuple(np.arange(-30.0, 31.0, 3.0)))

    region, flags = lay(shape)

    assert region.volume_ml == pytest.approx(2 * 256 * 3.0 / 1000, rel=1e-6)
    assert codes(flags) == ["ROI_PLANE"]
    assert "1 of them stay empty" in flags[0].detail


def test_two_planes_of_unknown_slices_say_what_is_assumed(tmp_path: Path) -> None:
    near = drawn(tmp_path, stacked(square(16.0), heights=(-2.5, 2.5)))
    far = drawn(tmp_path, stacked(square(16.0), heights=(-6.0, 6.0)))

    assert codes(lay(near)[1]) == []
    region, flags = lay(far)
    assert region.volume_ml == pytest.approx(2 * 256 * 12.0 / 1000, rel=1e-6)
    assert codes(flags) == ["ROI_THICKNESS_ASSUMED"]
    assert "distance of the only two planes" in flags[0].detail


@pytest.mark.parametrize("frame", ["sagittal", "coronal", "oblique"])
def test_contours_across_the_slices_are_flagged_and_keep_their_volume(frame: str) -> None:
    axes = contour_frame(frame)
    shape = on_slices(box_contours((17.0, 18.5, 16.0), np.zeros(3), 5, axes), SLICES)

    region, flags = lay(shape)

    assert region.volume_ml == pytest.approx(17 * 18.5 * 16 / 1000, rel=1e-6)
    assert codes(flags) == ["ROI_PLANE"]
    assert "degrees off the slices on which they were drawn" in flags[0].detail


def test_a_lone_contour_is_as_thick_as_the_slices_on_which_it_was_drawn(tmp_path: Path) -> None:
    shape = on_slices(drawn(tmp_path, [at(square(16.0), 1.5)]), SLICES)

    region, flags = lay(shape)

    assert region.volume_ml == pytest.approx(256 * 3.0 / 1000, rel=1e-6)
    assert [(flag.code, flag.detail) for flag in flags] == [
        ("ROI_THICKNESS_ASSUMED", "3.000 mm, slice spacing of the drawn series")
    ]


# Voxels


@pytest.mark.parametrize(("side", "small"), [(7.9, True), (8.1, False)])
def test_a_region_of_less_than_eight_voxels_is_small(side: float, small: bool) -> None:  # noqa: FBT001
    """8 mm cubed are eight voxels of 4 mm, wherever they lie."""
    shape = box_contours((side, side, side), np.array([1.0, 0.3, -0.7]), 4)

    region, flags = lay(shape)

    assert codes(flags) == (["ROI_SMALL"] if small else [])
    if small:
        assert f"{region.volume_ml / 0.064:.2f} voxels" in flags[0].detail


def test_the_clipped_part_is_told_in_numbers() -> None:
    """A quarter of a box of 16 mm sticks out of a face."""
    on = grid("axial")
    face = on.to_mm([9.5, 11.5, on.shape[2] - 0.5])
    shape = box_contours((16.0, 16.0, 16.0), face - [4.0, 0.0, 0.0], 4)

    region, flags = rasterise(shape, on, FRACTIONAL)

    assert region.clipped_fraction == pytest.approx(0.25, abs=1e-6)
    assert [(flag.code, flag.detail) for flag in flags] == [("ROI_CLIPPED", "25.0 % of the region")]


def test_a_fine_ct_grid_and_a_coarse_spect_grid_hold_the_same_volume(tmp_path: Path) -> None:
    shape = drawn(tmp_path, stacked(keyhole(circle(13.0), circle(4.0))))
    truth = np.pi * (13.0**2 - 4.0**2) * THICK / 1000
    for spacing in ((1.0, 0.98, 0.98), (3.0, 0.7, 1.4), (4.42, 4.42, 4.42), (9.0, 8.8, 8.8)):
        shape3 = tuple(int(np.ceil(60.0 / step)) for step in spacing)
        affine = np.zeros((4, 4))
        affine[[2, 1, 0], [0, 1, 2]] = spacing
        affine[:3, 3] = -(np.array(spacing) * (np.array(shape3) - 1) / 2.0)[::-1]
        affine[3, 3] = 1.0

        region, _ = rasterise(shape, Grid((shape3[0], shape3[1], shape3[2]), affine), FRACTIONAL)

        assert region.volume_ml == pytest.approx(truth, rel=2e-6)
