"""From a folder of DICOM to both scores: the digital skeleton, written and read back."""

import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from quant.dicom.index import index_tree
from quant.errors import StudyError
from quant.phantom.geometry import Layout
from quant.phantom.skeleton.cases import LESION_SETS, PSF_FWHM_MM
from quant.phantom.skeleton.studies import SkeletonCase, skeleton_cases, write_skeleton_study
from quant.scoring.readings.segments import SEGMENTS, System
from quant.scoring.spatial import LesionRules, LesionScores, score_study
from tests.support.run import quant
from tests.support.skeletons import found_scores, true_scores

RULES = LesionRules(psf_fwhm_mm=PSF_FWHM_MM)


def _written(folder: Path, name: str, layout: Layout, kind: str = "SEG") -> dict[str, Any]:
    folder.mkdir()
    case = SkeletonCase(LESION_SETS[name], layout, kind)
    truth: dict[str, Any] = json.loads(json.dumps(write_skeleton_study(folder, case, 3)))
    return truth


def _scored(folder: Path) -> LesionScores:
    (study,) = index_tree(folder).studies
    return score_study(study, RULES)


@pytest.mark.parametrize(
    ("name", "layout", "kind"),
    [
        ("borders", Layout.NEGATIVE_SPACING, "SEG"),
        ("limbs", Layout.HEAD_TO_FEET, "NIfTI"),
    ],
)
def test_a_study_read_back_has_the_scores_of_its_truth(
    tmp_path: Path, name: str, layout: Layout, kind: str
) -> None:
    truth = _written(tmp_path / "study", name, layout, kind)
    scores = _scored(tmp_path / "study")

    assert scores.study_uid == truth["study_uid"]
    for system in (System.CURIE, System.SIOPEN):
        wanted = true_scores(name, system)
        found = found_scores(scores, system)
        for segment in SEGMENTS[system]:
            assert found[segment.key] == wanted.get(segment.key, (0, 0, 0)), segment.key
    assert truth["scores"]["curie"]["not_assessable"] == list(scores.curie.total.not_assessable)


def test_lesions_must_be_drawn_and_an_empty_mask_says_that_there_are_none(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    _written(folder, "limbs", Layout.AXIAL, "NIfTI")
    for old in folder.glob("lesions.*"):
        old.unlink()

    with pytest.raises(StudyError) as caught:
        _scored(folder)
    assert caught.value.code == "SCORE_NO_LESIONS"

    empty = nibabel.Nifti1Image(  # type: ignore[no-untyped-call]
        np.zeros((5, 5, 5), dtype=np.uint8), np.diag([9.0, 9.0, 9.0, 1.0])
    )
    nibabel.save(empty, folder / "lesion.nii.gz")
    scores = _scored(folder)
    assert "SCORE_LESIONS_EMPTY" in [flag.code for flag in scores.flags]
    assert (scores.curie.total.total, scores.siopen.total.total) == (0, 0)

    (folder / "broken.nii.gz").write_bytes(b"no image")
    with pytest.raises(StudyError) as caught:
        _scored(folder)
    assert caught.value.code == "ROI_UNREADABLE", "it may hold lesions"
    (folder / "broken.nii.gz").unlink()

    for old in folder.glob("bones.*"):
        old.unlink()
    with pytest.raises(StudyError) as caught:
        _scored(folder)
    assert caught.value.code == "SCORE_NO_BONES"


def test_the_emission_volume_says_what_was_seen(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    _written(folder, "partly_seen", Layout.AXIAL)
    seen = _scored(folder)
    (folder / "nm.dcm").unlink()
    unknown = _scored(folder)

    for system in (System.CURIE, System.SIOPEN):
        wanted = true_scores("partly_seen", system)
        found = found_scores(seen, system)
        assert {key: found[key] for key in wanted} == wanted
    assert seen.siopen.segment("skull").score.score is None
    assert "SCORE_FIELD_UNKNOWN" in [flag.code for flag in unknown.flags]
    assert unknown.siopen.segment("skull").score.score == 0


def test_the_kind_skeleton_covers_axial_reversed_and_oblique_grids() -> None:
    layouts: dict[str, set[Layout]] = {}
    for case in skeleton_cases():
        layouts.setdefault(case.lesions.name, set()).add(case.layout)

    for name in ("clear", "borders"):
        assert layouts[name] == {Layout.AXIAL, Layout.HEAD_TO_FEET, Layout.OBLIQUE}
    assert set(layouts) == set(LESION_SETS)


def test_quant_score_draws_and_traces_the_scores_of_a_study(tmp_path: Path) -> None:
    _written(tmp_path / "study", "limbs", Layout.AXIAL, "NIfTI")
    status, _, stderr = quant(
        "score", tmp_path / "study", "-o", tmp_path / "out", "--psf-fwhm-mm", "8"
    )

    assert status == 0, stderr
    evidence = json.loads((tmp_path / "out" / "evidence.json").read_text(encoding="utf-8"))
    (lesions,) = evidence["lesions_in_3d"]
    assert {one["key"] for one in lesions["scores"]["lesions"]} == {
        "lesion_tibia_L", "lesion_fibula_L", "lesion_radius_R",
    }  # fmt: skip
    assert lesions["scores"]["rules"]["psf_fwhm_mm"] == 8.0
    readings = evidence["patients"][0]["readings"]
    assert {one["modality"] for one in readings} == {"SPECT/CT", "planar-equivalent"}
    assert list((tmp_path / "out" / "figures").glob("*-skeleton.svg"))
