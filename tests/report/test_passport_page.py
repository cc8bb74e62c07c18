"""What tables, records and the page show of an asphericity passport."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from quant.domain.passport import Passport
from quant.domain.protocol import MorphologySettings
from quant.domain.record import RegionSummary, Status, StudyRecord
from quant.domain.region import Region
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.measure.passport.passport import measure_passport
from quant.measure.passport.rows import passport_rows
from quant.measure.shape.morphology import measure_morphology
from quant.report.columns import LESION_COLUMNS, STUDY_COLUMNS
from quant.report.records import read_record, write_record
from quant.report.site.build import Source, write_site
from tests.support.geometry import grid
from tests.support.masks import torus


@pytest.fixture
def record() -> StudyRecord:
    """Return a study of a ring in two parts and a lesion of one voxel."""
    on = grid("axial", (14, 30, 30))
    ring, dot = np.zeros((2, *on.shape), dtype=np.float32)
    ring[2:11, 2:27, 2:27] = torus()
    ring[6, 28, 28] = 1.0
    dot[3, 3, 3] = 1.0
    volume = Volume(on, ring + dot, Unit.COUNTS)
    regions = [Region.from_full(on, one, name) for one, name in ((ring, "ring <b>"), (dot, "dot"))]
    settings = MorphologySettings()
    passports = tuple(measure_passport(volume, one, settings) for one in regions)
    rows = [row for one in regions for row in measure_morphology(one, settings)]
    rows += [row for one in passports for row in passport_rows(one)]
    summaries = tuple(
        RegionSummary(
            one.name, "tumour", "made", "fractional", one.volume_ml, one.voxels, 0.0, first
        )
        for one, first in zip(regions, (True, False), strict=True)
    )
    return StudyRecord(
        "1.2.3",
        "abcd",
        Status.PARTIAL,
        unit="counts",
        regions=summaries,
        measurements=tuple(rows),
        passports=passports,
    )


def test_a_passport_comes_back_whole_from_its_record(record: StudyRecord, tmp_path: Path) -> None:
    write_record(record, tmp_path / "one.json")

    back = read_record(tmp_path / "one.json")

    assert back == record
    assert isinstance(back.passports[0], Passport)
    assert len(back.passports[0].sweep.fractions) == 11


def test_a_record_without_passports_is_read_as_such(record: StudyRecord, tmp_path: Path) -> None:
    """Records that were written before there were passports."""
    bare = replace(record, passports=())
    write_record(bare, tmp_path / "one.json")

    assert read_record(tmp_path / "one.json").passports == ()
    columns = {column.name: column for column in STUDY_COLUMNS}
    assert columns["asphericity_verdict"].read(bare, None) is None


def test_columns_hold_the_verdict_of_their_own_region(record: StudyRecord) -> None:
    study = {column.name: column.read(record, None) for column in STUDY_COLUMNS}
    dot = {column.name: column.read(record, record.regions[1]) for column in LESION_COLUMNS}

    assert study["asphericity_verdict"] == "ASP_RESOLUTION_UNSTATED"
    assert dot["asphericity_verdict"] == "ASP_UNRELIABLE"
    assert study["tunnels"] == 1
    assert study["components"] == 2
    assert study["asphericity_excess"] == pytest.approx(
        record.passports[0].estimate("ibsi_mesh").excess
    )
    assert study["diameter_over_fwhm"] is None
    assert "ASP_RESOLUTION_UNSTATED" in str(study["flags"])
    assert "ASP_UNRELIABLE" in str(dot["flags"])


def test_every_empty_column_of_shape_has_a_code(record: StudyRecord) -> None:
    for row in record.measurements:
        assert row.value is not None or row.flags, row.name


def test_the_page_says_how_far_shape_is_to_be_trusted(record: StudyRecord, tmp_path: Path) -> None:
    write_site(Source(tmp_path, ["0" * 32], [record]))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")

    assert "Shape: Large enough for its voxels; whether for the resolution is not known" in page
    assert "It has 2 parts" in page
    assert "tunnels: 1" in page
    assert "Excess over the floor" in page
    assert "ring &lt;b&gt;" in page
    write_site(Source(tmp_path, ["0" * 32], [replace(record, passports=())]))
    assert "Shape: " not in (tmp_path / "report.html").read_text(encoding="utf-8")
