"""Lesions and where they lie: parts, soft tissue, what is refused, other settings."""

import numpy as np
import pytest

from quant.domain.grid import Grid
from quant.domain.region import Region, Role
from quant.errors import RegionError
from quant.phantom.bodies.solids import Ball, Body, Box
from quant.phantom.geometry import Layout
from quant.phantom.skeleton.bones import BONES, vertebra_z
from quant.phantom.skeleton.cases import LESION_SETS
from quant.phantom.skeleton.studies import skeleton_grid
from quant.scoring.readings.segments import System
from quant.scoring.spatial import LesionRules, LesionScores, mask_region, score_regions
from tests.support.skeletons import FRAME, bones_of, drawn

SPACING_MM = 5.0
GRID = skeleton_grid(LESION_SETS["clear"], Layout.AXIAL, SPACING_MM, FRAME)


def _lesion(name: str, *bodies: Body, role: Role = Role.LESION) -> Region:
    weights = np.zeros(GRID.shape, dtype=np.float32)
    for body in bodies:
        part = drawn(name, body, GRID)
        index = GRID.to_index(part.grid.to_mm(np.array(part.corner)))
        k, j, i = (
            slice(round(float(c)), round(float(c)) + n)
            for c, n in zip(index, part.weights.shape, strict=True)
        )
        weights[k, j, i] = np.maximum(weights[k, j, i], part.weights)
    return mask_region(name, weights, GRID, role)


def _score(
    *lesions: Region, rules: LesionRules | None = None, bones: tuple[Region, ...] | None = None
) -> LesionScores:
    skeleton = bones or bones_of("clear", Layout.AXIAL, SPACING_MM)
    return score_regions(skeleton, lesions, rules)


def _vertebra(name: str, radius: float = 8.0) -> Ball:
    return Ball((0.0, 45.0, vertebra_z(name)), radius)


def test_no_lesion_scores_zero_where_bones_were_seen() -> None:
    scores = _score()

    assert (scores.curie.total.total, scores.siopen.total.total) == (0, 0)
    assert scores.curie.total.not_assessable == ("forearms_hands", "lower_legs_feet")


def test_one_mask_with_three_parts_is_three_foci() -> None:
    scores = _score(_lesion("lesions", _vertebra("C3", 9), _vertebra("T6", 8), _vertebra("L3", 9)))

    assert sorted(one.key for one in scores.lesions) == ["lesions", "lesions#2", "lesions#3"]
    assert scores.siopen.segment("spine").score.score == 3
    assert scores.curie.segment("cervical_thoracic_spine").score.score == 2


def test_foci_that_are_one_in_the_plane_are_named_whatever_3d_can_tell_apart() -> None:
    near = _lesion("near_a", _vertebra("L3", 6.0)), _lesion("near_b", _vertebra("L4", 6.0))

    for psf_fwhm_mm in (1.0, 30.0):
        scores = _score(*near, rules=LesionRules(psf_fwhm_mm=psf_fwhm_mm, planar_fwhm_mm=30.0))
        for view in scores.planar:
            assert view.merged == (("near_a", "near_b"),)
            assert view.systems[System.SIOPEN].segment("spine").score.score == 1


def test_a_lesion_drawn_twice_counts_once() -> None:
    scores = _score(_lesion("lesion_a", _vertebra("L3")), _lesion("met_b", _vertebra("L3", 9.0)))

    spine = scores.siopen.segment("spine")
    assert (spine.score.score, spine.foci) == (1, 1)
    assert spine.score.evidence[0].lesions == ("lesion_a", "met_b")
    assert "SCORE_LESION_TWICE" in [flag.code for flag in scores.flags]


