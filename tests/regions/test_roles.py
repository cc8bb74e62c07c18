"""From names that people and programs give, to roles."""

import pytest

from quant.domain.protocol import RegionSettings
from quant.domain.region import Role
from quant.regions.roles import assign_role

PLAIN: dict[Role, tuple[str, ...]] = {
    Role.TUMOUR: (
        "GTV", "GTV1", "GTVp", "GTV_Mass_PET", "gtv-primary", "Tumour", "tumor", "primary",
        "Primary Tumor", "neuroblastoma", "mass", "masses", "tumours", "left adrenal mass",
        "MYCN.tumour", "Tumor:left", "GTVMass", "tumour (2)",
    ),
    Role.LESION: (
        "lesion", "lesion1", "lesions", "LESION_02", "met", "mets", "Met12", "bone met 3",
        "metastasis", "metastases", "lungLesion", "3rd lesion",
    ),
    Role.LIVER: ("liver", "Liver", "LIVER", "liverROI", "liver_seg", "liver (2)", "whole-liver",
                 "Liver R lobe", "LiverLeftLobe", "1liver"),
    Role.LIVER_SEGMENT: ("liver_segment_1", "liver_segment_8", "liver segment 4a", "LiverSegment5",
                         "Liver-Segment-VI", "couinaud_5", "liver_segment_2 (2)"),
    Role.VERTEBRA_L2: ("vertebrae_L2", "L2", "l2", "VertebraeL2", "vertebra_L2", "L2 body",
                       "VERTEBRAE L2"),
    Role.MUSCLE_LEFT: ("autochthon_left", "left autochthon", "autochthon L", "erector_spinae_left",
                       "muscle_left", "muscle_l", "MuscleLeft", "paraspinal muscle lt"),
    Role.MUSCLE_RIGHT: ("autochthon_right", "Right Autochthon", "erector_spinae_right",
                        "muscle_R", "muscle rt"),
    Role.EXCLUDE: ("exclude", "gallbladder", "kidney_cyst_left", "vessels", "EXCLUDE_gut"),
    Role.OTHER: (
        "metal", "method", "masseter_left", "massive", "GTVnode", "psoas_left", "iliopsoas_right",
        "psoas muscle left", "gluteus_maximus_muscle_left", "L1", "L3", "L20", "SL2",
        "vertebrae_L1", "vertebrae_T12", "spleen", "heart", "Segment_1", "segment 5", "muscle",
        "autochthon", "kidney_left", "", "___", "primal",
    ),
}  # fmt: skip

CASES = [(name, role) for role, names in PLAIN.items() for name in names]


@pytest.mark.parametrize(("name", "role"), CASES)
def test_a_plain_name_has_one_role(name: str, role: Role) -> None:
    assert assign_role(name, RegionSettings()) == (role, ())


@pytest.mark.parametrize(
    ("name", "role", "others"),
    [
        ("lesion1 liver R lobe", Role.LESION, "liver"),
        ("liver_vessels", Role.EXCLUDE, "liver"),
        ("liver_tumor", Role.TUMOUR, "liver"),
        ("exclude tumour", Role.EXCLUDE, "tumour"),
        ("primary lesion", Role.TUMOUR, "lesion"),
        ("lesion_L2", Role.LESION, "vertebra_l2"),
        ("lesion liver_segment_4", Role.LESION, "liver_segment"),
        ("muscle_left_L2", Role.MUSCLE_LEFT, "vertebra_l2"),
    ],
)
def test_a_name_of_several_roles_takes_the_weightier_and_says_so(
    name: str, role: Role, others: str
) -> None:
    found, flags = assign_role(name, RegionSettings())

    assert found is role
    assert [flag.code for flag in flags] == ["ROLE_AMBIGUOUS"]
    assert flags[0].detail.endswith(f"taken as {role}, fits {others}")


