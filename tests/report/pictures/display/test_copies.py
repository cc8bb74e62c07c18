"""Display copies hold what was measured, where it was, and come back as they were."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from quant.domain.grid import Grid
from quant.domain.region import Role
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.phantom.geometry import Layout
from quant.phantom.solid_studies import TUMOUR_AT
from quant.report.pictures import COPIES
from quant.report.pictures.display.copies import read_copies, write_copies
from quant.report.pictures.display.nifti import Stored, nifti_bytes, read_nifti
from quant.report.pictures.display.stored import MOST_VOXELS, as_stored, block_means, thinned_grid
from tests.support.geometry import AFFINES, grid
from tests.support.pictured import ball_in, measured

SAMPLE = Path(__file__).parents[4] / "data-samples" / "torso"


@pytest.mark.parametrize("name", AFFINES)
@pytest.mark.parametrize("bits", [8, 16])
def test_nibabel_reads_the_same_values_in_the_same_places(
    tmp_path: Path, name: str, bits: int
) -> None:
    there = grid(name, (5, 7, 6))
    some = np.random.default_rng(1).integers(0, 255, there.shape)
    values = some.astype(np.uint16) if bits == 16 else some.astype(np.uint8)
    path = tmp_path / "image.nii.gz"
    path.write_bytes(nifti_bytes(Stored(there, values, 0.5, -3.0, "words", (1.0, 9.0))))

    image = nib.Nifti1Image.from_filename(path)

    found = np.asarray(image.dataobj).transpose(2, 1, 0)
    np.testing.assert_allclose(found, some * 0.5 - 3.0, rtol=1e-6)
    for index in ([0, 0, 0], [4, 6, 5], [1, 2, 3]):
        right, front, up = image.affine[:3] @ [*index[::-1], 1]  # i, j, k to RAS
        np.testing.assert_allclose([-right, -front, up], there.to_mm(index), atol=1e-4)
    assert image.header["xyzt_units"] == 2  # mm
    assert image.header["descrip"].item() == b"words"


def test_a_file_read_back_is_what_was_written(tmp_path: Path) -> None:
    there = grid("oblique")
    values = np.arange(np.prod(there.shape), dtype=np.uint16).reshape(there.shape)
    path = tmp_path / "image.nii.gz"
    path.write_bytes(nifti_bytes(Stored(there, values, 0.25, 1.0, "words", (0.0, 2.0))))

    back = read_nifti(path)

    np.testing.assert_array_equal(back.values, values)
    np.testing.assert_allclose(back.grid.affine, there.affine, atol=1e-5)
    assert (back.slope, back.intercept, back.words, back.window) == (0.25, 1.0, "words", (0.0, 2.0))


def test_a_damaged_file_is_no_image(tmp_path: Path) -> None:
    content = nifti_bytes(Stored(grid("axial"), np.ones(grid("axial").shape, dtype=np.uint8)))
    path = tmp_path / "image.nii.gz"

    for spoilt in (content[:-20], content[:60] + b"x" + content[61:], b"", b"nothing"):
        path.write_bytes(spoilt)
        with pytest.raises(ValueError, match="image"):
            read_nifti(path)


def test_files_hold_no_time() -> None:
    content = nifti_bytes(Stored(grid("axial"), np.ones(grid("axial").shape, dtype=np.uint8)))

    assert content[4:8] == b"\0\0\0\0"
    assert len(gzip.decompress(content)) == 352 + int(np.prod(grid("axial").shape))


@pytest.mark.parametrize("layout", [Layout.AXIAL, Layout.OBLIQUE, Layout.SAGITTAL])
def test_emission_and_labels_show_the_tumour_where_the_patient_has_it(layout: Layout) -> None:
    copies = ball_in(layout).copies
    assert copies.emission is not None
    assert copies.labels is not None
    value = next(one.value for one in copies.names if one.role == Role.TUMOUR)

    places = copies.labels.grid.to_mm(np.argwhere(copies.labels.values == value))
    k, j, i = np.rint(copies.emission.grid.to_index(TUMOUR_AT)).astype(int)

    assert np.linalg.norm(places.mean(axis=0) - np.array(TUMOUR_AT)) < 1.0
    assert copies.emission.values[k, j, i] == copies.emission.values.max()


def test_values_are_kept_to_a_part_in_65535() -> None:
    study = ball_in(Layout.AXIAL)
    volume, emission = study.outcome.volume, study.copies.emission
    assert volume is not None
    assert emission is not None

    step = float(volume.values.max() - volume.values.min()) / 65535

    assert np.abs(emission.scaled() - volume.values).max() <= 0.51 * step + 1e-3


def test_negative_and_constant_volumes_are_kept() -> None:
    there = grid("axial", (3, 4, 5))
    falling = np.linspace(-5.0, 3.0, 60, dtype=np.float32).reshape(there.shape)

    for values in (falling, np.full(there.shape, 7.0, dtype=np.float32), 0.0 * falling):
        stored = as_stored(Volume(there, values, Unit.COUNTS))
        np.testing.assert_allclose(stored.scaled(), values, atol=1e-4)


def test_outlines_and_sphere_values_are_those_that_were_measured() -> None:
    study = ball_in(Layout.OBLIQUE)

    for region, copy in zip(study.outcome.regions, study.copies.regions, strict=True):
        assert (region.name, region.role, region.corner) == (copy.name, copy.role, copy.corner)
        assert np.abs(region.weights - copy.weights).max() <= 0.5 / 255 + 1e-6
    for values in study.copies.spheres:
        mean = np.average(values.values, weights=values.weights)
        assert mean == pytest.approx(study.record.value(f"{values.role}_mean"), rel=1e-6)


def test_the_same_study_gives_the_same_bytes(tmp_path: Path) -> None:
    study = ball_in(Layout.AXIAL)

    for name in ("one", "two"):
        write_copies(study.outcome, tmp_path / name)

    for path in sorted((tmp_path / "one").iterdir()):
        assert path.name in COPIES
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


@pytest.mark.parametrize("name", COPIES)
def test_a_lost_or_damaged_copy_is_missing_with_a_reason(tmp_path: Path, name: str) -> None:
    study = ball_in(Layout.AXIAL)
    write_copies(study.outcome, tmp_path)
    path = tmp_path / name

    for content in (None, b"", b"{}", path.read_bytes()[:-9] if path.is_file() else b"x"):
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        found = read_copies(tmp_path)
        assert found.missing
        lost = {"emission.nii.gz": found.emission, "regions.nii.gz": found.labels}
        assert lost.get(name) is None


def test_a_study_that_was_not_read_has_no_copies(tmp_path: Path) -> None:
    outcome = replace(ball_in(Layout.AXIAL).outcome, volume=None, regions=())

    write_copies(outcome, tmp_path / "none")

    assert not (tmp_path / "none").exists()
    assert "emission" in read_copies(tmp_path / "none").missing


def test_the_sample_has_its_ct_around_the_emission_volume(tmp_path: Path) -> None:
    """CT and emission of one frame: the liver's outline holds soft tissue on the CT."""
    study = measured(SAMPLE, tmp_path)
    copies = study.copies
    assert copies.ct is not None
    for values in copies.spheres:  # noisy: only the sphere's own voxels have its mean and maximum
        mean = np.average(values.values, weights=values.weights)
        assert mean == pytest.approx(study.record.value(f"{values.role}_mean"), rel=1e-6)
        largest = values.values[values.weights >= 0.5].max()
        assert largest == study.record.value(f"{values.role}_max")
    assert copies.ct.grid.spacing_mm.max() <= 3.0  # those of the sample's own CT

    liver = next(one for one in copies.regions if one.role == Role.LIVER)
    places = liver.grid.to_mm(np.argwhere(liver.weights > 0.99) + np.array(liver.corner))
    k, j, i = np.rint(copies.ct.grid.to_index(places)).astype(int).T
    hu = copies.ct.scaled()[k, j, i]
    assert 20.0 < np.median(hu) < 160.0
    about = json.loads((tmp_path / "display.json").read_bytes())
    assert about["ct"]["window"] == [-210.0, 290.0]


def test_blocks_of_voxels_are_averaged_and_lie_in_their_middle() -> None:
    there = grid("oblique", (7, 8, 9))
    index = np.stack(np.meshgrid(*map(np.arange, there.shape), indexing="ij"), axis=-1)
    field = (there.to_mm(index) @ [0.3, -0.2, 0.1]).astype(np.float32)

    mean, coarse = block_means(field, (2, 1, 3)), thinned_grid(there, (2, 1, 3))

    assert mean.shape == coarse.shape == (3, 8, 3)
    index = np.stack(np.meshgrid(*map(np.arange, coarse.shape), indexing="ij"), axis=-1)
    np.testing.assert_allclose(mean, coarse.to_mm(index) @ [0.3, -0.2, 0.1], atol=1e-4)


def test_a_huge_volume_is_shown_in_larger_voxels() -> None:
    shape = (260, 260, 260)
    assert np.prod(shape) > MOST_VOXELS
    volume = Volume(Grid(shape, np.eye(4)), np.ones(shape, dtype=np.float32), Unit.COUNTS)

    stored = as_stored(volume)

    assert stored.values.size <= MOST_VOXELS
    np.testing.assert_allclose(stored.grid.corners_mm(), volume.grid.corners_mm(), atol=1.01)