def test_the_primary_beside_the_spine_is_soft_tissue_and_a_lesion_on_bone_is_not() -> None:
    mass = Ball((45.0, 20.0, -40.0), 40.0)  # touches lumbar vertebrae
    primary = _score(_lesion("tumour", mass, role=Role.TUMOUR)).curie
    node = _score(_lesion("lesion", Ball((48.0, -40.0, -40.0), 12.0))).curie
    bone = _score(_lesion("lesion", _vertebra("L3"))).curie

    for soft in (primary, node):
        assert soft.segment("soft_tissue").score.score == 1
        assert soft.segment("lumbar_spine_sacrum").score.score == 0
    assert bone.segment("soft_tissue").score.score == 0
    assert bone.segment("lumbar_spine_sacrum").score.score == 1


def test_soft_tissue_stays_out_of_the_siopen_total() -> None:
    siopen = _score(_lesion("lesion", Ball((48.0, -40.0, -40.0), 12.0))).siopen

    assert siopen.segment("soft_tissue").score.score == 1
    assert (siopen.total.total, siopen.total.maximum) == (0, 72)


def test_soft_tissue_is_diffuse_beyond_half_of_the_abdomen_where_that_is_supplied() -> None:
    abdomen = drawn("abdominal_cavity", Box((0.0, -40.0, -50.0), (60.0, 40.0, 50.0)), GRID)
    chest = drawn("thoracic_cavity", Box((0.0, -30.0, 90.0), (50.0, 40.0, 70.0)), GRID)
    most = drawn("tumour", Box((0.0, -40.0, -40.0), (60.0, 40.0, 38.0)), GRID, Role.TUMOUR)
    bones = bones_of("clear", Layout.AXIAL, SPACING_MM)
    known = _score(most, bones=(*bones, abdomen, chest)).curie.segment("soft_tissue")
    unknown = _score(most).curie.segment("soft_tissue")

    assert (known.score.score, known.rule) == (3, "curie-soft-3")
    assert known.fraction == pytest.approx(0.76, abs=0.05)
    assert unknown.score.score == 1
    assert [flag.code for flag in unknown.score.flags] == ["SCORE_SOFT_EXTENT_UNKNOWN"]


def test_a_lesion_beyond_the_knee_is_not_called_soft_tissue_without_a_word() -> None:
    below = Ball((60.0, 10.0, -412.0), 6.0)
    scores = _score(drawn("lesion", below, GRID, Role.LESION), rules=LesionRules(near_bone_mm=2.0))

    assert "SCORE_LESION_BEYOND_BONES" in [flag.code for flag in scores.lesions[0].flags]
    assert scores.lesions[0].places[System.SIOPEN].also == ("left_lower_limb_distal",)
    legs = scores.curie.segment("lower_legs_feet").score
    assert legs.score is None
    assert "lesion may lie there" in legs.reason
    assert scores.curie.segment("soft_tissue").low == 0


def test_a_long_lesion_counts_in_both_segments_that_it_fills() -> None:
    spine = Box((0.0, 45.0, 50.0), (14.0, 14.0, 210.0))
    scores = _score(drawn("lesion", spine, GRID, Role.LESION))

    assert scores.curie.segment("cervical_thoracic_spine").score.score == 3
    assert scores.curie.segment("lumbar_spine_sacrum").score.score == 3
    assert scores.siopen.segment("spine").score.score == 6


def test_fractions_of_a_bone_instead_of_the_segment_are_a_setting() -> None:
    whole = Box((0.0, 45.0, vertebra_z("L3")), (14.0, 14.0, 10.0))
    lesion = drawn("lesion", whole, GRID, Role.LESION)

    assert _score(lesion).siopen.segment("spine").score.score == 1
    by_bone = _score(lesion, rules=LesionRules(siopen_extent="bone")).siopen.segment("spine")
    assert by_bone.score.score == 6
    assert by_bone.bone == "vertebrae_L3"


def test_masks_that_describe_no_region_are_refused_by_code() -> None:
    grid = Grid((4, 5, 6), np.eye(4), "1.2.3")
    full = np.ones(grid.shape)
    wrong = {
        "SCORE_MASK_INVALID": [full[:3], full * np.nan, full * 2.0, -full, full.astype(str)],
        "ROI_EMPTY": [full * 0.0],
    }

    for code, masks in wrong.items():
        for mask in masks:
            with pytest.raises(RegionError) as caught:
                mask_region("lesion", mask, grid)
            assert caught.value.code == code
            assert caught.value.needed


