"""The audit of published tables: the first paper's own numbers, planted slips, honest tables."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant import cohort
from quant.cohort.published.auditing import EXAMPLE, FIELDS, KINDS, read_published
from quant.cohort.published.printed import UnreadableError, read, slips
from quant.domain.flags import CODES
from quant.errors import CohortError
from tests.support.cohort_tables import SHIPPED

Z = 1.959963984540054
COX = pd.read_csv(SHIPPED / "paper_cox_rows.csv", dtype=str).to_dict("records")
CONFUSION = pd.read_csv(SHIPPED / "paper_confusion.csv").to_dict("records")
MEANS = pd.read_csv(SHIPPED / "paper_km_means.csv", dtype=str).to_dict("records")

EXPECTED = {
    ("Patients with bone/bone marrow metastases", "AUDIT_CONTRADICTED"),
    ("Died, without and with metastases", "AUDIT_COUNTS"),
    ("Asphericity", "AUDIT_NEGATIVE"),
    ("Tenfold from the lowest to the highest Tmax/Mmax, with the ratio of Tmax/Lmax",
     "AUDIT_FOLD"),
    ("Mean EFS, Tmax/Lmax > 6", "AUDIT_MEAN_MIDPOINT"),
    ("Mean EFS, metastasis", "AUDIT_MEAN_TRUNCATED"),
    ("Tmean/Mmean", "AUDIT_RATIO_MIDPOINT"),
    ("Tmean/Mmean", "AUDIT_P_INTERVAL"),
    ("ASP", "AUDIT_P_ZERO"),
    ("Tmax/Lmax", "AUDIT_CUT_ROUNDED"),
    ("ASP", "AUDIT_CUT_ROUNDED"),
    ("ASP", "AUDIT_CUT_EQUAL"),
    ("Curie score, called a median", "AUDIT_MEDIAN_OUTSIDE"),
    ("NSE, called a median", "AUDIT_MEDIAN_OUTSIDE"),
    ("LDH, called a median", "AUDIT_MEDIAN_OUTSIDE"),
    ("IDRF number, called a median", "AUDIT_MEDIAN_GRID"),
    ("Curie score, called a median", "AUDIT_MEDIAN_GRID"),
    ("Independent predictors", "AUDIT_NAMES"),
    ("Hazard ratios of a logistic regression", "AUDIT_METHOD"),
    ("Increased Tmax, more favourable prognosis", "AUDIT_DIRECTION"),
    ("Follow-up", "AUDIT_UNITS"),
    ("Multivariable model", "AUDIT_FEW_EVENTS"),
    ("Tmax/Lmax", "AUDIT_CUT_CHOSEN"),
    ("ASP", "AUDIT_CUT_CHOSEN"),
    ("ASP", "AUDIT_UNITS"),
}  # fmt: skip
"""Every inconsistency of the paper that is known, and nothing else."""


@pytest.fixture(scope="module")
def example() -> pd.DataFrame:
    return cohort.audit()


def audit_of(tmp_path: Path, *rows: dict[str, Any]) -> pd.DataFrame:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps({"row": list(rows)}), encoding="utf-8")
    return cohort.audit(path)


def _codes(checks: pd.DataFrame) -> set[str]:
    return set(checks["code"]) - {""}


def test_exactly_the_known_inconsistencies_of_the_paper_are_found(example: pd.DataFrame) -> None:
    found = example[example["verdict"] != "fits"]

    assert set(zip(found["name"], found["code"], strict=True)) == EXPECTED
    assert set(found["code"]) <= set(CODES)
    assert not example.attrs["consistent"]


def test_fifteen_of_sixteen_cox_rows_fit(example: pd.DataFrame) -> None:
    ratios = example[(example["kind"] == "ratio") & (example["check"].str.contains("interval"))]
    fits = ratios.groupby("row")["verdict"].agg(lambda verdicts: set(verdicts) == {"fits"})

    assert len(fits) == 16
    assert int(fits.sum()) == 15


@pytest.mark.parametrize("row", COX, ids=[f"{row['model']}-{row['variable']}" for row in COX])
def test_every_cox_row_is_judged_as_the_reference_judges_it(
    row: dict[Any, Any], tmp_path: Path
) -> None:
    cells = {"estimate": row["hr"], "low": row["lo"], "high": row["hi"], "p": row["p_printed"]}
    checks = audit_of(tmp_path, {"kind": "ratio", **cells}).set_index("check")

    middle: Any = checks.loc["ratio is the geometric mean of its interval"]
    wald: Any = checks.loc["p is the Wald p of ratio and interval"]
    assert (middle["verdict"] == "fits") == (row["hr_ok"] == "True")
    assert (wald["verdict"] == "fits") == (row["p_ok"] == "True")
    assert middle["expected"] == row["hr_from_ci"]
    value, _, reach = wald["expected"].partition(" ")
    assert float(value) == pytest.approx(float(row["p_from_ci"]), abs=6e-5)
    assert reach.strip("()") == row["p_range"].replace("-", " to ")


@pytest.mark.parametrize("row", CONFUSION, ids=[row["marker"] for row in CONFUSION])
def test_each_row_of_cut_offs_has_exactly_one_table(
    row: dict[Any, Any], example: pd.DataFrame
) -> None:
    chosen = example[(example["kind"] == "accuracy") & (example["name"] == row["marker"])]
    counts = ", ".join(f"{key.upper()} {row[key]}" for key in ("tp", "fp", "fn", "tn"))

    text = chosen["expected"].iloc[1]
    assert (chosen["verdict"] == "fits").all()
    assert text.startswith(f"exactly one table: {counts} ")
    assert f"Youden {row['youden']:.4f}" in text
    assert f"point {row['auc_lower_bound']:.4f}" in text


@pytest.mark.parametrize("row", MEANS, ids=[row["group"] for row in MEANS])
def test_every_mean_is_judged_as_the_reference_judges_it(
    row: dict[Any, Any], tmp_path: Path
) -> None:
    cells = {"mean": row["mean_printed"], "low": row["lo"], "high": row["hi"]}
    (check,) = audit_of(tmp_path, {"kind": "mean", **cells}).to_dict("records")

    assert (check["verdict"] == "fits") == (row["ok"] == "True")
    expected = float(str(check["expected"]).split()[0])
    assert expected == pytest.approx(float(row["midpoint"]), abs=6e-4)


def test_the_slips_that_would_mend_a_row_are_named(example: pd.DataFrame) -> None:
    advice = example.set_index(["name", "code"])["suggestion"]

    assert "a lower limit of 0.799" in advice["Tmean/Mmean", "AUDIT_RATIO_MIDPOINT"]
    assert "a lower limit of 552.757" in advice["Mean EFS, Tmax/Lmax > 6", "AUDIT_MEAN_MIDPOINT"]
    assert (
        "11 is the number of events" in advice["Died, without and with metastases", "AUDIT_COUNTS"]
    )


def test_a_mended_row_fits(tmp_path: Path) -> None:
    row = {"kind": "ratio", "estimate": "0.954", "low": "0.799", "high": "1.140", "p": "0.602"}

    assert (audit_of(tmp_path, row)["verdict"] == "fits").all()


@given(
    st.floats(-3.0, 3.0),
    st.floats(0.05, 1.5),
    st.integers(2, 4),
    st.sampled_from([0.9, 0.95, 0.99]),
)
@settings(max_examples=200, deadline=None)
def test_an_honest_ratio_always_fits(coef: float, se: float, decimals: int, level: float) -> None:
    """Whatever a Wald estimate is, printing it rounded makes no finding."""
    from quant.cohort.published.rows import Row

    z = float(-pd.Series([(1 - level) / 2]).map(_quantile).iloc[0])
    texts = [f"{math.exp(coef + k * z * se):.{decimals}f}" for k in (0, -1, 1)]
    if float(texts[1]) == 0.0 or texts[1] == texts[2]:
        return
    p = math.erfc(abs(coef / se) / math.sqrt(2))
    cells = dict(zip(("estimate", "low", "high"), texts, strict=True))
    row = Row(1, "ratio", "", "", {**cells, "p": f"{p:.3f}", "level": str(level)})

    codes = {finding.code for finding in KINDS["ratio"](row)}

    assert codes <= {"", "AUDIT_P_ZERO"}


def _quantile(share: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(share))


@given(st.integers(1, 30), st.integers(1, 60), st.data())
@settings(max_examples=60, deadline=None)
def test_an_honest_table_always_fits(events: int, others: int, data: st.DataObject) -> None:
    from quant.cohort.published.rows import Row

    tp = data.draw(st.integers(0, events))
    fp = data.draw(st.integers(0, others))
    decimals = data.draw(st.integers(0, 2))
    shares = {"sensitivity": (tp, events), "specificity": (others - fp, others),
              "ppv": (tp, tp + fp), "npv": (others - fp, others - fp + events - tp)}  # fmt: skip
    cells = {key: f"{100 * a / b:.{decimals}f}" for key, (a, b) in shares.items() if b}
    row = Row(1, "accuracy", "", "", {**cells, "n": str(events + others), "events": str(events),
                                      "unit": "percent"})  # fmt: skip

    assert {finding.code for finding in KINDS["accuracy"](row)} == {""}


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "a ratio outside its interval": (
        {"kind": "ratio", "estimate": "3.1", "low": "1.2", "high": "2.9"}, "AUDIT_INTERVAL_ORDER"),
    "limits swapped": (
        {"kind": "ratio", "estimate": "2.0", "low": "4.0", "high": "1.0"}, "AUDIT_INTERVAL_ORDER"),
    "an upper limit of another row": (
        {"kind": "ratio", "estimate": "1.44", "low": "1.10", "high": "2.86"},
        "AUDIT_RATIO_MIDPOINT"),
    "a p of another row": (
        {"kind": "ratio", "estimate": "1.442", "low": "1.102", "high": "1.886", "p": "0.08"},
        "AUDIT_P_INTERVAL"),
    "a p below a bound that it is not": (
        {"kind": "ratio", "estimate": "1.442", "low": "1.102", "high": "1.886", "p": "<0.001"},
        "AUDIT_P_INTERVAL"),
    "a p above one": ({"kind": "p", "p": "1.20"}, "AUDIT_P_RANGE"),
    "a p of zero": ({"kind": "p", "p": "0.00"}, "AUDIT_P_ZERO"),
    "a PPV that no counts give": (
        {"kind": "accuracy", "n": 50, "events": 11, "unit": "percent", "sensitivity": "54.5",
         "specificity": "89.7", "ppv": "62.0", "npv": "87.5"}, "AUDIT_NO_TABLE"),
    "a sensitivity that eleven events cannot have": (
        {"kind": "accuracy", "n": 50, "events": 11, "sensitivity": "0.50"}, "AUDIT_NO_TABLE"),
    "percentages called fractions": (
        {"kind": "accuracy", "n": 50, "events": 11, "sensitivity": "54.5", "specificity": "89.7"},
        "AUDIT_PERCENT"),
    "percent and fractions mixed": (
        {"kind": "accuracy", "n": 50, "events": 11, "sensitivity": "54.5 %",
         "specificity": "0.897"}, "AUDIT_UNITS"),
    "counts that do not add up": ({"kind": "counts", "total": 50, "parts": [33, 18]},
                                  "AUDIT_COUNTS"),
    "a percentage of another count": (
        {"kind": "counts", "total": 50, "parts": [33, 17], "percents": [66, 43]}, "AUDIT_PERCENT"),
    "a mean off its midpoint": ({"kind": "mean", "mean": "10.0", "low": "8.0", "high": "13.0"},
                                "AUDIT_MEAN_MIDPOINT"),
    "quartiles out of order": (
        {"kind": "summary", "median": "3", "q1": "2", "q3": "9", "maximum": "7"}, "AUDIT_ORDER"),
    "a negative volume": ({"kind": "summary", "quantity": "volume", "minimum": "-3"},
                          "AUDIT_NEGATIVE"),
    "two numbers for one thing": ({"kind": "same", "values": ["17", "33"]}, "AUDIT_CONTRADICTED"),
    "a percentage off by a digit": ({"kind": "same", "values": ["34.2 %", "0.324"]},
                                    "AUDIT_CONTRADICTED"),
    "one thing in two units": ({"kind": "same", "values": ["34.2 %", "0.342"]}, "AUDIT_UNITS"),
    "a direction against the ratio": (
        {"kind": "claim", "estimate": "0.61", "claim": "worse"}, "AUDIT_DIRECTION"),
    "an odds ratio of a Cox model": (
        {"kind": "claim", "measure": "OR", "method": "Cox regression"}, "AUDIT_METHOD"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_planted_fault_is_found_and_nothing_else(name: str, tmp_path: Path) -> None:
    row, code = BROKEN[name]

    assert _codes(audit_of(tmp_path, row)) == {code}


SOUND: dict[str, dict[str, Any]] = {
    "a bound of p": {"kind": "ratio", "estimate": "37.992", "low": "5.529", "high": "261.054",
                     "p": "< 0.001"},
    "a ninety per cent interval": {"kind": "ratio", "estimate": "2.00", "low": "1.44",
                                   "high": "2.78", "level": "90 %"},
    "a lower limit printed as zero": {"kind": "ratio", "estimate": "0.11", "low": "0.00",
                                      "high": "7.50"},
    "fractions with counts": {"kind": "accuracy", "n": 50, "events": 11, "sensitivity": "0.545",
                              "specificity": "0.897"},
    "one count rounded twice": {"kind": "same", "values": ["6.278", "6.3"]},
    "an open cut-off": {"kind": "cutoff", "values": ["6.278", "6.278"], "operators": [">", "<="],
                        "chosen_on": "same data", "corrected_p": "0.003", "auc": "0.69"},
    "enough events": {"kind": "model", "events": 100, "candidates": 8, "kept": 3,
                      "claimed_names": ["asp"], "model_names": ["ASP", "curie"]},
    "a fold that is one": {"kind": "fold", "ratio": "1.10", "from": "0", "to": "10",
                           "claimed": "2.6"},
    "half of whole numbers": {"kind": "summary", "median": "2.5", "whole_numbers": True},
    "limits printed coarser than the mean": {"kind": "mean", "mean": "10.1", "low": "8",
                                             "high": "13"},
    "and above": {"kind": "mean", "mean": "10.9", "low": "8", "high": "13"},
    "months and days": {"kind": "mean", "mean": "46.5", "low": "40.1", "high": "52.9"},
}  # fmt: skip


@pytest.mark.parametrize("name", list(SOUND))
def test_a_sound_row_makes_no_finding(name: str, tmp_path: Path) -> None:
    assert _codes(audit_of(tmp_path, SOUND[name])) == set()


def test_three_forms_of_one_file_say_the_same(tmp_path: Path) -> None:
    toml = 'row = [{kind = "mean", name = "a", mean = 10.50, low = "8.00", high = 13.00}]\n'
    forms = {
        "a.toml": toml,
        "a.json": '[{"kind": "mean", "name": "a", "mean": 10.50, "low": "8.00", "high": 13.00}]',
        "a.csv": "kind,name,mean,low,high\nmean,a,10.50,8.00,13.00\n",
    }
    answers = []
    for name, text in forms.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        answers.append(cohort.audit(tmp_path / name))

    assert answers[0]["found"].tolist() == ["10.50 (8.00 to 13.00)"]
    pd.testing.assert_frame_equal(answers[0], answers[1])
    pd.testing.assert_frame_equal(answers[0], answers[2])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "x"),
        ("a.toml", "row = ["),
        ("a.toml", 'title = "nothing"'),
        ("a.toml", "row = 5"),
        ("a.json", "[1, 2]"),
        ("a.json", '{"row": [{"kind": "magic"}]}'),
        ("a.json", '[{"kind": "mean", "mean": "10", "low": "8"}]'),
        ("a.json", '[{"kind": "mean", "mean": "10,5", "low": "8", "high": "13"}]'),
        ("a.json", '[{"kind": "mean", "mean": "ten", "low": "8", "high": "13"}]'),
        ("a.json", '[{"kind": "mean", "mean": "10", "low": "8", "high": "13", "colour": "1"}]'),
        ("a.json", '[{"kind": "ratio", "estimate": "-0.2", "low": "-0.5", "high": "-0.1"}]'),
        ("a.json", '[{"kind": "accuracy", "sensitivity": "0.5"}]'),
        ("a.json", '[{"kind": "accuracy", "n": 10, "events": 10, "sensitivity": "0.5"}]'),
        ("a.json", '[{"kind": "counts", "total": 5, "parts": [2, 2.5]}]'),
        ("a.json", '[{"kind": "counts", "total": 5, "parts": [2, 3], "percents": [40]}]'),
        ("a.json", '[{"kind": "claim", "estimate": "1.2", "claim": "odd"}]'),
        ("a.json", '[{"kind": "model", "events": 5}]'),
        ("a.json", '[{"kind": "same", "values": ["5"]}]'),
        ("a.csv", "name,mean\na,5\n"),
        ("a.csv", "kind,mean\nmean,5,6\n"),
        ("a.csv", "kind,mean\n"),
        ("a.csv", ""),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(
    name: str, text: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")

    with pytest.raises(CohortError, match="AUDIT_UNREADABLE"):
        cohort.audit(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "low", "high", "percent"),
    [("1.50", 1.495, 1.505, False), ("60.0 %", 0.5995, 0.6005, True), ("6", 5.5, 6.5, False),
     ("< 0.001", 0.0, 0.001, False), ("\u22120.5", -0.55, -0.45, False),
     ("0\u00b75", 0.45, 0.55, False), ("> 10", 10.0, math.inf, False)],
)  # fmt: skip
def test_a_printed_number_stands_for_what_it_was_before_rounding(
    text: str,
    low: float,
    high: float,
    percent: bool,  # noqa: FBT001
) -> None:
    number = read(text)

    assert (number.low, number.high) == pytest.approx((low, high))
    assert number.percent is percent


@pytest.mark.parametrize("text", ["1,5", "5.", "1.2.3", "about 5", "1 000", "--5"])
def test_what_is_no_printed_number_is_not_guessed_at(text: str) -> None:
    with pytest.raises(UnreadableError):
        read(text)


def test_slips_change_one_digit_or_swap_two_neighbours() -> None:
    assert set(slips("0.1")) == {f"{d}.1" for d in range(1, 10)} | {
        f"0.{d}" for d in range(10) if d != 1
    }
    assert "0.798" in slips("0.789")


def test_the_example_names_its_source_and_every_field_is_documented() -> None:
    rows, source = read_published(EXAMPLE)
    page = (Path(__file__).parents[3] / "docs" / "cohort-audit.md").read_text(encoding="utf-8")

    assert "CC BY 4.0" in source["licence"]
    assert len(rows) == 55
    assert set(KINDS) == set(FIELDS)
    for kind, fields in FIELDS.items():
        assert f"`{kind}`" in page
        assert not [name for name in fields if f"`{name}`" not in page]


def test_the_same_file_gives_the_same_answer(example: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(example, cohort.audit(EXAMPLE))
    assert int(np.sum(list(example.attrs["verdicts"].values()))) == len(example)
