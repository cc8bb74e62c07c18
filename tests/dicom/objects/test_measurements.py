"""The structured report: valid, every number as measured, and readable by other programs."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import highdicom as hd
import pytest
from pydicom.dataset import Dataset

from quant.dicom.objects.concepts import SCHEME, concept_of, private, unit_code
from quant.dicom.objects.form import Measured, decimal
from quant.dicom.objects.measurements import RATIOS, write_measurements
from quant.dicom.objects.segments import Segment
from quant.domain.protocol import RatioName
from quant.domain.units import SUV_UNITS, Unit
from quant.measure.ratios import RATIOS as MEASURED_RATIOS
from quant.report.columns import LESION_COLUMNS, STUDY_COLUMNS
from tests.support.dicom_builder import nm, save
from tests.support.objects import complaints, measured, parsed, rows, tool, written
from tests.support.reading import only_series, read


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Measured, tuple[Segment, ...]]:
    folder = tmp_path_factory.mktemp("in")
    save(nm(), folder / "a.dcm")
    return measured(only_series(folder, "NM"), read(folder, "NM").grid)


def code_of(item: Dataset, sequence: str = "ConceptNameCodeSequence") -> tuple[str, str]:
    code = item[sequence].value[0]
    value = code.CodeValue if "CodeValue" in code else code.LongCodeValue
    return str(value), str(code.CodingSchemeDesignator)


def groups(data: Dataset) -> list[Dataset]:
    (container,) = (one for one in data.ContentSequence if one.ValueType == "CONTAINER")
    return list(container.ContentSequence)


def numbers(group: Dataset) -> Iterator[tuple[Dataset, float]]:
    for item in group.ContentSequence:
        if item.ValueType == "NUM":
            yield item, float(item.MeasuredValueSequence[0].FloatingPointValue)


def tracked(group: Dataset) -> str:
    return str(next(one.TextValue for one in group.ContentSequence
                    if code_of(one) == ("112039", "DCM")))  # fmt: skip


@pytest.mark.parametrize("unit", list(Unit)[:-1])
def test_the_report_is_valid_in_every_unit(unit: Unit, tmp_path: Path) -> None:
    if unit not in (Unit.RELATIVE, Unit.SUV_BW, Unit.SUV_LBM_JAMES128):
        coded = unit_code(unit)
        assert coded[1] == "UCUM"
        assert not coded[0].startswith(f"{{{unit}") or unit is Unit.COUNTS
        return
    save(nm(), tmp_path / "a.dcm")
    both = measured(only_series(tmp_path, "NM"), read(tmp_path, "NM").grid, unit)

    assert complaints(written(*both)[1], tmp_path / "out") == []


def test_every_number_stands_in_the_group_of_its_region_to_the_last_bit(
    study: tuple[Measured, tuple[Segment, ...]],
) -> None:
    data = parsed(written(*study)[1])
    by_roi = {segment.label: segment.roi for segment in study[1]}
    found = [
        (by_roi.get(tracked(group), "study"), code_of(item), value)
        for group in groups(data)
        for item, value in numbers(group)
    ]
    expected = [
        (
            one.roi if one.roi in by_roi.values() else "study",
            concept_of(one.name, one.unit, "relative", RATIOS).name[:2],
            float(one.value),
        )
        for one in rows("relative")
        if one.value is not None
    ]

    assert sorted(found) == sorted(expected)
    for group in groups(data):
        for item, value in numbers(group):
            text = str(item.MeasuredValueSequence[0].NumericValue)
            assert len(text) <= 16
            assert float(text) == pytest.approx(value, rel=1e-8)


def test_highdicom_reads_the_values_units_and_segments(
    study: tuple[Measured, tuple[Segment, ...]],
) -> None:
    content, report = written(*study)
    document = hd.sr.Comprehensive3DSR.from_dataset(parsed(report))
    content_tree: Any = document.content
    found = content_tree.get_volumetric_roi_measurement_groups()

    assert [one.tracking_identifier for one in found] == [one.label for one in study[1]]
    for group, segment in zip(found, study[1], strict=True):
        mine = [one for one in rows("relative") if one.roi == segment.roi and one.value is not None]
        assert [one.value for one in group.get_measurements()] == [one.value for one in mine]
        assert group.tracking_uid == study[0].tracking_uid(segment.label)
        reference = group.referenced_segment
        image = reference[0].ReferencedSOPSequence[0]
        assert image.ReferencedSegmentNumber == segment.number
        assert image.ReferencedSOPInstanceUID == parsed(content).SOPInstanceUID
    hot = found[0].get_measurements()
    assert (hot[0].unit.value, hot[0].derivation.value) == ("{propcounts}", "56851009")
    assert found[2].finding_sites[0].value.value == "10200004"
    listed = {(str(series), str(uid)) for _, series, uid, _ in document.get_evidence()}
    seg = parsed(content)
    source = study[0].source
    assert listed == {
        (seg.SeriesInstanceUID, seg.SOPInstanceUID),
        *((source.series_uid, uid) for uid in source.sop_classes),
    }


def test_a_ratio_has_its_interval_as_properties(
    study: tuple[Measured, tuple[Segment, ...]],
) -> None:
    data = parsed(written(*study)[1])
    ratio = next(item for group in groups(data) for item, _ in numbers(group)
                 if code_of(item) == ("tmax_lmax", SCHEME))  # fmt: skip
    below = {code_of(one)[0]: one for one in ratio.ContentSequence}
    ends = {
        name: one.MeasuredValueSequence[0].FloatingPointValue
        for name, one in below.items()
        if one.ValueType == "NUM"
    }

    assert ends == {
        "interval_low": 1.0000000000000002, "interval_median": 2.5, "interval_high": 4.0,
    }  # fmt: skip
    assert {one.RelationshipType for one in ratio.ContentSequence} == {"HAS PROPERTIES"}
    assert below["interval_covers"].TextValue == "90% of 7 admissible reference positions"
    assert below["method"].TextValue == "tumour_max / liver_max"
    assert code_of(ratio.MeasuredValueSequence[0], "MeasurementUnitsCodeSequence") == (
        "{ratio}", "UCUM",
    )  # fmt: skip


def test_what_is_absent_or_flagged_is_said_in_words(
    study: tuple[Measured, tuple[Segment, ...]],
) -> None:
    data = parsed(written(*study)[1])
    texts = {
        tracked(group): [one.TextValue for one in group.ContentSequence
                         if code_of(one) in (("absent", SCHEME), ("flag", SCHEME))]
        for group in groups(data)
    }  # fmt: skip

    (absent,) = texts["Prim\u00e4rtumor"]
    assert absent.startswith("tmax_mmax of Prim\u00e4rtumor: REFERENCE_ABSENT: ")
    assert "MUSCLE_MISSING: " in absent
    assert [text.split(":")[0] for text in texts["Study"]] == ["NM_UNCALIBRATED"]
    lesion = groups(data)[1]
    ((item, _),) = numbers(lesion)
    assert item.ContentSequence[-1].TextValue.endswith("Found: 44 voxels.")


def test_ratios_of_suv_are_lesion_to_background_ratios_and_no_others() -> None:
    for unit in Unit:
        coded = concept_of("tmax_lmax", "1", unit, RATIOS)
        if unit in SUV_UNITS:
            assert coded.name[:2] == ("126039", "DCM")
            assert coded.method == ("tmax_lmax", SCHEME, "tmax_lmax")
        else:
            assert coded.name[:2] == ("tmax_lmax", SCHEME)
    assert {one.name for one in MEASURED_RATIOS} == set(get_args(RatioName)) <= RATIOS


def test_private_codes_fit_and_differ() -> None:
    names = [column.name for column in (*STUDY_COLUMNS, *LESION_COLUMNS)]
    codes = {name: private(name) for name in names}

    assert all(len(code) <= 16 and meaning == name for name, (code, _, meaning) in codes.items())
    assert len({code for code, _, _ in codes.values()}) == len(codes)


def test_shapes_have_the_codes_of_ibsi() -> None:
    codes = {
        "asphericity": "25C7", "sphericity": "QCFX", "mesh_volume_ml": "RNU0",
        "surface_area_mm2": "C0JK", "max_diameter_mm": "L0JK",
    }  # fmt: skip
    for name, code in codes.items():
        assert concept_of(name, "1", "counts", RATIOS).name[:2] == (code, "IBSI")
    assert concept_of("asphericity_corrected", "1", "counts", RATIOS).name[1] == SCHEME


@pytest.mark.parametrize("value", [-1.4210854715202004e-15, 1e-300 / 3, -1 / 3, 1e22 / 7, 0, 549])
def test_a_decimal_string_is_never_too_long(value: float) -> None:
    assert len(decimal(value)) <= 16
    assert float(decimal(value)) == pytest.approx(value, rel=1e-8)


def test_a_study_without_a_segment_has_a_report_and_no_segmentation(
    study: tuple[Measured, tuple[Segment, ...]], tmp_path: Path
) -> None:
    content = write_measurements(study[0], (), "")
    (group,) = groups(parsed(content))

    assert complaints(content, tmp_path) == []
    assert len(list(numbers(group))) == sum(one.value is not None for one in rows("relative"))


def test_dsrdump_prints_the_tree(
    study: tuple[Measured, tuple[Segment, ...]], tmp_path: Path
) -> None:
    (tmp_path / "sr.dcm").write_bytes(written(*study)[1])
    done = subprocess.run(  # noqa: S603 - a reader of reports
        [tool("dsrdump"), "+U8", str(tmp_path / "sr.dcm")],
        capture_output=True, encoding="utf-8", check=False, timeout=60,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if line.startswith(("E:", "F:"))]
    assert '<contains NUM:(,,"Asphericity")="0.28242174936588"' in done.stdout
    assert '<has properties NUM:(,,"Upper end of the interval")="4.0"' in done.stdout
