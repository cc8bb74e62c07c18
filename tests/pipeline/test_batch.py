"""A batch keeps what it measured, measures anew what is damaged, and loses nothing."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

import quant
from quant.domain.protocol import EmissionSettings, StudyProtocol
from quant.domain.record import Status
from quant.domain.study import StudyFiles, StudyIndex
from quant.errors import UsageError
from quant.pipeline.batch import BatchResult, run_batch, run_in
from quant.pipeline.folder import opened_folder
from quant.pipeline.how import How, Reuse
from quant.pipeline.lock import only_run
from quant.pipeline.protocols import load_protocol
from quant.pipeline.stopwatch import Stopwatch
from quant.pipeline.study import StudyOutcome, measure_study

ZHOU = load_protocol("zhou2025")


def _run(index: StudyIndex, out: Path, *, restart: bool = False) -> BatchResult:
    """Measure without pictures and DICOM objects, which take most of the time."""
    how = How(Reuse(records=not restart), objects=False, pictures=False)
    with opened_folder(out) as place:
        return run_in(place, index, ZHOU, how)


def _record_path(out: Path) -> Path:
    (path,) = (out / "records").glob("*.json")
    return path


def test_a_batch_writes_every_promised_file(ball_index: StudyIndex, tmp_path: Path) -> None:
    result = run_batch(ball_index, tmp_path, ZHOU)

    names = {path.name for path in tmp_path.iterdir()}
    assert names >= {
        "studies.csv", "studies.parquet", "lesions.csv", "lesions.parquet", "measurements.parquet",
        "quarantine.csv", "report.html", "run.json", "records", "studies",
    }  # fmt: skip
    (study,) = (tmp_path / "studies").iterdir()
    assert {path.name for path in study.iterdir()} >= {"tumour.stl", "tumour.ply"}
    assert (result.failed, result.reused, result.has_errors) == (0, 0, False)
    assert not list(tmp_path.rglob("*.part"))


def test_the_manifest_accounts_for_every_file(ball_index: StudyIndex, tmp_path: Path) -> None:
    _run(ball_index, tmp_path)

    counts = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["counts"]

    parts = ("files_used", "files_duplicate", "files_ignored", "files_quarantined")
    assert counts["files_seen"] == sum(counts[part] for part in parts) == 4
    assert counts["files_used"] == 3


def test_the_python_surface_and_the_table_say_the_same(
    ball_index: StudyIndex, tmp_path: Path
) -> None:
    _run(ball_index, tmp_path)
    frame = quant.read_results(tmp_path)

    record = quant.measure_study(ball_index.studies[0])

    assert record.status is Status.OK
    for name in ("tmax_lmax", "tumour_volume_ml", "asphericity", "liver_x_mm", "muscle_mean"):
        assert frame[name][0] == record.value(name)
    interval = record.interval("tmax_lmax")
    assert interval is not None
    assert frame["tmax_lmax_low"][0] == interval.low


def test_a_second_run_keeps_the_record_and_a_restart_does_not(
    ball_index: StudyIndex, tmp_path: Path
) -> None:
    _run(ball_index, tmp_path)
    before = _record_path(tmp_path).read_bytes()

    assert _run(ball_index, tmp_path).reused == 1
    assert _run(ball_index, tmp_path, restart=True).reused == 0
    assert _record_path(tmp_path).read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"{}", b"nonsense", None])
def test_a_damaged_record_is_measured_anew(
    ball_index: StudyIndex, tmp_path: Path, content: bytes | None
) -> None:
    _run(ball_index, tmp_path)
    path = _record_path(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"9000.0", b"1234.0") if content is None else content)

    assert _run(ball_index, tmp_path).reused == 0
    assert path.read_bytes() == whole


def test_a_lost_mesh_is_made_again(ball_index: StudyIndex, tmp_path: Path) -> None:
    _run(ball_index, tmp_path)
    (mesh,) = (tmp_path / "studies").rglob("tumour.stl")
    mesh.unlink()

    assert _run(ball_index, tmp_path).reused == 0
    assert mesh.is_file()


def test_another_subject_key_or_input_is_another_record(
    ball_index: StudyIndex, tmp_path: Path
) -> None:
    _run(ball_index, tmp_path)
    study = ball_index.studies[0]
    for changed in (replace(study, subject_key="x"), replace(study, input_hash="y")):
        assert _run(replace(ball_index, studies=(changed,)), tmp_path).reused == 0

    assert len(list((tmp_path / "records").glob("*.json"))) == 3


def test_two_runs_in_one_folder_are_refused(ball_index: StudyIndex, tmp_path: Path) -> None:
    with only_run(tmp_path), pytest.raises(UsageError, match="OUT_IN_USE"):
        _run(ball_index, tmp_path)

    assert _run(ball_index, tmp_path).failed == 0


def test_an_output_folder_that_cannot_be_made_is_a_usage_error(
    ball_index: StudyIndex, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")

    with pytest.raises(UsageError, match="output folder"):
        _run(ball_index, tmp_path / "file" / "out")


def test_a_file_that_changes_while_its_study_is_measured_gives_no_numbers(
    ball_index: StudyIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(study: StudyFiles, protocol: StudyProtocol, watch: Stopwatch) -> StudyOutcome:
        os.utime(str(study.series[0].files[0].path))
        return measure_study(study, protocol, watch)

    monkeypatch.setattr("quant.pipeline.study.measure_study", slowly)
    changed = _run(ball_index, tmp_path)
    monkeypatch.undo()

    assert [one.code for one in changed.records[0].quarantine] == ["INPUT_CHANGED"]
    assert _run(ball_index, tmp_path).records[0].status is Status.OK


def test_an_unforeseen_failure_costs_the_study_and_names_its_kind_only(
    ball_index: StudyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_study: StudyFiles, _settings: EmissionSettings) -> None:
        message = "a secret text of the file"
        raise ZeroDivisionError(message)

    monkeypatch.setattr("quant.dicom.pairing.select", broken)

    record = measure_study(ball_index.studies[0], ZHOU).record

    assert record.status is Status.FAILED
    assert [one.code for one in record.quarantine] == ["STUDY_FAILED"]
    assert "ZeroDivisionError" in record.quarantine[0].message
    assert "secret" not in record.quarantine[0].message
    assert record.value("tmax_lmax") is None


def test_the_stopwatch_sums_the_steps_of_a_study(ball_index: StudyIndex) -> None:
    watch = Stopwatch()

    measure_study(ball_index.studies[0], ZHOU, watch)

    assert {"read emission volume", "place reference spheres", "measure"} <= set(watch.wall_s)
    assert all(seconds >= 0 for seconds in (*watch.wall_s.values(), *watch.cpu_s.values()))


def test_without_regions_nothing_is_measured_and_the_code_says_so(
    ball_index: StudyIndex,
) -> None:
    study = ball_index.studies[0]
    bare = replace(study, series=study.by_modality("NM"))

    record = measure_study(bare, ZHOU).record

    assert record.status is Status.FAILED
    assert record.quarantine[-1].code == "NOTHING_MEASURED"
    assert {"LIVER_MISSING", "TUMOUR_MISSING"} <= {flag.code for flag in record.flags}


def test_without_a_tumour_the_spheres_are_measured_and_the_names_seen_are_listed(
    ball_index: StudyIndex,
) -> None:
    study = ball_index.studies[0]
    organs = replace(study, series=study.by_modality("NM", "SEG"))

    record = measure_study(organs, ZHOU).record

    missing = next(flag for flag in record.flags if flag.code == "TUMOUR_MISSING")
    assert record.status is Status.PARTIAL
    assert record.value("liver_mean") == pytest.approx(9000.0)
    assert record.value("tmax_lmax") is None
    assert "'autochthon_left'" in missing.detail
