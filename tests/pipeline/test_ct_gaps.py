"""A study whose CT lacks slices is measured, and says where that CT does not serve."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.dicom.pairing import select
from quant.pipeline.protocols import load_protocol
from quant.pipeline.study import measure_study
from tests.support.dicom_builder import CT, FRAME, STUDY, changed, letter_f, nm, save, slices
from tests.support.reading import only_study
from tests.support.rt_builder import Roi, structure_set


def write_study(folder: Path, contours_z: list[float], *, tilt: float = 0.0) -> None:
    """Write SPECT slices from z = 10 to 50, a CT without its slices at 40 and 42.5, a tumour."""
    save(nm(letter_f(11), SeriesInstanceUID="1.2.3", position=(-10.0, -20.0, 10.0)), folder / "nm")
    heights = [2.5 * number - 25.0 for number in range(24)]
    for number, data in enumerate(slices(CT, letter_f(24), heights)):
        x, y, z = data.ImagePositionPatient
        changed(data, ImagePositionPatient=[x, y + tilt * heights[number], z])
        if number not in (14, 15):
            save(data, folder / f"ct{number}")
    square = [(-8.0, -18.0), (-2.0, -18.0), (-2.0, -6.0), (-8.0, -6.0)]
    contours: list[NDArray[np.float64] | list[str]] = [
        np.array([(x, y, z) for x, y in square]) for z in contours_z
    ]
    data = structure_set([Roi("Tumour", contours, frame=FRAME)], [FRAME])
    data.StudyInstanceUID, data.SeriesInstanceUID = STUDY, "1.2.3.77"
    data.PatientID = "SECRET-ID"
    data.save_as(folder / "rs.dcm", enforce_file_format=True)


@pytest.mark.parametrize(("z", "inside"), [([38.0, 42.0, 46.0], True), ([14.0, 18.0], False)])
def test_the_region_in_a_gap_is_named(tmp_path: Path, z: list[float], *, inside: bool) -> None:
    write_study(tmp_path, z)
    study = only_study(tmp_path)
    assert select(study).ct is not None

    record = measure_study(study, load_protocol("zhou2025")).record

    gaps = [flag.detail for flag in record.flags if flag.code == "CT_GAP"]
    assert "2 of 24 slices interpolated, at (-10.00, -20.00, 40.00)" in gaps[0]
    assert len(gaps) == 1 + inside
    if inside:
        assert "2 missing slices lie inside the region 'Tumour'" in gaps[1]
        assert "does not serve there" in gaps[1]
    assert record.measurement("tumour_max").value is not None


def test_the_gap_changes_no_measured_value(tmp_path: Path) -> None:
    write_study(tmp_path / "gap", [38.0, 42.0, 46.0])
    write_study(tmp_path / "none", [38.0, 42.0, 46.0])
    for path in (tmp_path / "none").glob("ct*"):
        path.unlink()
    rows = [
        measure_study(only_study(tmp_path / name), load_protocol("zhou2025")).record.measurements
        for name in ("gap", "none")
    ]
    assert [(row.name, row.value) for row in rows[0]] == [(row.name, row.value) for row in rows[1]]


def test_a_tilted_ct_is_told_in_the_study_that_it_goes_with(tmp_path: Path) -> None:
    write_study(tmp_path, [14.0, 18.0], tilt=0.2)
    record = measure_study(only_study(tmp_path), load_protocol("zhou2025")).record
    (tilt,) = [flag.detail for flag in record.flags if flag.code == "CT_TILT"]
    assert "11.31 degrees" in tilt
