"""``quant score`` on a folder of studies, and with the tables of response."""

import csv
import json
from pathlib import Path

import pytest

from quant.cli.exits import Exit
from quant.cli.score import score_input
from quant.errors import UsageError
from quant.phantom.skeleton.studies import skeleton_cases, write_skeleton_study
from tests.support.score_tables import reading, write_csv


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return a phantom's folder and its StudyInstanceUID."""
    folder = tmp_path_factory.mktemp("skeleton")
    truth = write_skeleton_study(folder, skeleton_cases()[0], 1)
    return folder, str(truth["study_uid"])


def _visits(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["study_uid,patient,time_point,phase,day", *rows, ""]), "utf-8")
    return path


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_study_is_scored_by_rule_under_the_names_of_its_visit(
    study: tuple[Path, str], tmp_path: Path
) -> None:
    folder, uid = study
    visits = _visits(tmp_path / "visits.csv", f"{uid},P1,t1,diagnosis,3")

    assert score_input(folder, tmp_path / "out", visits=visits) is Exit.OK

    rows = _rows(tmp_path / "out" / "scores.csv")
    assert {(row["modality"], row["system"]) for row in rows} == {
        (modality, system)
        for modality in ("SPECT/CT", "planar-equivalent")
        for system in ("curie", "siopen")
    }
    assert {(row["patient"], row["time_point"], row["phase"], row["reader"]) for row in rows} == {
        ("P1", "t1", "diagnosis", "rule")
    }
    assert all(int(row["reachable"]) < int(row["maximum"]) for row in rows)
    points = [row for row in _rows(tmp_path / "out" / "segments.csv") if row["score"] not in "0"]
    assert points
    assert all(row["lesions"] for row in points)
    evidence = json.loads((tmp_path / "out" / "evidence.json").read_text(encoding="utf-8"))
    assert evidence["lesions_in_3d"][0]["scores"]["study_uid"] == uid
    assert len(list((tmp_path / "out" / "figures").glob("*-skeleton.svg"))) == 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["{uid},P1,t1,diagnosis,3", "1.2.3,P2,t1,diagnosis,3"], "row 3: INPUT holds no such"),
        (["1.2.3,P1,t1,diagnosis,3"], "has no row; add one"),
        (["{uid},P1,t1,later,3"], "row 2: phase 'later' is unknown"),
        (["{uid},P1,,diagnosis,3"], "row 2: empty: time_point"),
        (["{uid},P1,t1,diagnosis,3", "{uid},P1,t2,relapse,9"], "row 3: this study stands already"),
        (["{uid},P1,t1,diagnosis,3", "1.2,P1,t1,diagnosis,3"], "row 2 is of another study"),
    ],
)
def test_visits_that_do_not_fit_are_refused(
    study: tuple[Path, str], tmp_path: Path, rows: list[str], said: str
) -> None:
    folder, uid = study
    visits = _visits(tmp_path / "visits.csv", *(row.format(uid=uid) for row in rows))

    with pytest.raises(UsageError, match=said):
        score_input(folder, tmp_path / "out", visits=visits)


def test_a_folder_of_results_is_told_what_may_be_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "studies.csv").write_text("study_uid,tmax_lmax\n1.2,3.4\n", encoding="utf-8")

    assert score_input(folder, tmp_path / "out") is Exit.NOTHING_TO_MEASURE
    said = capsys.readouterr().out
    assert "INPUT may be a table of reader scores" in said
    assert "no such table: studies.csv" in said


LESIONS = """patient,time_point,day,lesion,organ,kind,node,longest_mm,component
P1,t1,0,L1,adrenal,target,no,40,primary
P1,t1,0,L2,liver,target,no,20,metastasis
P1,t2,120,L1,adrenal,target,no,20,primary
P1,t2,120,L2,liver,target,no,12,metastasis
"""

DISEASE = """patient,time_point,day,bone_method,bone_modality,bone_score,marrow_percent
P1,t1,0,curie,planar,20,40
P1,t2,120,curie,planar,7,0
"""


def test_tables_of_scores_lesions_and_disease_are_answered_together(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_csv(folder / "scores.csv", reading("curie", {"head": 2}))
    (folder / "lesions.csv").write_text(LESIONS, encoding="utf-8")
    (folder / "disease.csv").write_text(DISEASE, encoding="utf-8")

    assert score_input(folder, tmp_path / "out") is Exit.OK

    rows = {(r["criterion"], r["item"]): r for r in _rows(tmp_path / "out" / "response.csv")}
    assert rows["RECIST 1.1", "overall"]["answer"] == "PR"
    assert rows["INRC 2017", "bone"]["answer"] == "PR"
    assert rows["INRC 2017", "marrow"]["answer"] == "CR"
    assert (tmp_path / "out" / "recist.csv").is_file()
    evidence = json.loads((tmp_path / "out" / "evidence.json").read_text(encoding="utf-8"))
    assert set(evidence["response"]) >= {"recist", "inrc"}


def test_two_lesion_tables_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.csv", "b.csv"):
        (folder / name).write_text(LESIONS, encoding="utf-8")

    with pytest.raises(UsageError, match="more than one table of lesions"):
        score_input(folder, tmp_path / "out")
