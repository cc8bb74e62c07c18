"""The torso study: its anatomy is upright, what is simulated lies where it should."""

from math import exp

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.phantom.anatomy import Torso
from quant.phantom.bodies.occupancy import centre_mask, occupancy
from quant.phantom.torso import (
    BONE_LESIONS,
    FOCUS,
    MU_WATER_PER_MM,
    ORGANS,
    PRIMARY,
    SPECT_SHAPE,
    SPECT_VOXEL_MM,
    UPTAKE,
    attenuation_factor,
    left_lobe_begins_mm,
    painted,
    spect_grid,
)
from tests.phantom.conftest import Written


@pytest.fixture(scope="module")
def uptake(torso: Torso) -> NDArray[np.float64]:
    """Paint the torso."""
    return painted(torso)


def _centre(torso: Torso, name: str) -> NDArray[np.float64]:
    return torso.grid.to_mm(np.argwhere(torso.mask(name)).mean(axis=0))


def test_the_label_map_is_upright_and_not_mirrored(torso: Torso) -> None:
    """LPS: x to the patient's left, y to the back, z to the head."""
    x, y, z = range(3)
    assert _centre(torso, "liver")[x] < -40.0
    assert _centre(torso, "spleen")[x] > 40.0
    assert _centre(torso, "kidney_right")[x] < 0.0 < _centre(torso, "kidney_left")[x]
    assert _centre(torso, "autochthon_right")[x] < 0.0 < _centre(torso, "autochthon_left")[x]
    assert _centre(torso, "autochthon_left")[y] > _centre(torso, "vertebrae_L2")[y] + 20.0
    heights = [_centre(torso, f"vertebrae_L{n}")[z] for n in (2, 3, 4)]
    assert heights == sorted(heights, reverse=True)
    assert _centre(torso, "sacrum")[z] < heights[-1]


def test_the_ct_lies_under_its_labels(torso: Torso) -> None:
    """Soft tissue, bone and air where the labels say so: the two files share one orientation."""
    assert torso.hu.shape == torso.labels.shape == torso.grid.shape
    assert 20.0 < np.median(torso.hu[torso.mask("liver")]) < 200.0
    assert np.mean(torso.hu[torso.mask("vertebrae_L2")]) > 100.0
    assert np.median(torso.hu[torso.mask("lung_lower_lobe_left")]) < -600.0
    mirrored = torso.mask("vertebrae_L2")[:, ::-1]
    assert np.mean(torso.hu[mirrored]) < 100.0


def test_the_body_is_one_part_and_holds_every_organ(torso: Torso) -> None:
    from scipy import ndimage

    body = torso.body()

    assert ndimage.label(body)[1] == 1
    for name in ORGANS:
        assert body[torso.mask(name)].mean() > 0.99
    assert not body[:, 0, 0].any()


def test_the_focus_lies_in_the_right_lobe_of_the_liver(torso: Torso) -> None:
    x = FOCUS.centre_mm[0]

    assert torso.mask("liver")[centre_mask(FOCUS, torso.grid)].all()
    assert x + FOCUS.radius_mm < left_lobe_begins_mm(torso)


def test_bone_lesions_lie_in_their_bones(torso: Torso) -> None:
    bones = {"Lesion L4": "vertebrae_L4", "Lesion right ilium": "hip_right"}
    assert bones.keys() == BONE_LESIONS.keys()

    for name, bone in bones.items():
        ball = centre_mask(BONE_LESIONS[name], torso.grid)
        assert torso.mask(bone)[ball].mean() > 0.9, name


def test_the_primary_touches_no_organ_that_is_measured(torso: Torso) -> None:
    near = occupancy(PRIMARY, torso.grid) > 0.0

    for name in (*ORGANS, "kidney_left", "kidney_right", "spleen"):
        assert not (near & torso.mask(name)).any(), name
    assert (near & torso.mask("adrenal_gland_left")).any(), "it starts from the left adrenal gland"


def test_the_left_lobe_begins_a_little_left_of_the_centroid(torso: Torso) -> None:
    centroid = _centre(torso, "liver")[0]

    assert left_lobe_begins_mm(torso) == pytest.approx(centroid + 12.0)
    x = torso.grid.to_mm(np.argwhere(torso.mask("liver")))[:, 0]
    assert 0.15 < (x > left_lobe_begins_mm(torso)).mean() < 0.6


def test_painted_uptake_is_that_of_the_table(torso: Torso, uptake: NDArray[np.float64]) -> None:
    solids = [PRIMARY, FOCUS, *BONE_LESIONS.values()]
    shares = [occupancy(solid, torso.grid) for solid in solids]
    free = np.sum(shares, axis=0) == 0.0
    liver = torso.mask("liver") & free
    index = np.argwhere(liver)
    left = torso.grid.to_mm(index)[:, 0] > left_lobe_begins_mm(torso)

    assert set(uptake[tuple(index[left].T)]) == {UPTAKE["liver_left_lobe"]}
    assert set(uptake[tuple(index[~left].T)]) == {UPTAKE["liver"]}
    assert set(uptake[torso.mask("autochthon_left") & free]) == {UPTAKE["muscle"]}
    assert set(uptake[torso.mask("vertebrae_L2") & free]) == {UPTAKE["bone"]}
    assert set(uptake[~torso.body() & (torso.labels == 0)]) == {0.0}
    expected = ("tumour", "liver_focus", "bone_lesion", "bone_lesion")
    for share, name in zip(shares, expected, strict=True):
        assert set(uptake[share == 1.0]) == {UPTAKE[name]}, name


