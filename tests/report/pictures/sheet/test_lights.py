"""Traffic lights say what flags and facts of the record say."""

from dataclasses import replace

import pytest

from quant.domain.flags import CODES, Flag
from quant.domain.record import Status, StudyRecord
from quant.domain.study import Candidate, QuarantineEntry
from quant.phantom.geometry import Layout
from quant.report.pictures.sheet.lights import QUESTIONS, TABLES, Light, State, lights
from tests.support.pictured import ball_in


def record() -> StudyRecord:
    return ball_in(Layout.AXIAL).record


def with_flags(*codes: str) -> StudyRecord:
    kept = tuple(flag for flag in record().flags if flag.code not in ("NO_CT", "NM_UNCALIBRATED"))
    return replace(record(), flags=(*kept, *(Flag(code) for code in codes)), unit="Bq/ml")


def light(one: StudyRecord, title: str) -> Light:
    return next(found for found in lights(one) if found.title == title)


def test_every_code_of_the_tables_is_registered() -> None:
    for table in TABLES:
        assert set(table) <= set(CODES)


def test_all_is_fine_where_nothing_is_wrong() -> None:
    found = {one.title: one.state for one in lights(with_flags())}

    assert found.pop("Region size") is State.UNKNOWN  # the protocol states no resolution
    assert set(found.values()) == {State.FINE}


@pytest.mark.parametrize(
    ("code", "title", "state"),
    [
        ("NM_UNCALIBRATED", "Unit", State.LOOK),
        ("NOT_ATTENUATION_CORRECTED", "Corrections", State.PROBLEM),
        ("AC_UNKNOWN", "Corrections", State.UNKNOWN),
        ("AC_CONTRADICTED", "Corrections", State.LOOK),
        ("NM_FLIP_SUSPECT", "Registration", State.PROBLEM),
        ("FOR_ASSUMED", "Registration", State.LOOK),
        ("NO_CT", "Registration", State.UNKNOWN),
        ("SPHERE_CLIPPED", "Field of view", State.PROBLEM),
        ("SPHERE_FOCUS", "Sphere purity", State.LOOK),
        ("MUSCLE_MISSING", "Sphere purity", State.PROBLEM),
    ],
)
def test_a_code_lights_its_lamp(code: str, title: str, state: State) -> None:
    assert light(with_flags(code), title).state is state


def test_the_worst_reason_counts_and_the_others_are_counted() -> None:
    found = light(with_flags("NM_FLIP_SUSPECT", "FOR_ASSUMED", "MUSCLE_SIDE_MISMATCH"),
                  "Registration")  # fmt: skip

    assert found.state is State.PROBLEM
    assert len(found.reasons) == 2


@pytest.mark.parametrize(
    ("covers", "state"), [("7%", State.UNKNOWN), ("60%", State.FINE), ("100%", State.FINE)]
)
def test_a_ct_that_covers_little_tells_nothing_of_registration(covers: str, state: State) -> None:
    reasons = (f"covers {covers} of the emission box", "original")
    ct = Candidate("ct", "1.2", 50.0, chosen=True, reasons=reasons)

    found = light(replace(with_flags(), candidates=(ct,)), "Registration")

    assert found.state is state
    assert ("7 %" in found.reasons[0]) is (state is State.UNKNOWN)


def test_scatter_is_read_from_the_facts() -> None:
    facts = {**record().facts, "CorrectedImage": "ATTN"}

    assert light(with_flags(), "Corrections").state is State.FINE
    unknown = light(replace(with_flags(), facts=facts), "Corrections")
    assert unknown.state is State.UNKNOWN
    assert "attenuation corrected" in unknown.reasons[0]
    none = {**facts, "ScatterCorrectionMethod": "NONE"}
    assert light(replace(with_flags(), facts=none), "Corrections").state is State.LOOK


@pytest.mark.parametrize(
    ("inside", "state"),
    [(1.0, State.FINE), (0.97, State.LOOK), (0.7, State.PROBLEM), (None, State.UNKNOWN)],
)
def test_purity_follows_the_fraction_inside(inside: float | None, state: State) -> None:
    first, *rest = with_flags().spheres
    spheres = (replace(first, inside_fraction=inside), *rest)

    assert light(replace(with_flags(), spheres=spheres), "Sphere purity").state is state


def test_a_tumour_that_is_cut_off_or_at_the_edge_is_told() -> None:
    base = with_flags()
    cut = tuple(replace(r, clipped_fraction=0.08 * r.is_primary) for r in base.regions)
    edge = tuple(replace(one, touches_edge=True) for one in base.passports)

    assert "8 %" in light(replace(base, regions=cut), "Field of view").reasons[0]
    assert light(replace(base, regions=cut), "Field of view").state is State.PROBLEM
    assert light(replace(base, passports=edge), "Field of view").state is State.LOOK


def test_region_size_is_the_verdict_of_the_passport() -> None:
    base = with_flags()
    for code, state in (("ASP_RESOLVED", State.FINE), ("ASP_UNRELIABLE", State.PROBLEM)):
        passports = tuple(replace(one, verdict=Flag(code)) for one in base.passports)
        assert light(replace(base, passports=passports), "Region size").state is state
    parts = tuple(replace(one, components=3) for one in base.passports)
    assert light(replace(base, passports=parts), "Region size").state is State.LOOK


def test_a_study_that_was_not_measured_has_no_judgement() -> None:
    entry = QuarantineEntry("", "1.2", "NO_EMISSION", "none")
    found = lights(StudyRecord("1.2", "", Status.FAILED, quarantine=(entry,)))

    assert [one.title for one in found] == list(QUESTIONS)
    assert {one.state for one in found} == {State.UNKNOWN}
    assert all("NO_EMISSION" in one.reasons[0] for one in found)
