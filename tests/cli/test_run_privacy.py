"""Names only when they are asked for, and only in the tables; what is damaged is told by verify."""

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from quant.dicom.files.patients import patient_of
from quant.dicom.index import index_tree
from quant.pipeline.batch import run_in
from quant.pipeline.digest import verify
from quant.pipeline.folder import opened_folder
from quant.pipeline.how import How
from quant.pipeline.lock import only_run
from tests.support.batches import QUICK, measured_at_once, write_batch
from tests.support.run import here
from tests.support.seeds import edited, write_study

NAME, IDENTIFIER = "Secret^Person", "SECRET-ID"
TABLES = ("studies.csv", "studies.parquet", "lesions.csv", "lesions.parquet")


def _measured(folder: Path, *, identifiers: bool) -> Path:
    with (
        measured_at_once(folder / "in") as index,
        opened_folder(folder / "out") as place,
    ):
        run_in(place, index, QUICK, How(identifiers=identifiers))
    return folder / "out"


def _holding_a_name(out: Path) -> set[str]:
    return {
        path.relative_to(out).as_posix()
        for path in out.rglob("*")
        if path.is_file() and any(word in path.read_bytes() for word in (b"Secret", b"SECRET-ID"))
    }


def test_names_are_in_the_tables_of_studies_and_lesions_when_asked_for_and_nowhere_else(
    tmp_path: Path,
) -> None:
    write_batch(tmp_path / "in", 2)
    out = _measured(tmp_path, identifiers=False)
    assert _holding_a_name(out) == set()
    assert json.loads((out / "run.json").read_bytes())["identifiers"] == []
    with (out / "studies.csv").open(encoding="utf-8", newline="") as stream:
        assert not {"patient_name", "patient_id"} & set(next(csv.reader(stream)))

    out = _measured(tmp_path, identifiers=True)
    assert _holding_a_name(out) == set(TABLES)
    assert json.loads((out / "run.json").read_bytes())["identifiers"] == [
        "patient_name", "patient_id",
    ]  # fmt: skip
    with (out / "studies.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["patient_name"], row["patient_id"]) for row in rows] == [(NAME, IDENTIFIER)] * 2
    assert pq.read_table(out / "lesions.parquet")["patient_id"].to_pylist() == [IDENTIFIER] * 2

    out = _measured(tmp_path, identifiers=False)
    assert _holding_a_name(out) == set()


@pytest.mark.parametrize(
    ("name", "shown"), [("=HYPERLINK(1)", "'=HYPERLINK(1)"), ("a\x1b[31m\u202eb", "a [31m b")]
)
def test_a_name_cannot_run_as_a_formula_nor_steer_a_terminal(
    tmp_path: Path, name: str, shown: str
) -> None:
    def rename(data: object) -> None:
        data.PatientName = name  # type: ignore[attr-defined]
        data.SpecificCharacterSet = "ISO_IR 192"  # type: ignore[attr-defined]

    write_study(tmp_path / "in", nm=edited("nm", rename))
    out = _measured(tmp_path, identifiers=True)

    with (out / "studies.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["patient_name"] for row in csv.DictReader(stream)] == [shown]


def test_a_file_that_says_nothing_readable_gives_no_name(tmp_path: Path) -> None:
    write_batch(tmp_path / "in", 1)
    (study,) = index_tree(tmp_path / "in").studies
    for path in (tmp_path / "in").rglob("*.dcm"):
        path.write_bytes(b"\x00" * 128 + b"DICM" + b"\xff" * 64)

    assert patient_of(study) == ("", "")


def test_verify_prints_the_digest_and_names_what_was_changed(tmp_path: Path) -> None:
    write_batch(tmp_path / "in", 1)
    out = _measured(tmp_path, identifiers=False)
    stated = json.loads((out / "run.json").read_bytes())["digest"]

    assert here("verify", out, "--digest")[:2] == (0, f"{stated}\n")
    (mesh,) = out.rglob("tumour.stl")
    mesh.write_bytes(mesh.read_bytes()[:-1] + b"!")
    status, stdout, _ = here("verify", out)

    assert status == 1
    assert f"changed or missing: {mesh.relative_to(out).as_posix()}" in stdout
    assert "NOT WHOLE" in stdout


def test_verify_looks_at_what_repeats_the_results_too(tmp_path: Path) -> None:
    write_batch(tmp_path / "in", 1)
    assert here("run", tmp_path / "in", "-o", tmp_path / "out", "-j", "1")[0] == 0
    (folder,) = (tmp_path / "out" / "studies").iterdir()
    digest = here("verify", tmp_path / "out", "--digest")[:2]

    for name, said in [
        ("segmentation.dcm", f"studies/{folder.name}"),
        ("display.json", f"studies/{folder.name}"),
        ("qc.webp", f"studies/{folder.name}/qc.webp"),
    ]:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:-1])
        assert verify(tmp_path / "out").damaged == (said,)
        (folder / name).unlink()
        status, stdout, _ = here("verify", tmp_path / "out")
        (folder / name).write_bytes(content)
        assert (status, f"changed or missing: {said}\n" in stdout) == (1, True)

    assert here("verify", tmp_path / "out", "--digest")[:2] == digest
    with only_run(tmp_path / "out"):
        assert here("verify", tmp_path / "out")[0] == 4


@pytest.mark.parametrize("content", [None, b"", b"null", b"{}", b"\xff", b"[" * 100_000])
def test_verify_of_a_folder_without_a_run_is_a_usage_error(
    tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "run.json").write_bytes(content)
    status, _, stderr = here("verify", tmp_path)

    assert status == 2
    assert "holds no finished run" in stderr
    assert "Traceback" not in stderr
