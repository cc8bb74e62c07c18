"""Studies scored in the cage: the same scores, and a reason for each that has none."""

from dataclasses import replace
from pathlib import Path

import pytest

from quant.dicom.index import index_tree
from quant.domain.study import StudyFiles
from quant.errors import StudyError
from quant.phantom.skeleton.studies import skeleton_cases, write_skeleton_study
from quant.pipeline.cage.cage import Cage
from quant.pipeline.cage.limits import Limits
from quant.pipeline.cage.scoring import caged_scores
from quant.scoring.spatial import LesionRules, LesionScores, score_study

RULES = LesionRules(psf_fwhm_mm=8.0)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyFiles:
    """Return a phantom with border cases, lesions across segments and foci that merge."""
    folder = tmp_path_factory.mktemp("skeleton")
    (case,) = [one for one in skeleton_cases() if one.name == "skeleton_borders_axial"]
    write_skeleton_study(folder, case, 1)
    (found,) = index_tree(folder).studies
    return found


def test_a_worker_gives_the_same_scores_and_the_same_refusals(
    study: StudyFiles, tmp_path: Path
) -> None:
    bare = replace(
        study, series=tuple(one for one in study.series if one.modality != "SEG"), extra_files=()
    )
    with pytest.raises(StudyError) as here:
        score_study(bare, RULES)

    with Cage(1) as cage:
        answers = caged_scores(cage)([bare, _vanished(study, tmp_path), study], RULES)
        refused, vanished, scores = answers

    assert isinstance(refused, StudyError)
    assert (refused.code, str(refused)) == (here.value.code, str(here.value))
    assert isinstance(vanished, StudyError)
    assert isinstance(scores, LesionScores)
    assert scores == score_study(study, RULES)


def _vanished(study: StudyFiles, folder: Path) -> StudyFiles:
    """Return the study as it was indexed before its files went away."""
    gone = folder / "gone.dcm"
    series = tuple(
        replace(one, files=tuple(replace(file, path=gone) for file in one.files))
        for one in study.series
    )
    return replace(study, series=series)


def test_a_study_that_takes_too_long_is_refused_by_name_of_the_limit(study: StudyFiles) -> None:
    limits = Limits(study_s=0.01, study_s_per_mib=0.0, wall_s_per_mib=0.0)

    with Cage(1, limits) as cage:
        (refused,) = caged_scores(cage)([study], RULES)

    assert isinstance(refused, StudyError)
    assert "while scoring it" in refused.found
