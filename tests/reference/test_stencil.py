"""Stencils against analytic volumes and dense sampling; peaks against IBSI and a naive loop."""

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.protocol import PeakRule
from quant.domain.region import Region
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.errors import GeometryError
from quant.reference.stencil import local_peak, peak, radius_of, sphere_stencil
from tests.support.geometry import AFFINES, grid
from tests.support.reference import reference_dir

SPACINGS = [(s, s, s) for s in (2.0, 3.0, 4.0, 4.795, 5.0)] + [(3.0, 4.8, 4.8), (4.8, 3.0, 3.0)]


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("volume_ml", [30.0, 10.0, 1.0])
@pytest.mark.parametrize("offset", [(0.0, 0.0, 0.0), (0.7, -1.1, 0.3), (-1.0, 1.4, 0.99)])
def test_the_weights_add_up_to_the_sphere_to_a_thousandth(
    spacing: tuple[float, float, float], volume_ml: float, offset: tuple[float, float, float]
) -> None:
    stencil = sphere_stencil(np.diag(spacing), radius_of(volume_ml), offset)

    realised = stencil.total * np.prod(spacing) / 1000.0

    assert realised == pytest.approx(volume_ml, rel=1e-3)
    assert stencil.weights.min() >= 0.0
    assert stencil.weights.max() == 1.0 or volume_ml == 1.0


@pytest.mark.parametrize("offset", [(0.0, 0.0, 0.0), (0.9, -1.3, 0.4)])
def test_each_weight_is_the_fraction_of_its_voxel(offset: tuple[float, float, float]) -> None:
    """Against 20^3 samples a voxel: 0.01 is the sampling's own error."""
    spacing, radius = np.array([3.0, 4.8, 4.0]), 13.0
    stencil = sphere_stencil(np.diag(spacing), radius, offset)
    fine = (np.arange(20) - 9.5) / 20
    samples = np.stack(np.meshgrid(fine, fine, fine, indexing="ij"), axis=-1).reshape(-1, 3)

    for at in np.ndindex(*stencil.weights.shape):
        centre = (np.array(stencil.lower) + at + samples) * spacing
        inside = np.linalg.norm(centre - offset, axis=1) <= radius
        assert stencil.weights[at] == pytest.approx(inside.mean(), abs=0.01)


def test_the_centre_of_gravity_is_where_the_mark_is() -> None:
    """To 0.05 mm: partly covered voxels count at their own centre."""
    axes = AFFINES["oblique"][:3, :3]
    offset = np.array([1.2, -0.7, 0.5])

    stencil = sphere_stencil(axes, 14.0, offset)

    index = np.moveaxis(np.indices(stencil.weights.shape), 0, -1) + np.array(stencil.lower)
    centre = (stencil.weights[..., None] * (index @ axes.T)).sum(axis=(0, 1, 2)) / stencil.total
    np.testing.assert_allclose(centre, offset, atol=0.05)


@pytest.mark.parametrize("name", AFFINES)
def test_the_orientation_of_the_grid_does_not_change_a_centred_sphere(name: str) -> None:
    axes = AFFINES[name][:3, :3]
    spacing = np.linalg.norm(axes, axis=0)

    turned = sphere_stencil(axes, 15.0)
    straight = sphere_stencil(np.diag(spacing), 15.0)

    np.testing.assert_allclose(turned.weights, straight.weights, atol=1e-9)


def test_bad_spheres_and_sheared_grids_are_refused() -> None:
    for radius in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="radius"):
            sphere_stencil(np.eye(3), radius)
    sheared = np.eye(3) * 4.0
    sheared[0, 1] = 1.0
    with pytest.raises(GeometryError, match="BAD_IOP"):
        sphere_stencil(sheared, 10.0)


def _reference(feature: str) -> float:
    with Path(reference_dir("ibsi") / "reference_values.csv").open() as stream:
        for row in csv.DictReader(stream):
            if row["data_set"] == "digital_phantom" and row["feature"] == feature:
                return float(row["value"])
    raise KeyError(feature)


