"""Planar against SPECT/CT, and reader against reader, with shares counted by hand."""

from dataclasses import replace

import pytest

from quant.scoring.analysis.agreement import compare_readers
from quant.scoring.analysis.comparisons import Comparison, compare_modalities
from quant.scoring.readings.segments import System, total_segments
from quant.scoring.readings.totals import Modality, Phase, Reading, ReadingKey, SegmentScore

KEY = ReadingKey("P1", "t1", Modality.PLANAR, "I-123", Phase.DIAGNOSIS, "A")


def _reading(key: ReadingKey, system: System = System.CURIE, **scores: int | None) -> Reading:
    segments = [
        SegmentScore(system, one.key, scores.get(one.key, 0)) for one in total_segments(system)
    ]
    return Reading(key, system, tuple(segments))


def _pair(
    patient: str, planar: dict[str, int | None], spect: dict[str, int | None], time: str = "t1"
) -> list[Reading]:
    key = replace(KEY, patient=patient, time=time)
    return [
        _reading(key, System.CURIE, **planar),
        _reading(replace(key, modality=Modality.SPECT_CT), System.CURIE, **spect),
    ]


def _items(rows: tuple[Comparison, ...], phase: str = "diagnosis") -> dict[str, Comparison]:
    return {one.item: one for one in rows if one.group.phase == phase}


def test_differences_shares_and_p_are_those_counted_by_hand() -> None:
    """Totals change by +1, +2, +1, 0, +1, -1: five of six patients changed, four higher."""
    readings = [
        *_pair("P1", {"head": 1}, {"head": 2}),
        *_pair("P2", {"pelvis": 1}, {"pelvis": 3}),
        *_pair("P3", {}, {"chest": 1}),
        *_pair("P4", {"chest": 2}, {"chest": 2}),
        *_pair("P5", {"head": 1}, {"head": 1, "thighs": 1}),
        *_pair("P6", {"head": 2}, {"head": 1}),
    ]

    found = _items(compare_modalities(readings))
    total, head = found["total"], found["head"]

    assert (total.pairs, total.patients, total.changed) == (6, 6, 5)
    assert total.share == pytest.approx(5 / 6)
    assert total.share_low is not None
    low = total.share_low  # by definition: 5 or 6 of 6 with a chance of 2.5 %
    assert 6 * low**5 * (1 - low) + low**6 == pytest.approx(0.025)
    assert total.share_high == pytest.approx(0.975 ** (1 / 6))  # and 5 or fewer
    assert total.mean == pytest.approx(4 / 6)
    assert (total.median, total.largest) == (1.0, 2)
    assert total.test is not None
    assert (total.test.higher, total.test.lower, total.test.equal) == (4, 1, 1)
    assert total.test.sign_p == pytest.approx(2 * 6 / 32)
    # doubled midranks 5 5 5 5 10; the one negative is a 5: W+ = 25 of 30; patterns as far: 10 of 32
    assert total.test.wilcoxon_p == pytest.approx(10 / 32)
    assert (head.pairs, head.changed, head.mean) == (6, 2, 0.0)
    assert found["soft_tissue"].changed == 0


def test_segments_not_assessed_both_ways_take_no_part_and_are_named() -> None:
    readings = [
        *_pair("P1", {"thighs": 3, "head": 1}, {"thighs": None, "head": 1}),
        *_pair("P2", {"thighs": 0}, {"thighs": 2}),
    ]

    found = _items(compare_modalities(readings))

    assert (found["thighs"].pairs, found["thighs"].not_assessable) == (1, 1)
    assert found["total"].changed == 1
    assert found["total"].mean == 1.0
    (flag,) = found["total"].flags
    assert (flag.code, flag.detail) == ("SCORE_RELATIVE_REDUCED", "thighs")


def test_a_segment_never_assessed_both_ways_has_no_share() -> None:
    found = _items(compare_modalities(_pair("P1", {"thighs": 3}, {"thighs": None})))

    assert found["thighs"].share is None
    assert [flag.code for flag in found["thighs"].flags] == ["SCORE_NO_PAIRS"]


