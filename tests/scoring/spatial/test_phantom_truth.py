"""The digital skeleton: scores from lesions equal the truth, on every kind of grid."""

import pytest

from quant.phantom.geometry import Layout
from quant.phantom.skeleton.cases import LESION_SETS, PSF_FWHM_MM
from quant.phantom.skeleton.studies import field_grid
from quant.scoring.readings.segments import SEGMENTS, System
from quant.scoring.spatial import LesionRules, LesionScores, score_regions
from tests.support.skeletons import FRAME, bones_of, found_scores, lesions_of, true_scores

SPACING_MM, FIELD_MM = 2.5, 5.0

CASES = [
    # set, layout of the bones, of the lesions, of the emission volume
    ("clear", Layout.AXIAL, Layout.AXIAL, Layout.AXIAL),
    ("clear", Layout.HEAD_TO_FEET, Layout.HEAD_TO_FEET, Layout.HEAD_TO_FEET),
    ("clear", Layout.OBLIQUE, Layout.OBLIQUE, Layout.OBLIQUE),
    ("clear", Layout.AXIAL, Layout.OBLIQUE, Layout.CORONAL),
    ("borders", Layout.AXIAL, Layout.AXIAL, Layout.AXIAL),
    ("borders", Layout.NEGATIVE_SPACING, Layout.HEAD_TO_FEET, Layout.OBLIQUE),
    ("borders", Layout.OBLIQUE, Layout.OBLIQUE, Layout.OBLIQUE),
    ("projection", Layout.AXIAL, Layout.AXIAL, Layout.AXIAL),
    ("projection", Layout.SAGITTAL, Layout.SAGITTAL, Layout.SAGITTAL),
    ("projection", Layout.OBLIQUE, Layout.OBLIQUE, Layout.OBLIQUE),
    ("partly_seen", Layout.HEAD_TO_FEET, Layout.HEAD_TO_FEET, Layout.NEGATIVE_SPACING),
    ("partly_seen", Layout.OBLIQUE, Layout.OBLIQUE, Layout.AXIAL),
    ("limbs", Layout.CORONAL, Layout.CORONAL, Layout.CORONAL),
]


def _scored(name: str, bones: Layout, lesions: Layout, field: Layout) -> LesionScores:
    return score_regions(
        bones_of(name, bones, SPACING_MM),
        lesions_of(name, lesions, SPACING_MM),
        LesionRules(psf_fwhm_mm=PSF_FWHM_MM),
        field=field_grid(LESION_SETS[name], field, FIELD_MM, FRAME),
    )


@pytest.mark.parametrize(("name", "bones", "lesions", "field"), CASES)
def test_scores_from_lesions_equal_the_truth_of_the_phantom(
    name: str, bones: Layout, lesions: Layout, field: Layout
) -> None:
    """Score, lowest and highest admissible score of every segment; the planar totals; fractions."""
    scores = _scored(name, bones, lesions, field)

    for system in (System.CURIE, System.SIOPEN):
        truth = true_scores(name, system)
        found = found_scores(scores, system)
        for segment in SEGMENTS[system]:
            assert found[segment.key] == truth.get(segment.key, (0, 0, 0)), segment.key
    planar = {
        view.view: {str(system): one.total.total for system, one in view.systems.items()}
        for view in scores.planar
    }
    if LESION_SETS[name].planar:
        assert planar == LESION_SETS[name].planar
    measured = {
        (one.key, share.bone): share.of_bone for one in scores.lesions for share in one.bones
    }
    # a surface that bone and lesion share loses half a voxel where their voxels stand askew
    least = -0.03 if Layout.OBLIQUE not in {bones, lesions} or bones == lesions else -0.15
    seen_whole = {bone.bone for bone in scores.bones if bone.in_field > 0.999}
    for lesion in LESION_SETS[name].lesions:
        for bone, fraction in lesion.fractions.items():
            if bone in seen_whole:
                assert least <= measured[lesion.name, bone] - fraction <= 0.03, lesion.name


@pytest.fixture(scope="module")
def borders() -> LesionScores:
    return _scored("borders", Layout.AXIAL, Layout.AXIAL, Layout.AXIAL)