@pytest.mark.parametrize(
    ("name", "role", "negated"),
    [
        ("tumor-free liver", Role.LIVER, "tumour"),
        ("liver, tumour free", Role.LIVER, "tumour"),
        ("not tumour", Role.OTHER, "tumour"),
        ("no tumour", Role.OTHER, "tumour"),
        ("non-tumour", Role.OTHER, "tumour"),
        ("NonTumour", Role.OTHER, "tumour"),
        ("not a lesion", Role.OTHER, "lesion"),
        ("lesion-negative liver", Role.LIVER, "lesion"),
        ("liver minus GTV", Role.LIVER, "tumour"),
        ("liver minus GTV and mets", Role.LIVER, "tumour, lesion"),
        ("liver w/o lesions", Role.LIVER, "lesion"),
        ("liver without vessels", Role.LIVER, "exclude"),
        ("liver - GTV", Role.LIVER, "tumour"),
        ("Liver-GTV", Role.LIVER, "tumour"),
        ("Liver\u2212GTVp", Role.LIVER, "tumour"),
        ("normal liver-GTV1 (2)", Role.LIVER, "tumour"),
        ("PTV-GTV", Role.OTHER, "tumour"),
        ("PTV - GTV", Role.OTHER, "tumour"),
        ("PTV minus GTV", Role.OTHER, "tumour"),
        ("GTV-PTV", Role.OTHER, "tumour"),
        ("CTV_tumour", Role.OTHER, "tumour"),
        ("ITV primary", Role.OTHER, "tumour"),
        ("zPTV1-GTV1", Role.OTHER, "tumour"),
        ("PTV mets", Role.OTHER, "lesion"),
        ("Lungs-GTV", Role.OTHER, "tumour"),
        ("Kidney_L-GTV", Role.OTHER, "tumour"),
        ("external-GTV", Role.OTHER, "tumour"),
        ("GTV+10mm", Role.OTHER, "tumour"),
        ("GTV + 1 cm", Role.OTHER, "tumour"),
        ("lesion \u00b1 3", Role.OTHER, "lesion"),
        ("GTV exp 5mm", Role.OTHER, "tumour"),
        ("GTV 5 mm ring", Role.OTHER, "tumour"),
        ("ring of the GTV", Role.OTHER, "tumour"),
        ("tumour_bed", Role.OTHER, "tumour"),
        ("TumorBed", Role.OTHER, "tumour"),
        ("tumour margin", Role.OTHER, "tumour"),
        ("tumour background", Role.OTHER, "tumour"),
        ("tumour cavity", Role.OTHER, "tumour"),
        ("resected tumour", Role.OTHER, "tumour"),
        ("around tumour", Role.OTHER, "tumour"),
        ("liver outside tumour", Role.LIVER, "tumour"),
        ("peri-tumoural liver", Role.LIVER, "tumour"),
        ("lesion ring", Role.OTHER, "lesion"),
        ("fat mass", Role.OTHER, "tumour"),
        ("lean_mass", Role.OTHER, "tumour"),
        ("muscle mass left", Role.MUSCLE_LEFT, "tumour"),
        ("primary bronchus", Role.OTHER, "tumour"),
    ],
)
def test_a_negated_word_does_not_count_and_is_flagged(name: str, role: Role, negated: str) -> None:
    found, flags = assign_role(name, RegionSettings())

    assert found is role
    assert [flag.code for flag in flags] == ["ROLE_AMBIGUOUS"]
    assert flags[0].detail.endswith(f"fits {negated}")


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("liver_tumor", Role.TUMOUR),
        ("liver tumour", Role.TUMOUR),
        ("GTV-liver", Role.TUMOUR),
        ("GTV-1", Role.TUMOUR),
        ("tumour no 2", Role.TUMOUR),
        ("non-Hodgkin tumour", Role.TUMOUR),
        ("tumour without necrosis", Role.TUMOUR),
        ("tumour, not the other tumour", Role.TUMOUR),
        ("left-tumour", Role.TUMOUR),
        ("Liver-right lobe tumour", Role.TUMOUR),
        ("liver-lesion 1", Role.LESION),
        ("lesion1 liver R lobe", Role.LESION),
        ("PTV", Role.OTHER),
        ("GTV1+GTV2", Role.TUMOUR),
        ("PET-GTV", Role.TUMOUR),
        ("left-GTV", Role.TUMOUR),
        ("kidney-tumour", Role.TUMOUR),
        ("adrenal-mass", Role.TUMOUR),
        ("soft tissue mass", Role.TUMOUR),
        ("tumour 5mm", Role.TUMOUR),
        ("tumour outside liver", Role.TUMOUR),
        ("GTV oral cavity", Role.TUMOUR),
        ("tumour minus necrosis", Role.TUMOUR),
        ("liver mets", Role.LESION),
        ("lesion 10mm", Role.LESION),
        ("orbital rim lesion", Role.LESION),
    ],
)
def test_what_only_looks_negated_counts(name: str, role: Role) -> None:
    assert assign_role(name, RegionSettings())[0] is role


@pytest.mark.parametrize("name", ["GTV minus", "tumour without", "liver not"])
def test_a_name_that_breaks_off_is_told(name: str) -> None:
    """What should be taken away is missing, so the region may not be what the name says."""
    role, flags = assign_role(name, RegionSettings())

    assert role in (Role.TUMOUR, Role.LIVER)
    assert [flag.detail for flag in flags] == [f"'{name}' taken as {role}, fits other"]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("psoas_left", Role.MUSCLE_LEFT),
        ("iliopsoas_right", Role.MUSCLE_RIGHT),
        ("psoas muscle R", Role.MUSCLE_RIGHT),
        ("muscle_left", Role.MUSCLE_LEFT),
        ("autochthon_left", Role.OTHER),
        ("erector_spinae_right", Role.OTHER),
    ],
)
def test_psoas_stands_for_the_muscle_only_where_the_protocol_says_so(name: str, role: Role) -> None:
    assert assign_role(name, RegionSettings(muscle="psoas")) == (role, ())


def test_the_words_are_those_of_the_protocol() -> None:
    settings = RegionSettings(tumour=("Läsion_A", "T.1"), liver=("Leber",))

    assert assign_role("LÄSION A", settings)[0] is Role.TUMOUR
    assert assign_role("läsionA", settings)[0] is Role.TUMOUR
    assert assign_role("T 1", settings)[0] is Role.TUMOUR
    assert assign_role("T 12", settings)[0] is Role.OTHER
    assert assign_role("Leber", settings)[0] is Role.LIVER
    assert assign_role("liver", settings)[0] is Role.OTHER
    assert assign_role("anything", settings)[0] is Role.OTHER