def test_the_spect_grid_runs_from_head_to_feet_around_the_ct(torso: Torso) -> None:
    where = spect_grid(torso.grid)

    assert where.shape == SPECT_SHAPE
    assert where.spacing_mm == pytest.approx([SPECT_VOXEL_MM] * 3)
    assert where.axes_mm[2, 0] < 0.0
    middles = [one.corners_mm().mean(axis=0) for one in (where, torso.grid)]
    assert middles[0] == pytest.approx(middles[1], abs=1e-4)


def test_attenuation_is_a_share_and_least_deep_inside(torso: Torso) -> None:
    where = spect_grid(torso.grid)

    factor = attenuation_factor(torso, where)

    assert factor.min() > 0.0
    assert factor.max() <= 1.0
    index = np.argwhere(torso.body())
    inside = np.rint(where.to_index(torso.grid.to_mm(index))).astype(int)
    assert factor[tuple(inside.T)].max() < 0.95
    lowest = where.to_mm(np.unravel_index(int(factor.argmin()), factor.shape))
    assert np.abs(lowest[0] - torso.grid.to_mm(index.mean(axis=0))[0]) < 40.0
    depth = where.to_index(_centre(torso, "vertebrae_L2")).round().astype(int)
    assert factor[tuple(depth)] < 0.35


def test_attenuation_of_a_water_box_is_the_exponential_law() -> None:
    """A box of water 40 voxels wide: at its middle exp(-mu d) in all four directions."""
    size = (3, 40, 40)
    affine = np.eye(4)
    affine[:3, :3] = np.array([[0, 0, 1.0], [0, 1.0, 0], [1.0, 0, 0]]) * SPECT_VOXEL_MM
    grid = Grid(size, affine)
    water = Torso(grid, np.zeros(size), np.zeros(size, dtype=np.int32), {})

    factor = attenuation_factor(water, grid)

    law = [exp(-MU_WATER_PER_MM * SPECT_VOXEL_MM * n) for n in (20.5, 19.5)]
    assert factor[1, 20, 20] == pytest.approx(np.mean(law), rel=1e-9)
    corner = [exp(-MU_WATER_PER_MM * SPECT_VOXEL_MM * n) for n in (0.5, 39.5)]
    assert factor[1, 0, 0] == pytest.approx(np.mean(corner), rel=1e-9)


def test_the_truth_is_that_of_the_files(torso_study: Written) -> None:
    truth = torso_study.truths["torso"]
    data = pydicom.dcmread(torso_study.folder / "torso" / "spect_ac.dcm")
    counts = data.pixel_array

    assert data.StudyInstanceUID == truth["study_uid"]
    assert data.SeriesInstanceUID == truth["series_uid"]
    assert list(counts.shape) == truth["shape"]
    assert [float(data.SpacingBetweenSlices) * -1.0] == pytest.approx(truth["voxel_mm"][:1])
    # Poisson: the total scatters by its square root
    total = float(counts.sum())
    assert abs(total - truth["expected_counts"]) < 5.0 * truth["expected_counts"] ** 0.5
    assert data.CountsAccumulated == total
    uncorrected = pydicom.dcmread(torso_study.folder / "torso" / "spect_nac.dcm")
    assert uncorrected.CountsAccumulated < 0.6 * total
    assert "ATTN" in data.CorrectedImage
    assert "ATTN" not in uncorrected.CorrectedImage


def test_true_region_means_are_those_of_the_noisy_counts(
    torso: Torso, torso_study: Written
) -> None:
    """Counted over exact occupancy in the written file: five standard errors."""
    counts = pydicom.dcmread(torso_study.folder / "torso" / "spect_ac.dcm").pixel_array
    where = spect_grid(torso.grid)
    solids = {"Primary tumour": PRIMARY, **BONE_LESIONS}
    for name, truth in torso_study.truths["torso"]["regions"].items():
        share = occupancy(solids[name], where)
        mean = float((counts * share).sum() / share.sum())
        expected = truth["noise_free_mean_counts"]

        assert abs(mean - expected) < 5.0 * (expected / share.sum()) ** 0.5, name
        assert expected < truth["noise_free_max_counts"] < 2.0 * max(UPTAKE.values())


def test_the_segmentation_holds_the_organs_on_the_ct_grid(
    torso: Torso, torso_study: Written
) -> None:
    import highdicom

    read = highdicom.seg.segread(torso_study.folder / "torso" / "organs.dcm")
    volume = read.get_volume(combine_segments=False)

    for number, name in enumerate(ORGANS):
        assert read.get_segment_description(number + 1).segment_label == name
        index = np.argwhere(volume.array[..., number] > 0)
        world = index @ volume.affine[:3, :3].T + volume.affine[:3, 3]
        assert len(index) == torso.mask(name).sum()
        assert world.mean(axis=0) == pytest.approx(_centre(torso, name), abs=1e-3)