@pytest.mark.parametrize(
    ("system", "segment", "code"),
    [
        (System.CURIE, "head", "SCORE_FRACTION_BORDER"),
        (System.SIOPEN, "skull", "SCORE_FRACTION_BORDER"),
        (System.SIOPEN, "left_lower_limb_proximal", "SCORE_FRACTION_BORDER"),
        (System.SIOPEN, "pelvis", "SCORE_FRACTION_BORDER"),
        (System.SIOPEN, "left_upper_limb_proximal", "SCORE_FOCI_MERGE"),
        (System.CURIE, "upper_arms", "SCORE_FOCI_MERGE"),
        (System.CURIE, "lumbar_spine_sacrum", "SCORE_LESION_ACROSS"),
        (System.CURIE, "chest", "SCORE_BONE_OR_SOFT"),
        (System.CURIE, "soft_tissue", "SCORE_BONE_OR_SOFT"),
    ],
)
def test_each_border_carries_its_own_code(
    borders: LesionScores, system: System, segment: str, code: str
) -> None:
    flags = borders.systems[system].segment(segment).score.flags

    assert code in [flag.code for flag in flags]
    assert {flag.code for flag in flags} - {"SCORE_SOFT_EXTENT_UNKNOWN"} == {code}


def test_a_clear_case_carries_no_border_code() -> None:
    scores = _scored("clear", Layout.AXIAL, Layout.AXIAL, Layout.AXIAL)
    flags = [
        flag.code for system in scores.systems.values() for one in system.segments
        for flag in one.score.flags
    ]  # fmt: skip

    assert set(flags) == {"SCORE_SOFT_EXTENT_UNKNOWN"}
    assert scores.flags == ()
    assert all(one.score.alternative is None for one in scores.curie.segments)


def test_what_lies_outside_the_field_is_not_assessable_and_may_change_a_score() -> None:
    scores = _scored("partly_seen", Layout.HEAD_TO_FEET, Layout.HEAD_TO_FEET, Layout.AXIAL)

    skull = scores.siopen.segment("skull").score
    assert (skull.score, skull.in_field) == (None, 0.0)
    right = scores.siopen.segment("right_lower_limb_proximal").score
    assert right.score is None
    assert right.in_field == pytest.approx(0.25, abs=0.02)
    left = scores.siopen.segment("left_lower_limb_proximal").score
    assert (left.score, left.alternative, left.further) == (4, 5, 1)
    assert "SCORE_FIELD_BORDER" in [flag.code for flag in left.flags]
    total = scores.siopen.total
    assert (total.total, total.low, total.high) == (5, 2, 6)
    assert total.reachable == 72 - 6 - 6 - 4 * 6


def test_every_point_is_traced_to_lesions_and_bones(borders: LesionScores) -> None:
    femur = borders.siopen.segment("left_lower_limb_proximal").score.evidence

    assert femur[0].lesions == ("lesion_femur_L",)
    assert femur[0].source == "siopen-5"
    assert femur[1].structure == "femur_left"
    assert femur[1].fraction == pytest.approx(0.945, abs=0.02)
    for system in borders.systems.values():
        for one in system.segments:
            if one.score.score:
                named = {key for each in one.score.evidence for key in each.lesions}
                assert named, one.score.segment
                assert named <= {lesion.key for lesion in borders.lesions}


def test_a_lesion_that_may_count_in_a_segment_is_named_there(borders: LesionScores) -> None:
    lumbar = borders.curie.segment("lumbar_spine_sacrum").score
    soft = borders.curie.segment("soft_tissue").score

    assert (lumbar.score, lumbar.alternative) == (0, 1)
    assert lumbar.evidence[-1].lesions == ("lesion_T12_L1",)
    assert "vertebrae_L1" in lumbar.evidence[-1].text
    assert soft.evidence[-1].lesions == ("lesion_scapula_R",)


def test_a_view_says_which_lesion_hides_which() -> None:
    scores = _scored("projection", Layout.AXIAL, Layout.AXIAL, Layout.AXIAL)
    front, back = scores.planar

    assert front.hidden == {"lesion_T5": "lesion_sternum", "lesion_L2": "tumour_primary"}
    assert back.hidden == {"lesion_sternum": "lesion_T5"}
    assert ("lesion_rib_front", "lesion_rib_back") in front.merged
    assert scores.planar_equivalent(System.CURIE).view == "posterior"
