"""``quant run --no-pictures``: the same numbers, none of the files for looking, until asked for."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from quant.cli.run import run as run_command
from quant.dicom.index import index_tree
from quant.domain.study import StudyIndex
from quant.pipeline.batch import BatchResult, run_in
from quant.pipeline.folder import opened_folder
from quant.pipeline.how import How
from quant.pipeline.protocols import load_protocol
from quant.report.pictures import FOR_LOOKING
from tests.support.dicom_builder import nm, save
from tests.support.seeds import write_study

PROTOCOL = load_protocol("zhou2025")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyIndex:
    folder = tmp_path_factory.mktemp("study")
    write_study(folder)
    return index_tree(folder)


def run(index: StudyIndex, out: Path, *, pictures: bool) -> BatchResult:
    with opened_folder(out) as place:
        return run_in(place, index, PROTOCOL, How(objects=False, pictures=pictures))


def pictures_in(out: Path) -> set[str]:
    return {path.name for path in out.glob("studies/*/*")} & FOR_LOOKING


def report_in(out: Path) -> str:
    return (out / "report.html").read_text(encoding="utf-8")


def test_pictures_come_with_the_next_run_that_wants_them_and_stay(
    study: StudyIndex, tmp_path: Path
) -> None:
    first = run(study, tmp_path, pictures=False)
    record = {path.name: path.read_bytes() for path in tmp_path.glob("records/*")}
    assert pictures_in(tmp_path) == set()
    assert "There are no pictures: this study has no display copies" in report_in(tmp_path)
    assert "the same command without --no-pictures makes pictures" in report_in(tmp_path)
    assert run(study, tmp_path, pictures=False).reused == 1

    second = run(study, tmp_path, pictures=True)
    assert (second.reused, second.derived) == (0, True)
    assert second.digest == first.digest
    assert {path.name: path.read_bytes() for path in tmp_path.glob("records/*")} == record
    assert pictures_in(tmp_path) == FOR_LOOKING
    assert "There are no pictures" not in report_in(tmp_path)
    shown = report_in(tmp_path)

    assert run(study, tmp_path, pictures=True).reused == 1
    third = run(study, tmp_path, pictures=False)
    assert (third.reused, third.derived) == (1, False)
    assert report_in(tmp_path) == shown


def test_a_study_that_cannot_be_measured_is_not_tried_again_for_its_pictures(
    tmp_path: Path,
) -> None:
    save(nm(), tmp_path / "in" / "nm.dcm")
    index = index_tree(tmp_path / "in")
    assert run(index, tmp_path / "out", pictures=False).failed == 1

    assert run(index, tmp_path / "out", pictures=True).reused == 1
    assert "no-pictures" not in report_in(tmp_path / "out")


def test_the_command_measures_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_study(tmp_path / "in")
    out = tmp_path / "out"

    app = typer.Typer()
    app.command()(run_command)
    words = [str(tmp_path / "in"), "--out", str(out), "--no-dicom", "--no-pictures"]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert len(list(out.glob("records/*.json"))) == 1
    assert pictures_in(out) == set()
