"""``quant report``: the same tables, pages and sheets from the records; damage is named."""

import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from quant.cli.app import _register, app
from quant.cli.exits import Exit
from quant.cli.report import make_again, print_methods
from quant.dicom.index import index_tree
from quant.errors import UsageError
from quant.pipeline.batch import run_in
from quant.pipeline.digest import verify
from quant.pipeline.folder import opened_folder
from quant.pipeline.how import How, Reuse
from quant.pipeline.protocols import load_protocol
from quant.pipeline.rebuild import rebuild, shown
from quant.report.site.build import Form
from tests.support.seeds import study_files, write_study

TABLES = ("studies.csv", "lesions.csv", "quarantine.csv", "studies.parquet", "lesions.parquet",
          "measurements.parquet")  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studies and a file that no study has, measured with identifiers."""
    folder = tmp_path_factory.mktemp("finished")
    write_study(folder / "in" / "a")
    for name, content in study_files().items():
        (folder / "in" / f"b_{name}.dcm").write_bytes(
            content.replace(b"1.2.826.0.1.", b"1.2.826.0.2.")
        )
    (folder / "in" / "=cut.dcm").write_bytes(study_files()["nm"][:900])
    index = index_tree(folder / "in")
    with opened_folder(folder / "out") as place:
        run_in(place, index, load_protocol("zhou2025"), How(Reuse(), identifiers=True))
    shutil.rmtree(folder / "in")
    return folder / "out"


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of the finished run, to be spoiled."""
    return Path(shutil.copytree(finished, tmp_path / "out"))


def files(out: Path) -> dict[str, bytes]:
    found = {name: (out / name).read_bytes() for name in (*TABLES, "report.html")}
    return found | {str(p.relative_to(out)): p.read_bytes() for p in out.glob("studies/*/qc.webp")}


def test_what_is_made_again_is_what_was_there_without_the_dicom(out: Path) -> None:
    before = files(out)
    for name in before:
        (out / name).unlink() if name not in ("studies.csv", "quarantine.csv") else None

    found = rebuild(out, Form.AUTO)

    assert (found.studies, found.sheets, found.damaged) == (2, 2, ())
    assert files(out) == before
    assert b"Secret^Person" in before["studies.csv"]
    assert b"cut.dcm" in before["quarantine.csv"]
    assert verify(out).is_whole


def test_sheets_drawn_in_several_processes_are_the_same(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quant.pipeline.rebuild.FEW", 0)
    before = files(out)
    steps: list[tuple[int, int]] = []

    rebuild(out, Form.AUTO, jobs=2, tick=lambda done, total: steps.append((done, total)))

    assert files(out) == before
    assert steps == [(0, 2), (1, 2), (2, 2)]


def test_a_folder_can_be_asked_for(out: Path) -> None:
    rebuild(out, Form.FOLDER)
    pages = {path.stem for path in (out / "report").glob("*.html")}

    assert pages == {path.stem for path in (out / "records").glob("*.json")}


def test_a_damaged_record_is_named_and_passed_over(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = sorted((out / "records").glob("*.json"))[0]
    broken.write_bytes(broken.read_bytes().replace(b'"status": "', b'"status": "x', 1))

    assert make_again(out, "single", 1) is Exit.SOME_FAILED
    assert broken.stem in capsys.readouterr().err
    assert len((out / "studies.csv").read_text(encoding="utf-8").splitlines()) == 2
    assert print_methods(out) is Exit.SOME_FAILED
    said = capsys.readouterr()
    assert broken.stem in said.err
    assert said.out.startswith("Uptake and shape were measured on 1 SPECT reconstruction")


def test_a_pipe_or_nonsense_in_the_place_of_a_file_is_not_waited_for_nor_believed(
    out: Path,
) -> None:
    first, second = sorted((out / "studies").iterdir())
    for path in (out / "quarantine.csv", *first.glob("*.nii.gz"), first / "outlines.npz"):
        path.unlink()
        os.mkfifo(path)
    (second / "display.json").write_bytes(b"[" * 100_000)
    for folder in (first, second):
        (folder / "images.js").write_bytes(b"\xff")

    assert rebuild(out, Form.SINGLE).studies == 2


@pytest.mark.parametrize("folder", ["empty", "missing", "in"])
def test_a_folder_without_records_is_refused_in_words(folder: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_study(tmp_path / "in")
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(UsageError, match="quant run INPUT -o OUT"):
        make_again(tmp_path / folder, "auto", 1)
    with pytest.raises(UsageError, match="nothing to report on"):
        print_methods(tmp_path / folder)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_form_that_is_not_known_is_refused(out: Path) -> None:
    with pytest.raises(UsageError, match="auto or single or folder"):
        make_again(out, "book", 1)


def test_without_a_manifest_all_records_are_shown(out: Path) -> None:
    (out / "run.json").unlink()
    names, damaged = shown(out)

    assert set(names) == {path.stem for path in (out / "records").glob("*.json")}
    assert damaged == ()
    assert make_again(out, "auto", 1) is Exit.OK


def test_a_changed_manifest_is_not_believed(out: Path) -> None:
    manifest = json.loads((out / "run.json").read_bytes())
    manifest["records"] = {"1.2": {"record": "records/../../elsewhere.json"}}
    (out / "run.json").write_text(json.dumps(manifest), encoding="utf-8")

    assert len(shown(out)[0]) == 2


def test_the_command_is_there() -> None:
    _register()
    done = CliRunner().invoke(app, ["report", "--help"])

    assert done.exit_code == 0
    assert "--methods" in done.output