def test_repeated_patients_get_shares_by_patient_and_no_test() -> None:
    later = [
        replace(one, key=replace(one.key, phase=Phase.POST_INDUCTION))
        for one in _pair("P1", {"head": 1}, {"head": 1}, "t2")
    ]
    readings = [*_pair("P1", {"head": 1}, {"head": 2}), *later, *_pair("P2", {}, {})]

    over_all = _items(compare_modalities(readings), "all")["total"]
    diagnosis = _items(compare_modalities(readings))["total"]

    assert (over_all.pairs, over_all.patients, over_all.changed) == (3, 2, 1)
    assert over_all.test is None
    assert [flag.code for flag in over_all.flags] == ["SCORE_PAIRS_REPEATED"]
    assert diagnosis.test is not None


def test_only_readings_of_one_reader_time_nuclide_and_phase_are_paired() -> None:
    planar, spect = _pair("P1", {"head": 1}, {"head": 2})

    for change in (
        {"reader": "B"}, {"nuclide": "I-131"}, {"time": "t2"}, {"phase": Phase.RELAPSE},
        {"patient": "P2"},
    ):  # fmt: skip
        other = replace(spect, key=replace(spect.key, **change))
        assert compare_modalities([planar, other]) == ()
    assert compare_modalities([planar, spect])


def test_readers_agree_as_counted_by_hand() -> None:
    """Pelvis 0/0, 1/1, 2/3, 3/3 among two readers; quadratic kappa from the 4 x 4 table."""
    scores = ((0, 0), (1, 1), (2, 3), (3, 3))
    readings = [
        _reading(replace(KEY, patient=f"P{n}", reader=reader), System.CURIE, pelvis=score)
        for n, pair in enumerate(scores)
        for reader, score in zip("AB", pair, strict=True)
    ]

    rows = {one.item: one for one in compare_readers(readings)}
    pelvis, total = rows["pelvis"], rows["total"]

    assert (pelvis.images, pelvis.patients, pelvis.agreed, pelvis.disputed) == (4, 4, 3, 0)
    # disagreement seen 1/9 of 4 images; by chance: squared distances over all 16 pairs
    chance = sum((a - b) ** 2 for a, _ in scores for _, b in scores) / 16 / 9
    assert pelvis.values.kappa == pytest.approx(1 - (1 / 9 / 4) / chance)
    # mean squares: images 11.375 / 3, readers 0.125, rest 0.375 / 3; ICC(A,1) of McGraw and Wong
    images, readers, rest = 11.375 / 3, 0.125, 0.375 / 3
    expected = (images - rest) / (images + rest + 2 / 4 * (readers - rest))
    assert total.values.icc == pytest.approx(expected)
    assert total.values.kappa is None


def test_what_only_some_readers_assessed_is_told() -> None:
    readings = [
        _reading(replace(KEY, reader="A"), System.CURIE, head=None, pelvis=1),
        _reading(replace(KEY, reader="B"), System.CURIE, head=1, pelvis=1),
    ]

    rows = {one.item: one for one in compare_readers(readings)}

    assert (rows["head"].images, rows["head"].disputed) == (0, 1)
    assert (rows["total"].images, rows["total"].agreed) == (1, 1)
    assert [flag.code for flag in rows["total"].flags] == ["SCORE_RELATIVE_REDUCED"]


def test_three_readers_are_compared_in_pairs_and_together() -> None:
    readings = [
        _reading(replace(KEY, reader=reader, patient=patient), System.CURIE, head=score)
        for patient, scores in (("P1", (0, 0, 1)), ("P2", (2, 3, 3)), ("P3", (1, 1, 1)))
        for reader, score in zip("ABC", scores, strict=True)
    ]

    groups = {one.group.readers: one for one in compare_readers(readings) if one.item == "total"}

    assert set(groups) == {("A", "B"), ("A", "C"), ("B", "C"), ("A", "B", "C")}
    assert groups["A", "B", "C"].agreed == 1
    together = groups["A", "B", "C"].values.icc
    assert together is not None
    assert 0.5 < together < 1.0
