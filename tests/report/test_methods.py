"""The methods paragraph: from the records, one way of measuring a paragraph."""

from dataclasses import replace

from quant.domain.flags import Flag
from quant.domain.measurement import Interval, Measurement
from quant.domain.record import RegionSummary, Status, StudyRecord
from quant.domain.region import Role
from quant.domain.sphere import Sphere, SphereSource
from quant.pipeline.protocols import load_protocol, protocol_hash
from quant.report.methods import methods_text

ZHOU = load_protocol("zhou2025")
HASH = protocol_hash(ZHOU)
RADIUS_30_ML = 19.27573210407049
PLACES = Interval(3.0, 4.0, "90% of 7 admissible reference positions")

RECORD = StudyRecord(
    study_uid="1.2",
    subject_key="k",
    status=Status.OK,
    modality="NM",
    unit="relative",
    radionuclide="I-123",
    regions=(
        RegionSummary("tumour", "tumour", "RTSTRUCT", "fractional", 1.0, 9, 0.0, is_primary=True),
    ),
    spheres=(Sphere(Role.LIVER, (0.0, 0.0, 0.0), RADIUS_30_ML, SphereSource.PLACED),),
    measurements=(
        Measurement("tumour_max", 4.0, "relative", "tumour"),
        Measurement("tmax_lmax", 3.5, "1", "tumour", interval=PLACES),
        Measurement("tmax_mmax", None, "1", "tumour", flags=(Flag("MUSCLE_MISSING"),)),
    ),
    protocol_name="zhou2025",
    protocol_hash=HASH,
    versions={"spectct-quant": "9.8.7"},
)


def flat(text: str) -> str:
    return " ".join(text.split())


def test_it_says_version_protocol_unit_rule_and_what_the_interval_means() -> None:
    text = flat(methods_text([RECORD, replace(RECORD, study_uid="1.3")], {HASH: ZHOU}))

    for words in (
        "2 SPECT reconstructions of I-123 with spectct-quant 9.8.7",
        "without a stated unit",
        "2 tumour regions (RTSTRUCT) were supplied",
        "fraction of it inside the region",
        "A sphere of 30 ml in the right lobe of the liver was placed without a reader",
        "at least 5 mm from the organ's edge",
        "Ratios (Tmax/Lmax) divide",
        "(M), as in Zhou et al. 2025.",
        "References: Zhou et al. 2025, The prognostic significance",
        "central 90 % of the values over all admissible positions",
        "no confidence intervals",
        f"protocol 'zhou2025' ({ZHOU.description}), SHA-256 {HASH[:16]}",
    ):
        assert words in text, words
    assert "Mmax)" not in text
    assert "vertebra L2" not in text


def test_only_what_was_measured_is_described_and_cited() -> None:
    assert "doi:" not in methods_text([RECORD])
    shape = Measurement("asphericity", 0.3, "1", "tumour")
    text = methods_text([replace(RECORD, measurements=(*RECORD.measurements, shape))])

    assert "IBSI 25C7" in flat(text)
    for doi in ("10.1148/radiol.2020191145", "10.1186/1471-2407-14-896", "10.1145/37402.37422"):
        assert f"doi:{doi}" in text
    assert "10.2967" not in text


def test_settings_that_are_not_at_hand_are_not_made_up() -> None:
    text = flat(methods_text([RECORD]))

    assert "placed by the protocol's rule" in text
    assert "not at hand" in text
    assert "5 mm" not in text


def test_ways_of_measuring_are_never_mixed() -> None:
    others = [
        replace(RECORD, protocol_name="ibsi", protocol_hash="f" * 64),
        replace(RECORD, versions={"spectct-quant": "9.9.0"}),
        replace(RECORD, unit="SUVbw"),
        replace(RECORD, modality="PT"),
    ]
    for other in others:
        text = methods_text([RECORD, other, RECORD], {HASH: ZHOU})
        assert "a paragraph for each of the 2 ways" in flat(text)
        assert text.count("Uptake and shape were measured on") == 2
        assert text.count("were measured on 2 ") == 1
    assert methods_text([RECORD]).count("\n\n") == 0


def test_spheres_by_hand_and_waived_rules_are_told() -> None:
    marked = replace(RECORD.spheres[0], source=SphereSource.MARKED)
    flag = Flag("SPHERE_EDGE_RELAXED", "liver")
    text = flat(methods_text([replace(RECORD, spheres=(marked,), flags=(flag,))], {HASH: ZHOU}))

    assert "was centred on points marked by hand" in text
    assert "without a reader" not in text
    assert "In 1 of 1 volumes a rule of placement had to be waived" in text


def test_failed_studies_have_no_methods() -> None:
    assert methods_text([replace(RECORD, status=Status.FAILED)]) == ""
