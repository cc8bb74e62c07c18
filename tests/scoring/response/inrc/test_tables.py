"""Disease tables: what is refused; joint time line with the lesion table; tables and evidence."""

import itertools
from fractions import Fraction
from pathlib import Path

import pytest

from quant.errors import UsageError
from quant.scoring.response import respond, respond_disease
from quant.scoring.response.answers import Response
from quant.scoring.response.inrc.rules import (
    Finding,
    both,
    marrow_response,
    mibg_response,
    overall,
    overall_response,
    size_response,
    worst,
)

HEADER = "patient,time_point,date,bone_method,bone_modality,bone_score,bone_state,marrow_percent"
LESIONS = (
    "patient,time_point,date,lesion,organ,kind,node,longest_mm,component,uptake\n"
    "p,baseline,2024-01-01,T,adrenal,target,no,60,primary,avid\n"
    "p,t1,2024-03-01,T,,,,40,,improved\n"
)
DISEASE = [
    "p,baseline,2024-01-05,siopen,planar,20,,30",
    "p,t1,2024-02-25,siopen,planar,8,,3",
]
R = Response


def _disease(folder: Path, rows: list[str]) -> Path:
    path = folder / "disease.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def _lesions(folder: Path, text: str = LESIONS) -> Path:
    path = folder / "lesions.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("p,baseline,2024-01-05,siopen,planar,73,,30", "whole numbers, 0 to 72"),
        ("p,baseline,2024-01-05,curie,planar,28,,30", "bones only: whole numbers, 0 to 27"),
        ("p,baseline,2024-01-05,curie,planar,2.5,,30", "whole numbers, 0 to 27"),
        ("p,baseline,2024-01-05,curie,planar,-1,,30", "at least 0"),
        ("p,baseline,2024-01-05,,planar,20,,30", "allowed: curie, siopen, fdg"),
        ("p,baseline,2024-01-05,kurie,planar,20,,30", "did you mean curie?"),
        ("p,baseline,2024-01-05,curie,spekt,20,,30", "allowed: planar, SPECT/CT, combined, PET"),
        ("p,baseline,2024-01-05,curie,planar,20,not involved,30", "leave one of them empty"),
        ("p,baseline,2024-01-05,curie,planar,20,,101", "allowed: 0 to 100"),
        ("p,baseline,2024-01-05,curie,planar,20,,5 %", "write a number without a unit"),
    ],
)
def test_wrong_row_is_refused_with_its_number_and_what_is_allowed(
    row: str, says: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        respond_disease(_disease(tmp_path, [row]))

    assert "row 2:" in caught.value.found
    assert says in caught.value.found


def test_two_rows_for_one_time_point_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        respond_disease(_disease(tmp_path, [DISEASE[0], DISEASE[0]]))

    assert "row 3: a second row for time point 'baseline' (first: row 2)" in caught.value.found


def test_a_lesion_without_component_is_refused_when_the_inrc_are_asked_for(tmp_path: Path) -> None:
    text = LESIONS.replace("primary", "")

    with pytest.raises(UsageError, match="component of 'T' is empty") as caught:
        respond(_lesions(tmp_path, text), disease=_disease(tmp_path, DISEASE))

    assert "allowed: primary, metastasis" in caught.value.found


def test_tables_that_disagree_on_the_baseline_or_on_time_are_refused(tmp_path: Path) -> None:
    scans = LESIONS.replace("baseline", "scan 1")
    days = LESIONS.replace("date", "day").replace("2024-01-01", "0").replace("2024-03-01", "60")

    with pytest.raises(UsageError, match="call one time point of both tables baseline"):
        respond(_lesions(tmp_path, scans), disease=_disease(tmp_path, DISEASE))
    with pytest.raises(UsageError, match="write dates in both tables, or days in both"):
        respond(_lesions(tmp_path, days), disease=_disease(tmp_path, DISEASE))


def test_time_points_of_one_date_under_two_labels_are_refused(tmp_path: Path) -> None:
    rows = [DISEASE[0], DISEASE[1].replace("t1,2024-02-25", "MIBG 1,2024-03-01")]

    with pytest.raises(UsageError, match="give them one label in both tables"):
        respond(_lesions(tmp_path), disease=_disease(tmp_path, rows))


def test_scans_of_different_days_join_by_the_label_of_their_time_point(tmp_path: Path) -> None:
    report = respond(_lesions(tmp_path), disease=_disease(tmp_path, DISEASE))

    (answer,) = report.inrc
    assert [(one.visit.label, one.visit.day) for one in answer.points] == [("t1", 55)]
    point = answer.points[0]
    found = (point.primary, point.metastatic, point.marrow, point.overall)
    assert [one.response for one in found] == ["PR", "PR", "MD", "PR"]
    assert point.relative_score == Fraction(8, 20)


def test_patients_of_one_table_only_are_answered_from_what_there_is(tmp_path: Path) -> None:
    rows = [*DISEASE, "q,baseline,2024-01-05,siopen,planar,20,,0",
            "q,t1,2024-03-05,siopen,planar,30,,0"]  # fmt: skip

    report = respond(_lesions(tmp_path), disease=_disease(tmp_path, rows))

    assert [one.patient for one in report.inrc] == ["p", "q"]
    assert len(report.recist) == 1
    assert report.inrc[1].points[0].overall.response is R.PD
    assert report.inrc[1].points[0].primary.response is R.NE


def test_written_tables_hold_components_overall_and_the_inrg_names(tmp_path: Path) -> None:
    report = respond(_lesions(tmp_path), disease=_disease(tmp_path, DISEASE))

    names = {one.name for one in report.write(tmp_path / "out")}

    assert names == {"recist.csv", "recist_best.csv", "inrc.csv", "inrc_best.csv",
                     "inrc_inrg.csv", "response.json"}  # fmt: skip
    (row,) = report.tables()["inrc_best"]
    assert (row["best_overall_response"], row["progressed"], row["progression_days"]) == (
        "PR", 0, 55)  # fmt: skip


COMPONENTS = (R.CR, R.PR, R.SD, R.PD, R.NE, R.NI)
MARROW = (R.CR, R.MD, R.SD, R.PD, R.NE, R.NI)


def test_a_table_of_baselines_has_the_columns_of_every_other(tmp_path: Path) -> None:
    alone = respond_disease(_disease(tmp_path, DISEASE[:1])).tables()["inrc"]
    both_rows = respond_disease(_disease(tmp_path, DISEASE)).tables()["inrc"]

    assert list(alone[0]) == list(both_rows[0]) == list(both_rows[1])
    assert alone[0]["overall_response"] is None


def test_overall_response_of_every_combination_of_components() -> None:
    """Written out again, in other words than the rule."""
    for primary, metastatic, marrow in itertools.product(COMPONENTS, COMPONENTS, MARROW):
        found = overall_response(primary, metastatic, marrow)
        there = [one for one in (primary, metastatic, marrow) if one is not R.NI]
        if R.PD in there:
            assert found is R.PD
        elif R.NE in there:
            assert found is R.NE
        elif not there:
            assert found is R.NI
        elif all(one is R.CR for one in there):
            assert found is R.CR
        elif any(one is R.SD for one in there):
            better = any(one in {R.PR, R.CR} for one in there)
            assert found is (R.MR if better else R.SD)
        elif R.PR in there:
            assert found is R.PR
        else:
            assert R.MD in there
            assert found is (R.PR if R.CR in there else R.SD)


def test_a_worse_component_never_improves_the_overall_response() -> None:
    rank = [R.NI, R.CR, R.PR, R.MR, R.SD, R.PD]
    parts, marrows = [R.CR, R.PR, R.SD, R.PD], [R.CR, R.MD, R.SD, R.PD]
    for one, other, marrow in itertools.product(parts, parts, marrows):
        found = rank.index(overall_response(one, other, marrow))
        for worse in parts[parts.index(one) :]:
            assert rank.index(overall_response(worse, other, marrow)) >= found
            assert rank.index(overall_response(other, worse, marrow)) >= rank.index(
                overall_response(other, one, marrow)
            )
        for worse in marrows[marrows.index(marrow) :]:
            assert rank.index(overall_response(one, other, worse)) >= found


def test_metastases_take_the_worse_of_soft_tissue_and_bone() -> None:
    order = [R.NI, R.CR, R.PR, R.SD, R.PD]
    for one, other in itertools.product(order, order):
        assert worst((one, other)) is max(one, other, key=order.index)
        assert both(Finding.of(one), Finding.of(other)).response is max(one, other, key=order.index)
    assert worst((R.NE, R.SD)) is R.NE
    assert worst((R.NE, R.PD)) is R.PD


def test_marrow_over_its_whole_range() -> None:
    """Naive reading of the definitions, in steps of 1 %."""
    for before, now in itertools.product(range(101), range(101)):
        found = marrow_response(Fraction(now), Fraction(before))
        if now == 0:
            assert found is R.CR
        elif now <= 5:
            assert found is R.MD
        elif (before == 0 and now > 5) or (before > 0 and now > 2 * before and now > 20):
            assert found is R.PD
        else:
            assert found is R.SD


def test_relative_mibg_score_over_the_whole_range_of_siopen() -> None:
    for before, now in itertools.product(range(1, 73), range(73)):
        found = mibg_response(Fraction(now), Fraction(before), Fraction(before)).response
        if now == 0:
            assert found is R.CR
        elif 5 * now >= 6 * before:
            assert found is R.PD
        elif 2 * now <= before:
            assert found is R.PR
        else:
            assert found is R.SD


@pytest.mark.parametrize(
    ("now", "baseline", "nadir", "wanted"),
    [(60, 50, 50, R.SD), ("60.1", 50, 50, R.PD), (25, 20, 20, R.PD), ("24.9", 20, 20, R.SD),
     (35, 50, 50, R.PR), ("35.1", 50, 50, R.SD), (42, 100, 35, R.PR), (43, 100, 35, R.PD),
     (5, 20, 0, R.PD), (4, 20, 0, R.PR)],
)  # fmt: skip
def test_size_needs_more_than_twenty_percent_and_five_millimetres(
    now: str | int, baseline: int, nadir: int, wanted: Response
) -> None:
    assert size_response(Fraction(now), Fraction(baseline), Fraction(nadir)) is wanted


def test_an_answer_that_is_the_only_possible_one_is_given_although_a_part_is_missing() -> None:
    marrow = Finding(R.NE, frozenset({R.SD, R.MD}))

    found = overall(Finding.of(R.SD), Finding.of(R.SD), marrow)

    assert found.response is R.SD