def test_lesions_of_another_frame_of_reference_are_refused() -> None:
    other = Grid(GRID.shape, GRID.affine, "9.9.9")
    lesion = drawn("lesion", _vertebra("L3"), other, Role.LESION)

    with pytest.raises(RegionError) as caught:
        _score(lesion)
    assert caught.value.code == "ROI_FOR_MISMATCH"
    with pytest.raises(RegionError) as caught:
        score_regions(bones_of("clear", Layout.AXIAL, SPACING_MM), [], field=other)
    assert caught.value.code == "ROI_FOR_MISMATCH"


def test_without_bones_nothing_is_scored() -> None:
    with pytest.raises(RegionError) as caught:
        score_regions([drawn("liver", _vertebra("L3"), GRID)], [_lesion("a", _vertebra("L3"))])

    assert caught.value.code == "SCORE_NO_BONES"


def test_a_lesion_outside_the_field_is_named_not_scored() -> None:
    field = GRID.cropped((0, 0, 0), (60, GRID.shape[1], GRID.shape[2]))
    scores = score_regions(
        bones_of("clear", Layout.AXIAL, SPACING_MM), [_lesion("lesion", _vertebra("C3", 9.0))],
        field=field,
    )  # fmt: skip

    assert scores.lesions == ()
    assert ("SCORE_LESION_OUTSIDE", "lesion") in [(f.code, f.detail) for f in scores.flags]
    assert scores.curie.segment("head").score.score is None


def test_bones_named_after_the_wrong_side_are_flagged_and_scored_by_name() -> None:
    bones = tuple(
        Region(one.grid, one.corner, one.weights, _other_side(one.name))
        for one in bones_of("clear", Layout.AXIAL, SPACING_MM)
    )
    left = drawn("lesion", Ball((115.0, 10.0, 90.0), 9.0), GRID, Role.LESION)
    scores = _score(left, bones=bones)

    assert "SCORE_SIDE_MISMATCH" in [flag.code for flag in scores.flags]
    arm = scores.siopen.segment("right_upper_limb_proximal").score
    assert arm.score == 1
    assert ("SCORE_SIDE_MISMATCH", "humerus_right") in [(f.code, f.detail) for f in arm.flags]


def test_missing_bones_lower_the_part_in_the_field() -> None:
    bones = tuple(
        one for one in bones_of("clear", Layout.AXIAL, SPACING_MM)
        if not one.name.startswith("vertebrae_C")
    )  # fmt: skip
    scores = _score(bones=bones)

    neck = scores.curie.segment("cervical_thoracic_spine").score
    assert neck.in_field == pytest.approx(12 / 19)
    assert [flag.code for flag in scores.flags] == ["SCORE_BONES_MISSING"]
    few = tuple(one for one in bones if not one.name.startswith("vertebrae_T1"))
    assert _score(bones=few).curie.segment("cervical_thoracic_spine").score.score is None


def test_the_order_of_bones_and_lesions_does_not_matter() -> None:
    lesions = [_lesion("b", _vertebra("L3")), _lesion("a", _vertebra("T6"))]
    bones = bones_of("clear", Layout.AXIAL, SPACING_MM)
    one, other = (
        score_regions(bones, lesions),
        score_regions(tuple(reversed(bones)), lesions[::-1]),
    )

    for system in (System.CURIE, System.SIOPEN):
        assert [s.score.score for s in one.systems[system].segments] == [
            s.score.score for s in other.systems[system].segments
        ]
    assert {x.key: x.bones for x in one.lesions} == {x.key: x.bones for x in other.lesions}


def _other_side(name: str) -> str:
    if "left" in name:
        return name.replace("left", "right")
    return name.replace("right", "left")


def test_the_skeleton_names_every_bone_once() -> None:
    assert len(BONES) == 24 + 1 + 24 + 2 + 10
