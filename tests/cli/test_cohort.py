"""quant cohort, as a user runs it."""

import csv
import hashlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.support.cohort_tables import data_set
from tests.support.run import here, quant

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Results and outcomes with hostile text; one outcome has a negative time."""
    folder = tmp_path_factory.mktemp("cohort")
    frame = data_set("seedlike50").rename(columns={"id": "subject_key"})
    results = frame[["subject_key", "tmax_lmax", "asp", "bm_met"]].copy()
    results["site"] = ["=cmd|' /C calc'!A1", "<script>alert(1)</script>"] * 25
    results.to_csv(folder / "results.csv", index=False)
    outcomes = frame[["subject_key", "time", "event"]].copy()
    outcomes.loc[3, "time"] = -4
    outcomes.to_parquet(folder / "outcomes.parquet")
    return folder / "results.csv", folder / "outcomes.parquet"


def analyse(
    tables: tuple[Path, Path], out: Path, *more: str, command: Command = here
) -> tuple[int, str, str]:
    return command(
        "cohort", tables[0], "--outcomes", tables[1], "-o", out, "--unit", "days", "--marker",
        "asp", "--group", "site", "--covariate", "asp", "--covariate", "bm_met", "--covariate",
        "tmax_lmax", "--replicates", "100", *more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def done(
    tables: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int, str]:
    out = tmp_path_factory.mktemp("out")
    status, stdout, stderr = analyse(tables, out)
    assert stderr == ""
    return out, status, stdout


def test_a_refused_row_is_named_and_sets_the_status(done: tuple[Path, int, str]) -> None:
    out, status, stdout = done

    assert status == 1
    assert "49 rows joined; times in days" in stdout
    assert "outcomes row 4, time: TIME_NEGATIVE" in stdout
    assert "Data dictionary" in stdout
    with (out / "refused.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["code"] for row in csv.DictReader(stream)] == ["TIME_NEGATIVE"]


def test_every_estimate_says_method_and_n_and_models_say_their_ties(
    done: tuple[Path, int, str],
) -> None:
    table = pd.read_parquet(done[0] / "estimates.parquet")
    again = pd.read_csv(done[0] / "estimates.csv")

    assert len(table) == len(again) > 200
    assert (table["method"] != "").all()
    assert table["n"].notna().all()
    models = table[table["analysis"].str.startswith(("cox", "stepwise"))]
    assert set(models["ties"]) == {"efron", "breslow"}
    means = table[table["analysis"] == "restricted_mean"]
    assert means["limit"].notna().all()
    assert set(means["unit"]) == {"days"}
    chosen = table[(table["by"] == "asp group") & (table["analysis"] == "logrank")]
    assert chosen["flags"].str.contains("CUT_SAME_DATA").all()


def test_estimates_are_those_of_the_library(
    done: tuple[Path, int, str], tables: tuple[Path, Path]
) -> None:
    from quant import cohort

    frame = cohort.read_table(tables[0]).merge(cohort.read_table(tables[1]), on="subject_key")
    frame = frame[frame["time"] >= 0]
    ours = cohort.cox(frame, time="time", event="event", covariates=["asp", "bm_met", "tmax_lmax"])
    written = pd.read_parquet(done[0] / "tables" / "cox_multivariable.parquet")
    assert written["coef"].tolist() == ours["coef"].tolist()
    with (done[0] / "tables" / "cox_multivariable.csv").open(encoding="utf-8") as stream:
        assert [float(row["coef"]) for row in csv.DictReader(stream)] == ours["coef"].tolist()


def test_figures_exist_in_both_formats_and_the_page_shows_them(
    done: tuple[Path, int, str],
) -> None:
    out = done[0]
    names = {file.stem for file in (out / "figures").iterdir()}
    assert {"curves_all", "curves_site", "curves_asp_group", "forest_univariate",
            "forest_multivariable", "roc", "stepwise"} <= names  # fmt: skip
    page = (out / "report.html").read_text(encoding="utf-8")
    for name in names:
        assert (out / "figures" / f"{name}.svg").read_bytes().startswith(b"<?xml")
        assert (out / "figures" / f"{name}.webp").read_bytes()[8:12] == b"WEBP"
        assert f'src="figures/{name}.svg"' in page


def test_nothing_of_a_table_runs_in_a_spreadsheet_or_a_browser(
    done: tuple[Path, int, str],
) -> None:
    for file in done[0].rglob("*.csv"):
        with file.open(encoding="utf-8", newline="") as stream:
            for row in csv.reader(stream):
                for cell in row:
                    assert not cell.startswith(("=", "@", "+", "\t")), (file.name, cell)
    for name in ("report.html", "report.md"):
        assert "<script" not in (done[0] / name).read_text(encoding="utf-8")


def test_the_report_has_a_methods_paragraph_that_names_the_choices(
    done: tuple[Path, int, str],
) -> None:
    text = (done[0] / "report.md").read_text(encoding="utf-8")
    methods = text.partition("## Methods")[2].partition("##")[0]
    for word in ("log-log", "Efron", "Breslow", "score test", "largest time of each group",
                 "DeLong", "Firth", "seed 20250101", "days"):  # fmt: skip
        assert word in methods, word


def test_the_same_input_gives_the_same_bytes(
    done: tuple[Path, int, str], tables: tuple[Path, Path], tmp_path: Path
) -> None:
    def digests(folder: Path) -> dict[str, str]:
        return {
            str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in folder.rglob("*")
            if file.is_file()
        }

    analyse(tables, tmp_path, command=quant)  # a process of its own, with other hashes of text
    assert digests(tmp_path) == digests(done[0])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--marker", "nothing"), "COLUMN_MISSING"),
        (("--marker", "site"), "COLUMN_NOT_NUMERIC"),
    ],
)
def test_wrong_options_end_with_a_sentence_and_status_two(
    tables: tuple[Path, Path], tmp_path: Path, more: tuple[str, ...], words: str
) -> None:
    status, stdout, stderr = analyse(tables, tmp_path, *more)

    assert status == 2
    assert words in stderr
    assert "Traceback" not in stdout + stderr
    assert not list(tmp_path.rglob("*.csv"))


def test_a_cohort_without_a_right_row_ends_with_status_three(
    tables: tuple[Path, Path], tmp_path: Path
) -> None:
    status, stdout, stderr = analyse(tables, tmp_path, "--event", "time")

    assert (status, stderr) == (3, "")
    assert "EVENT_NOT_BINARY" in stdout


def test_help_teaches_with_a_table_and_a_whole_command() -> None:
    status, stdout, _ = here("cohort", "--help")

    assert status == 0
    for word in ("--outcomes outcomes.csv", "subject_key,efs_days,event", "refused.csv", "audit"):
        assert word in stdout