@pytest.mark.reference
def test_the_ibsi_digital_phantom_has_its_reference_peaks() -> None:
    """IBSI 0F91 and VJGA, tolerance 0 at the two digits that are given."""
    import nibabel

    folder = reference_dir("ibsi") / "digital_phantom"
    image = nibabel.Nifti1Image.from_filename(folder / "phantom.nii.gz").get_fdata()
    mask = nibabel.Nifti1Image.from_filename(folder / "mask.nii.gz").get_fdata()
    at = Grid((4, 4, 5), np.diag([2.0, 2.0, 2.0, 1.0]))
    volume = Volume(at, image.T.astype(np.float32), Unit.RELATIVE)
    region = Region.from_full(at, mask.T.astype(np.float32), "roi")

    best, _ = peak(volume, region, 1.0, PeakRule.CENTRES)
    local, _ = local_peak(volume, region, 1.0, PeakRule.CENTRES)

    assert round(best, 1) == _reference("global_intensity_peak")
    assert round(local, 1) == _reference("local_intensity_peak")


def _naive_peak(volume: Volume, region: Region, rule: PeakRule) -> tuple[float, NDArray[np.int64]]:
    """Loop over all centres and all voxels of the volume."""
    radius, at = radius_of(1.0), volume.grid
    fine = (np.arange(12) - 5.5) / 12 if rule is PeakRule.FRACTIONAL else np.zeros(1)
    samples = np.stack(np.meshgrid(fine, fine, fine), axis=-1).reshape(-1, 1, 3)
    index = np.moveaxis(np.indices(at.shape), 0, -1).reshape(-1, 3)
    full = region.full_weights()
    best, place = -np.inf, np.zeros(3, np.int64)
    for centre in np.argwhere(full >= 0.5):
        away = np.linalg.norm(((index - centre) + samples) @ at.axes_mm.T, axis=-1)
        weights = (away <= radius + 1e-9).mean(axis=0)
        mean = float(weights @ volume.values.ravel()) / float(weights.sum())
        if mean > best:
            best, place = mean, centre
    return best, place


@pytest.mark.parametrize("rule", PeakRule)
@pytest.mark.parametrize("name", ["axial", "oblique", "anisotropic", "sagittal"])
def test_the_peak_equals_a_naive_search_also_at_the_border(name: str, rule: PeakRule) -> None:
    """The region touches two faces of the volume; beyond them nothing counts."""
    at = grid(name, (7, 8, 9))
    rng = np.random.default_rng(5)
    volume = Volume(at, rng.gamma(4.0, size=at.shape).astype(np.float32), Unit.COUNTS)
    weights = np.zeros(at.shape, np.float32)
    weights[:4, 3:, 2:5] = rng.random((4, 5, 3)).astype(np.float32)
    region = Region.from_full(at, weights, "tumour")

    value, place = peak(volume, region, 1.0, rule)

    expected, where = _naive_peak(volume, region, rule)
    assert value == pytest.approx(expected, rel=1e-9 if rule is PeakRule.CENTRES else 5e-3)
    assert place == tuple(where)


def test_a_region_below_half_a_voxel_still_has_a_peak() -> None:
    at = grid("axial", (7, 8, 9))
    values = np.zeros(at.shape, np.float32)
    values[3, 4, 5] = 8.0
    weights = np.zeros(at.shape, np.float32)
    weights[3, 4, 4:6] = 0.2
    volume = Volume(at, values, Unit.COUNTS)

    value, place = peak(volume, Region.from_full(at, weights, "met"), 1.0, PeakRule.FRACTIONAL)

    assert place == (3, 4, 5)
    stencil = sphere_stencil(at.axes_mm, radius_of(1.0))
    assert value == pytest.approx(8.0 / stencil.total)


def test_equal_peaks_are_taken_by_their_place_in_the_patient() -> None:
    """Two equal hot voxels: the one farther right (lower x) wins on a grid and on its mirror."""
    places = []
    for name in ("axial", "mirrored"):
        at = grid("axial", (7, 8, 9))
        if name == "mirrored":
            affine = at.affine.copy()
            affine[:3, 3] = at.to_mm((0, 0, 8))
            affine[:3, 2] *= -1.0
            at = Grid(at.shape, affine)
        values = np.zeros(at.shape, np.float32)
        values[3, 4, 1] = values[3, 4, 7] = 5.0
        region = Region.from_full(at, np.ones(at.shape, np.float32), "tumour")
        _, place = local_peak(Volume(at, values, Unit.COUNTS), region, 1.0, PeakRule.FRACTIONAL)
        places.append(at.to_mm(place))

    np.testing.assert_allclose(places[0], places[1], atol=1e-9)
