"""The digital skeleton: bones apart from each other, lesions of the sizes that it states."""

import hashlib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from quant.phantom.bodies.solids import Body
from quant.phantom.geometry import FieldOfView, Layout, layout_grid
from quant.phantom.skeleton.bones import BONES, DISTAL_BONES, close_box, vertebra_z
from quant.phantom.skeleton.cases import LESION_SETS, PlannedLesion
from quant.phantom.skeleton.studies import SkeletonCase, write_skeleton_study
from quant.scoring.readings.segments import SEGMENTS, System
from quant.scoring.spatial.bone_names import canonical_bone

EVERY = {**BONES, **DISTAL_BONES}


def _points(body: Body, count: int = 40) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """(N, 3) float64: an even lattice over a body's box."""
    low, high = close_box(body).bounds_mm()
    axes = [a + (b - a) * (np.arange(count) + 0.5) / count for a, b in zip(low, high, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def test_every_bone_has_a_name_that_the_scores_know() -> None:
    assert all(canonical_bone(name) == name for name in EVERY)


def test_no_two_bones_overlap() -> None:
    """No point of a lattice in one bone lies in another one whose box it meets."""
    boxes = {name: close_box(body).bounds_mm() for name, body in EVERY.items()}
    for one, other in combinations(EVERY, 2):
        low = np.maximum(boxes[one][0], boxes[other][0])
        high = np.minimum(boxes[one][1], boxes[other][1])
        if (low >= high).any():
            continue
        points = _points(EVERY[one], 24)
        both = EVERY[one].inside(points) & EVERY[other].inside(points)
        assert not both.any(), f"{one} and {other}"


def test_the_close_box_holds_all_of_a_body() -> None:
    view = FieldOfView((0.0, -10.0, -90.0), (140.0, 115.0, 510.0))
    grid = layout_grid(Layout.AXIAL, view, 4.0)
    k, j, i = np.indices(grid.shape)
    points = grid.to_mm(np.stack([k, j, i], axis=-1).reshape(-1, 3))
    for name in ("rib_left_5", "clavicula_right", "skull", "femur_left", "vertebrae_T5"):
        inside = points[EVERY[name].inside(points)]
        low, high = close_box(EVERY[name]).bounds_mm()
        assert len(inside) > 0
        assert (inside >= low).all(), name
        assert (inside <= high).all(), name


@pytest.mark.parametrize(
    "lesion",
    [one for lesions in LESION_SETS.values() for one in lesions.lesions if one.fractions],
    ids=lambda one: one.name,
)
def test_lesions_take_the_stated_part_of_their_bones(lesion: PlannedLesion) -> None:
    for bone, fraction in lesion.fractions.items():
        points = _points(EVERY[bone])
        inside = points[EVERY[bone].inside(points)]
        assert lesion.body.inside(inside).mean() == pytest.approx(fraction, abs=0.02)


def test_expected_scores_are_admissible_scores_of_known_segments() -> None:
    for lesions in LESION_SETS.values():
        for system in (System.CURIE, System.SIOPEN):
            expected = getattr(lesions, system.value)
            known = {one.key: one.maximum for one in SEGMENTS[system]}
            assert set(expected.unseen) <= set(known)
            for key, score in expected.scores.items():
                value, low, high = score if isinstance(score, tuple) else (score,) * 3
                assert 0 <= low <= value <= high <= known[key]
                assert key not in expected.unseen


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        case = SkeletonCase(LESION_SETS["limbs"], Layout.AXIAL, "NIfTI")
        write_skeleton_study(tmp_path / name, case, 5)
        digests.append(
            {
                path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                for path in (tmp_path / name).iterdir()
            }
        )

    assert digests[0] == digests[1]
    assert len(digests[0]) == 5


def test_unknown_vertebrae_are_refused() -> None:
    with pytest.raises(KeyError, match="T14"):
        vertebra_z("T14")
