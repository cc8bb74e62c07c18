"""Names of bones, their segments, and their sides."""

import pytest

from quant.scoring.readings.segments import SEGMENTS, System, segment_of
from quant.scoring.spatial.bone_names import (
    canonical_bone,
    needed_bones,
    segment_bones,
    segment_of_bone,
    side_flags,
)
from tests.support.skeletons import bone_names


@pytest.mark.parametrize(
    ("name", "bone"),
    [
        ("vertebrae_L2", "vertebrae_L2"),
        ("Vertebra L2", "vertebrae_L2"),
        ("vertebrae_C7 (2)", "vertebrae_C7"),
        ("rib_left_4", "rib_left_4"),
        ("Left rib 4", "rib_left_4"),
        ("rib_4_right", "rib_right_4"),
        ("clavicle_left", "clavicula_left"),
        ("right femur", "femur_right"),
        ("hip_right", "hip_right"),
        ("skull", "skull"),
        ("Mandible", "mandible"),
        ("tibia_left", "tibia_left"),
        ("tibia", "tibia"),
        ("phalanges_hand_right", "phalanges_hand_right"),
    ],
)
def test_names_of_bones_are_read_in_several_spellings(name: str, bone: str) -> None:
    assert canonical_bone(name) == bone


@pytest.mark.parametrize(
    "name",
    [
        "lesion_femur_left", "femoral artery left", "costal_cartilages", "vertebrae", "ribs",
        "vertebrae_C8", "vertebrae_T14", "rib_left_14", "rib_4", "hip_implant", "spinal_cord",
        "skull_left", "", "iliac_artery_left", "autochthon_left", "rib_left_right_4",
    ],
)  # fmt: skip
def test_what_is_no_bone_has_no_canonical_name(name: str) -> None:
    assert canonical_bone(name) == ""


@pytest.mark.parametrize("system", [System.CURIE, System.SIOPEN])
def test_every_bone_belongs_to_exactly_one_segment(system: System) -> None:
    for bone in bone_names():
        holders = [one.key for one in SEGMENTS[system] if bone in segment_bones(one)]
        assert holders == [segment_of_bone(system, bone)]


@pytest.mark.parametrize(
    ("bone", "curie", "siopen"),
    [
        ("vertebrae_C1", "cervical_thoracic_spine", "spine"),
        ("vertebrae_T12", "cervical_thoracic_spine", "spine"),
        ("vertebrae_L1", "lumbar_spine_sacrum", "spine"),
        ("sacrum", "lumbar_spine_sacrum", "spine"),
        ("scapula_left", "chest", "thoracic_cage"),
        ("clavicula_right", "chest", "thoracic_cage"),
        ("sternum", "chest", "thoracic_cage"),
        ("rib_right_12", "chest", "thoracic_cage"),
        ("hip_left", "pelvis", "pelvis"),
        ("humerus_left", "upper_arms", "left_upper_limb_proximal"),
        ("femur_right", "thighs", "right_lower_limb_proximal"),
        ("ulna_right", "forearms_hands", "right_upper_limb_distal"),
        ("phalanges_feet_left", "lower_legs_feet", "left_lower_limb_distal"),
        ("patella_left", "lower_legs_feet", "left_lower_limb_distal"),
        ("tibia", "lower_legs_feet", ""),
        ("hip", "pelvis", "pelvis"),
        ("vertebrae_L6", "lumbar_spine_sacrum", "spine"),
        ("vertebrae_T13", "cervical_thoracic_spine", "spine"),
        ("mandible", "head", "skull"),
        ("liver", "", ""),
    ],
)
def test_bones_go_to_the_segments_of_the_definitions(bone: str, curie: str, siopen: str) -> None:
    assert segment_of_bone(System.CURIE, bone) == curie
    assert segment_of_bone(System.SIOPEN, bone) == siopen


def test_a_sacrum_drawn_with_its_first_vertebra_is_whole() -> None:
    needed = needed_bones(segment_of(System.CURIE, "lumbar_spine_sacrum"))

    assert "vertebrae_S1" not in needed
    assert len(needed) == 6


def test_bones_on_the_wrong_side_are_named() -> None:
    right = {"femur_left": (60.0, 0.0, 0.0), "femur_right": (-60.0, 0.0, 0.0)}
    wrong = {"femur_left": (-60.0, 0.0, 0.0), "femur_right": (60.0, 0.0, 0.0)}

    assert side_flags(right) == ()
    assert [(flag.code, flag.detail) for flag in side_flags(wrong)] == [
        ("SCORE_SIDE_MISMATCH", "femur_left, femur_right")
    ]


def test_a_single_bone_is_compared_with_the_midline() -> None:
    """The patient lies 200 mm off the origin: only the spine tells where the middle is."""
    spine = {"vertebrae_L1": (200.0, 0.0, 0.0), "sacrum": (202.0, 0.0, 0.0)}

    assert side_flags({**spine, "humerus_left": (310.0, 0.0, 0.0)}) == ()
    flags = side_flags({**spine, "humerus_left": (90.0, 0.0, 0.0)})
    assert [flag.code for flag in flags] == ["SCORE_SIDE_MISMATCH"]


def test_bones_without_a_side_are_named() -> None:
    flags = side_flags({"tibia": (50.0, 0.0, 0.0), "sternum": (0.0, 0.0, 0.0)})

    assert [(flag.code, flag.detail) for flag in flags] == [("SCORE_SIDE_UNKNOWN", "tibia")]
