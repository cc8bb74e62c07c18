"""Solids of known volume, drawn as contours and label maps, laid on every kind of grid."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.domain.flags import Flag
from quant.domain.grid import Grid
from quant.domain.region import RasterRule, Region, Role
from quant.domain.shapes import ContourShape, LabelShape, Shape
from quant.errors import RegionError
from quant.regions.rasterise import rasterise
from tests.support.geometry import AFFINES, grid
from tests.support.solids import (
    box_contours,
    contour_frame,
    ellipsoid_contours,
    ellipsoid_labels,
    ellipsoid_volume_ml,
)

CENTRE = np.array([1.3, -2.1, 3.7])
SIDE = np.array([5.0, 0.0, 0.0])
GEOMETRIES = sorted(AFFINES)
DRAWN = ("axial", "sagittal", "coronal", "oblique")
FRACTIONAL, BY_CENTRE = RasterRule.FRACTIONAL, RasterRule.CENTRE


def lay(shape: Shape, on: Grid, rule: RasterRule = FRACTIONAL) -> Region:
    return rasterise(shape, on, rule)[0]


def codes(shape: Shape, on: Grid, rule: RasterRule = FRACTIONAL) -> list[str]:
    return [flag.code for flag in rasterise(shape, on, rule)[1]]


def refusal(shape: Shape, on: Grid, rule: RasterRule = FRACTIONAL) -> RegionError:
    with pytest.raises(RegionError) as caught:
        rasterise(shape, on, rule)
    return caught.value


def centroid_mm(region: Region) -> NDArray[np.float64]:
    index = np.argwhere(region.weights > 0)
    weights = region.weights[tuple(index.T)].astype(np.float64)
    mean = (weights[:, None] * (index + np.array(region.corner))).sum(axis=0) / weights.sum()
    return region.grid.to_mm(mean)


@pytest.mark.parametrize("drawn", DRAWN)
@pytest.mark.parametrize("name", GEOMETRIES)
def test_a_contoured_ellipsoid_keeps_its_volume_and_place(name: str, drawn: str) -> None:
    """25 ml in 2 mm contours: slices leave 0.3 %, askew sampling less than 0.2 %."""
    radii = (20.0, 16.0, 18.0)
    shape = ellipsoid_contours(radii, CENTRE, 2.0, contour_frame(drawn))

    region = lay(shape, grid(name))

    assert region.volume_ml == pytest.approx(ellipsoid_volume_ml(radii), rel=0.005)
    np.testing.assert_allclose(centroid_mm(region), CENTRE, atol=0.1)


@pytest.mark.parametrize("drawn", DRAWN)
@pytest.mark.parametrize("name", GEOMETRIES)
def test_a_contoured_box_keeps_its_volume(name: str, drawn: str) -> None:
    """17 x 18.5 x 16 mm = 5.03 ml, exact where frames agree; else within the sampling of 0.2 %."""
    shape = box_contours((17.0, 18.5, 16.0), CENTRE, 5, contour_frame(drawn))

    region = lay(shape, grid(name))

    askew = "oblique" in (name, drawn)
    assert region.volume_ml == pytest.approx(17 * 18.5 * 16 / 1000, rel=0.002 if askew else 1e-6)


@pytest.mark.parametrize("name", GEOMETRIES)
@pytest.mark.parametrize("source", ["axial", "head_to_feet", "sagittal", "oblique"])
def test_a_labelled_ellipsoid_keeps_its_volume_and_place(name: str, source: str) -> None:
    """Label map of 1.7 mm voxels: its own volume within 0.5 %, exact where axes agree."""
    radii = (20.0, 16.0, 18.0)
    own = grid(source)
    fine = Grid((60, 64, 68), own.affine * np.array([0.425] * 3 + [1.0]), "1.2.3")
    shape = ellipsoid_labels(radii, CENTRE, fine)
    drawn_ml = shape.weights.sum() * fine.voxel_volume_ml

    region = lay(shape, grid(name))

    askew = (name == "oblique") != (source == "oblique")
    assert region.volume_ml == pytest.approx(drawn_ml, rel=0.005 if askew else 1e-6)
    assert region.volume_ml == pytest.approx(ellipsoid_volume_ml(radii), rel=0.01)
    np.testing.assert_allclose(centroid_mm(region), CENTRE, atol=0.1)


@pytest.mark.parametrize("radius", [6.0, 12.0, 20.0])
def test_a_sphere_on_a_spect_grid_keeps_its_volume(radius: float) -> None:
    """4.42 mm voxels, 0.5 mm contours: within 0.5 %, where a nearest-voxel mask is off by 6 %."""
    affine = np.diag([4.42, 4.42, 4.42, 1.0])[[2, 1, 0, 3]]
    affine[:3, 3] = -4.42 * 11.5
    spect = Grid((24, 24, 24), affine, "1.2.3")
    shape = ellipsoid_contours((radius, radius, radius), CENTRE, 0.5)

    region = lay(shape, spect)

    assert region.volume_ml == pytest.approx(4 / 3 * np.pi * radius**3 / 1000, rel=0.005)


@pytest.mark.parametrize("rule", list(RasterRule))
@pytest.mark.parametrize("name", ["head_to_feet", "sagittal", "coronal"])
def test_the_same_voxels_stored_otherwise_get_the_same_weights(name: str, rule: RasterRule) -> None:
    """Turn the stored array back to axial: every weight is the same bit by bit."""
    side = (24, 24, 24)
    stored, axial = grid(name, side), grid("axial", side)
    shapes: list[Shape] = [
        ellipsoid_contours((20.0, 16.0, 18.0), CENTRE, 2.0),
        box_contours((16.0, 16.0, 16.0), np.zeros(3), 4),
        ellipsoid_labels((20.0, 16.0, 18.0), CENTRE, grid("axial", (24, 24, 24))),
    ]
    index = np.stack(np.meshgrid(*[np.arange(24)] * 3, indexing="ij"), axis=-1)
    where = np.rint(stored.to_index(axial.to_mm(index))).astype(int)
    for shape in shapes:
        expected = lay(shape, axial, rule).full_weights()

        turned = lay(shape, stored, rule).full_weights()[tuple(np.moveaxis(where, -1, 0))]

        np.testing.assert_array_equal(turned, expected)


def test_a_region_remembers_name_role_rule_and_source() -> None:
    shape = box_contours((16.0, 16.0, 16.0), CENTRE, 4)

    region, flags = rasterise(shape, grid("axial"), BY_CENTRE, Role.TUMOUR)

    assert (region.name, region.role, region.rule) == ("box", Role.TUMOUR, BY_CENTRE)
    assert (region.source, region.clipped_fraction, flags) == ("RTSTRUCT", 0.0, ())
    assert set(np.unique(region.weights)) <= {0.0, 1.0}


@pytest.mark.parametrize("name", GEOMETRIES)
def test_centre_rule_takes_the_voxels_whose_centre_is_inside(name: str) -> None:
    """Against the formula of the box, on grids where no centre lies on its surface."""
    on = grid(name)
    shape = box_contours((17.3, 18.7, 16.9), CENTRE, 5)
    index = np.stack(np.meshgrid(*[np.arange(n) for n in on.shape], indexing="ij"), axis=-1)
    inside = (np.abs(on.to_mm(index) - CENTRE) <= np.array([17.3, 18.7, 16.9]) / 2).all(axis=-1)

    region = lay(shape, on, BY_CENTRE)

    np.testing.assert_array_equal(region.full_weights(), inside)


def test_a_contour_drawn_twice_counts_once() -> None:
    """The copy starts at another vertex and runs the other way round."""
    shape = ellipsoid_contours((20.0, 16.0, 18.0), CENTRE, 2.0)
    copies = tuple(np.roll(contour[::-1], 7, axis=0) for contour in shape.contours_mm)
    doubled = replace(shape, contours_mm=shape.contours_mm + copies)

    once, twice = lay(shape, grid("axial")), lay(doubled, grid("axial"))

    np.testing.assert_array_equal(once.weights, twice.weights)


def test_the_sense_in_which_contours_were_drawn_does_not_matter() -> None:
    """Slabs that end on voxel centres (half-open) go to the same side either way."""
    on = grid("axial")
    middle = on.to_mm([10.0, 12.0, 14.0])
    shape = box_contours((18.0, 18.0, 16.0), middle, 2)
    turned = replace(shape, contours_mm=tuple(c[::-1] for c in shape.contours_mm))

    one, other = lay(shape, on, BY_CENTRE), lay(turned, on, BY_CENTRE)

    assert one.corner[0] == 8
    assert one.weights.shape[0] == 4
    np.testing.assert_array_equal(one.full_weights(), other.full_weights())


def test_a_closing_vertex_and_repeated_vertices_change_nothing() -> None:
    shape = ellipsoid_contours((20.0, 16.0, 18.0), CENTRE, 2.0)
    closed = tuple(np.repeat(np.vstack([c, c[:1]]), 2, axis=0) for c in shape.contours_mm)

    again = lay(replace(shape, contours_mm=closed), grid("axial"))

    np.testing.assert_allclose(again.weights, lay(shape, grid("axial")).weights, atol=1e-6)


def test_a_contour_inside_another_is_a_hole() -> None:
    outer = box_contours((24.0, 24.0, 16.0), CENTRE, 4)
    inner = box_contours((12.0, 12.0, 16.0), CENTRE, 4)
    both = replace(outer, contours_mm=outer.contours_mm + inner.contours_mm)

    region = lay(both, grid("axial"))

    assert region.volume_ml == pytest.approx((24 * 24 - 12 * 12) * 16 / 1000, rel=1e-6)


def test_touching_contours_are_one_region() -> None:
    left = box_contours((10.0, 16.0, 16.0), CENTRE - SIDE, 4)
    right = box_contours((10.0, 16.0, 16.0), CENTRE + SIDE, 4)
    both = replace(left, contours_mm=left.contours_mm + right.contours_mm)

    assert lay(both, grid("axial")).volume_ml == pytest.approx(20 * 16 * 16 / 1000, rel=1e-6)


def test_a_missing_contour_leaves_a_gap_and_a_flag() -> None:
    shape = box_contours((16.0, 16.0, 32.0), CENTRE, 8)
    gapped = replace(shape, contours_mm=shape.contours_mm[:3] + shape.contours_mm[4:])

    region, flags = rasterise(gapped, grid("axial"), FRACTIONAL)

    assert region.volume_ml == pytest.approx(16 * 16 * 28 / 1000, rel=1e-6)
    assert [flag.code for flag in flags] == ["ROI_PLANE"]
    assert "1 of 6 gaps differ from 4.000 mm; 1 of them stay empty" in flags[0].detail


def test_spacing_that_wavers_leaves_no_slivers() -> None:
    """Slices at 3.27 and 3.29 mm, as scanners write them: the stack stays closed, no flag.

    The outer half slabs take the mean gap, 0.003 mm more than the first one.
    """
    shape = box_contours((16.0, 16.0, 8 * 3.27), CENTRE, 8)
    shifted = tuple(c + np.array([0, 0, 0.02 * (n > 3)]) for n, c in enumerate(shape.contours_mm))

    region, flags = rasterise(replace(shape, contours_mm=shifted), grid("axial"), FRACTIONAL)

    assert region.volume_ml == pytest.approx(16 * 16 * (8 * 3.27 + 0.0229) / 1000, rel=1e-5)
    assert flags == ()


def test_an_extra_contour_between_slices_shares_their_slab() -> None:
    shape = box_contours((16.0, 16.0, 32.0), CENTRE, 8)
    between = shape.contours_mm[3] + [0.0, 0.0, 1.0]

    region, flags = rasterise(
        replace(shape, contours_mm=(*shape.contours_mm, between)), grid("axial"), FRACTIONAL
    )

    assert region.volume_ml == pytest.approx(16 * 16 * 32 / 1000, rel=1e-6)
    assert [flag.code for flag in flags] == ["ROI_PLANE"]


def test_tilted_contours_are_flagged_and_keep_their_volume() -> None:
    """Two of four contours tilt by 1.7 degrees: each strays from the mean plane by half of it."""
    shape = box_contours((24.0, 24.0, 16.0), np.zeros(3), 4)
    tilted = tuple(c + np.outer(c[:, 0], [0, 0, 0.03]) for c in shape.contours_mm[:2])

    mixed = replace(shape, contours_mm=tilted + shape.contours_mm[2:])

    region, flags = rasterise(mixed, grid("axial"), FRACTIONAL)
    assert region.volume_ml == pytest.approx(24 * 24 * 16 / 1000, rel=0.002)
    assert [flag.code for flag in flags] == ["ROI_PLANE"]
    assert "0.18 mm" in flags[0].detail


def test_contours_across_the_others_are_left_out_with_a_flag() -> None:
    shape = box_contours((16.0, 16.0, 16.0), CENTRE, 4)
    across = box_contours((12.0, 12.0, 4.0), CENTRE, 1, contour_frame("sagittal"))

    region, flags = rasterise(
        replace(shape, contours_mm=shape.contours_mm + across.contours_mm), grid("axial"),
        FRACTIONAL,
    )  # fmt: skip

    assert region.volume_ml == pytest.approx(16**3 / 1000, rel=1e-6)
    assert [flag.code for flag in flags] == ["ROI_CONTOUR_SKIPPED"]


@pytest.mark.parametrize(("spacing", "thickness"), [(None, 5.0), (2.5, 2.5)])
def test_a_lone_plane_is_one_slice_thick_and_flagged(
    spacing: float | None, thickness: float
) -> None:
    """Thickness of the drawn series where known, else of the emission volume (5 mm here)."""
    shape = replace(box_contours((15.0, 18.0, 4.0), CENTRE, 1), slice_spacing_mm=spacing)

    region, flags = rasterise(shape, grid("anisotropic"), FRACTIONAL)

    assert region.volume_ml == pytest.approx(15 * 18 * thickness / 1000, rel=1e-6)
    assert [flag.code for flag in flags] == ["ROI_THICKNESS_ASSUMED"]


def test_two_planes_far_apart_are_two_slices_not_one_block() -> None:
    one = box_contours((16.0, 16.0, 4.0), np.array([0.0, 0.0, -20.0]), 1)
    other = box_contours((16.0, 16.0, 4.0), np.array([0.0, 0.0, 20.0]), 1)

    region, flags = rasterise(
        replace(one, contours_mm=one.contours_mm + other.contours_mm), grid("axial"), FRACTIONAL
    )

    assert region.volume_ml == pytest.approx(2 * 16 * 16 * 4 / 1000, rel=1e-6)
    assert [flag.code for flag in flags] == ["ROI_THICKNESS_ASSUMED"]


@pytest.mark.parametrize("name", GEOMETRIES)
def test_a_region_smaller_than_a_voxel_has_its_volume(name: str) -> None:
    """A cube of 1 mm in voxels of 4 mm: 1/64 voxel (askew: as many of 64 lines as meet it)."""
    shape = box_contours((1.0, 1.0, 1.0), CENTRE, 4)

    region = lay(shape, grid(name))

    assert region.volume_ml == pytest.approx(0.001, rel=0.5 if name == "oblique" else 1e-5)


def test_a_region_between_voxel_centres_is_empty_by_the_centre_rule() -> None:
    error = refusal(box_contours((1.0, 1.0, 1.0), CENTRE, 4), grid("axial"), BY_CENTRE)

    assert error.code == "ROI_EMPTY"
    assert "rule 'centre'" in error.found


@pytest.mark.parametrize(
    "contours",
    [(), (np.zeros((5, 3)),), (np.array([[0, 0, 0], [1, 1, 0], [2, 2, 0.0]]),)],
    ids=["none", "a point", "a line"],
)
def test_contours_that_enclose_nothing_are_an_empty_region(
    contours: tuple[NDArray[np.float64], ...],
) -> None:
    assert refusal(ContourShape("nothing", contours, "1.2.3"), grid("axial")).code == "ROI_EMPTY"


def test_a_label_map_without_a_voxel_is_an_empty_region() -> None:
    on = grid("axial")
    shape = LabelShape("nothing", on.cropped((0, 0, 0), (1, 1, 1)), np.zeros((1, 1, 1), np.uint8))

    assert refusal(shape, on).code == "ROI_EMPTY"


def solids_at(centre: NDArray[np.float64], frame: str = "1.2.3") -> list[Shape]:
    own = grid("axial", (30, 30, 30))
    affine = own.affine.copy()
    affine[:3, 3] += centre
    labels = ellipsoid_labels((16.0, 16.0, 16.0), centre, Grid((30, 30, 30), affine, frame))
    contours = ellipsoid_contours((16.0, 16.0, 16.0), centre, 2.0)
    return [
        replace(contours, frame_of_reference_uid=frame),
        replace(labels, source="SEG", frame_of_reference_uid=frame),
    ]


@pytest.mark.parametrize("name", GEOMETRIES)
def test_a_region_outside_the_volume_is_refused(name: str) -> None:
    for shape in solids_at(np.array([400.0, 0.0, 0.0])):
        assert refusal(shape, grid(name)).code == "ROI_OUTSIDE"


@pytest.mark.parametrize("rule", list(RasterRule))
@pytest.mark.parametrize("name", ["axial", "head_to_feet", "sagittal"])
def test_a_region_half_outside_is_clipped_with_its_fraction(name: str, rule: RasterRule) -> None:
    """Centred on the outer face of the grid: one half is outside, whatever the rule."""
    on = grid(name)
    face = on.to_mm([(on.shape[0] - 1) / 2, (on.shape[1] - 1) / 2, on.shape[2] - 0.5])
    for shape in solids_at(face):
        region, flags = rasterise(shape, on, rule)

        assert region.clipped_fraction == pytest.approx(0.5, abs=1e-6)
        assert [flag.code for flag in flags] == ["ROI_CLIPPED"]
        if rule is FRACTIONAL:
            drawn = sum(lay(half, grid("axial", (40, 40, 40))).volume_ml for half in [shape])
            assert region.volume_ml == pytest.approx(drawn / 2, rel=1e-5)


def test_a_region_wholly_inside_is_not_clipped() -> None:
    for shape in solids_at(CENTRE):
        for name in GEOMETRIES:
            assert rasterise(shape, grid(name), FRACTIONAL)[0].clipped_fraction == 0.0


def test_a_region_in_another_frame_of_reference_is_refused() -> None:
    for shape in solids_at(CENTRE, frame="1.2.4"):
        error = refusal(shape, grid("axial"))

        assert error.code == "ROI_FOR_MISMATCH"
        assert "1.2.4" in error.found
        assert "1.2.3" in error.needed


@pytest.mark.parametrize("missing", ["region", "volume"])
def test_a_missing_frame_of_reference_is_assumed_and_flagged(missing: str) -> None:
    on = grid("axial")
    if missing == "volume":
        on = Grid(on.shape, on.affine)
    for shape in solids_at(CENTRE, frame="" if missing == "region" else "1.2.3"):
        flags = rasterise(shape, on, FRACTIONAL)[1]

        assert [flag.code for flag in flags] == ["FOR_ASSUMED"]
        assert missing in flags[0].detail


def test_an_assumed_frame_needs_half_of_the_region_inside() -> None:
    on = grid("axial")
    face = on.to_mm([9.5, 11.5, on.shape[2] - 0.5])
    for shape in solids_at(face + 0.8 * SIDE, frame=""):
        error = refusal(shape, on)

        assert error.code == "ROI_OUTSIDE"
        assert "at least half" in error.needed


def test_a_file_without_frames_by_nature_is_neither_flagged_nor_held_to_half() -> None:
    """An organ of a torso CT often leaves the camera's field of view."""
    on = grid("axial")
    face = on.to_mm([9.5, 11.5, on.shape[2] - 0.5])
    shape = solids_at(face + 0.8 * SIDE, frame="")[1]
    assert isinstance(shape, LabelShape)

    assert codes(replace(shape, source="NIfTI"), on) == ["ROI_CLIPPED"]


def test_the_flags_of_the_reader_are_not_repeated() -> None:
    shape = replace(
        box_contours((15.0, 18.0, 4.0), CENTRE, 1),
        flags=(Flag("ROI_CONTOUR_SKIPPED", "1 of type POINT"),),
    )

    assert codes(shape, grid("axial")) == ["ROI_THICKNESS_ASSUMED"]


@pytest.mark.parametrize("degrees", [0.01, 0.2, 1.0, 5.0])
def test_a_small_tilt_changes_volumes_by_little(degrees: float) -> None:
    """Between the exact path and the sampled one there is no step."""
    angle = np.deg2rad(degrees)
    turn = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    affine = grid("axial").affine.copy()
    affine[:3] = turn @ affine[:3]
    on = Grid((20, 24, 28), affine, "1.2.3")
    box = box_contours((17.0, 18.5, 16.0), CENTRE, 5)
    ball = ellipsoid_labels((16.0, 16.0, 16.0), CENTRE, grid("axial"))

    assert lay(box, on).volume_ml == pytest.approx(17 * 18.5 * 16 / 1000, rel=0.003)
    assert lay(ball, on).volume_ml == pytest.approx(ball.weights.sum() * 0.064, rel=0.003)
