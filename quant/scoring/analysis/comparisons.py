"""Planar against SPECT/CT: differences, shares of patients, tests."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from quant.domain.flags import Flag
from quant.scoring.analysis.paired import PairedTest, holm, paired_test
from quant.scoring.analysis.relative import common_segments, sum_over
from quant.scoring.readings.segments import SEGMENTS
from quant.scoring.readings.totals import Modality, Reading

if TYPE_CHECKING:
    from quant.scoring.readings.segments import System

TOTAL = "total"
ALL_PHASES = "all"
LEVEL = 0.95
"""Level of the interval of a share of patients."""

COMPARED = (
    (Modality.PLANAR, Modality.SPECT_CT),
    (Modality.PLANAR, Modality.COMBINED),
    (Modality.PLANAR_EQUIVALENT, Modality.SPECT_CT),
)
"""What is compared with what: a difference is the second minus the first."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two readings of the same patient and time point.

    Parameters
    ----------
    first, second : Reading
        For modalities: planar first.
    segments, left_out : tuple of str
        Keys of the segments that both assessed, and of the others; the total is taken over the
        former on both sides.
    """

    first: Reading
    second: Reading
    segments: tuple[str, ...]
    left_out: tuple[str, ...]

    def difference(self, item: str) -> int | None:
        """Second minus first, of a segment or of the total; None where not assessed in both."""
        if item == TOTAL:
            if not self.segments:
                return None
            return sum_over(self.second, self.segments) - sum_over(self.first, self.segments)
        if item not in self.segments:
            return None
        return sum_over(self.second, (item,)) - sum_over(self.first, (item,))


@dataclass(frozen=True, slots=True)
class Group:
    """What a comparison is of."""

    system: "System"
    first: str
    second: str
    nuclide: str
    phase: str
    reader: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One segment, or the total, of many pairs.

    Parameters
    ----------
    group : Group
    item : str
        Key of a segment, or ``total``.
    pairs, not_assessable : int
        Pairs in which the item was assessed both ways, and the others.
    patients, changed : int
        Patients with such a pair, and those of them with a difference in any.
    share, share_low, share_high : float or None
        ``changed / patients`` with its exact 95 % interval (Clopper-Pearson).
    mean, median : float or None
        Of the differences, second minus first.
    largest : int or None
        Difference of the greatest size.
    test : PairedTest or None
        None when a patient has more than one pair, or there is no pair.
    holm_p : float or None
        Signed-rank p adjusted over the segments of the group (Holm); the total stands alone.
    flags : tuple of Flag
    """

    group: Group
    item: str
    pairs: int
    not_assessable: int
    patients: int
    changed: int
    share: float | None = None
    share_low: float | None = None
    share_high: float | None = None
    mean: float | None = None
    median: float | None = None
    largest: int | None = None
    test: PairedTest | None = None
    holm_p: float | None = None
    flags: tuple[Flag, ...] = ()


def modality_pairs(readings: Iterable[Reading]) -> list[Pair]:
    """Pair planar with SPECT/CT and the rest of ``COMPARED``: same time point, same reader."""
    slots: dict[tuple[object, ...], dict[Modality, Reading]] = defaultdict(dict)
    for one in readings:
        key = one.key
        slot = key.patient, key.time, key.nuclide, key.phase, key.reader, one.system
        slots[slot][key.modality] = one
    return [
        _pair(by_modality[first], by_modality[second])
        for by_modality in slots.values()
        for first, second in COMPARED
        if first in by_modality and second in by_modality
    ]


def compare_modalities(readings: Iterable[Reading]) -> tuple[Comparison, ...]:
    """Compare planar with SPECT/CT and the rest, by segment and total.

    One group for each nuclide, phase, reader and system, and one over all phases where there are
    several.

    References
    ----------
    The table of Mavi et al. 2025, doi:10.1016/j.remnie.2025.500133: the share of patients whose
    score changes with SPECT/CT.
    """
    groups: dict[Group, list[Pair]] = defaultdict(list)
    for pair in modality_pairs(readings):
        groups[_group(pair, str(pair.first.key.phase))].append(pair)
    phases: dict[Group, set[str]] = defaultdict(set)
    whole: dict[Group, list[Pair]] = defaultdict(list)
    for group, pairs in groups.items():
        over_all = _group(pairs[0], ALL_PHASES)
        phases[over_all].add(group.phase)
        whole[over_all] += pairs
    several = {group: pairs for group, pairs in whole.items() if len(phases[group]) > 1}
    return tuple(
        one for group, pairs in {**groups, **several}.items() for one in _rows(group, pairs)
    )


def _group(pair: Pair, phase: str) -> Group:
    first, second = pair.first.key, pair.second.key
    return Group(
        pair.first.system, str(first.modality), str(second.modality), first.nuclide, phase,
        first.reader,
    )  # fmt: skip


def _pair(first: Reading, second: Reading) -> Pair:
    return Pair(first, second, *common_segments(first, second))


def _rows(group: Group, pairs: list[Pair]) -> list[Comparison]:
    items = [one.key for one in SEGMENTS[group.system] if one.in_total]
    rows = [_row(group, item, pairs) for item in items]
    tested = [n for n, row in enumerate(rows) if row.test is not None]
    adjusted = holm([row.test.wilcoxon_p for row in rows if row.test is not None])
    for n, p in zip(tested, adjusted, strict=True):
        rows[n] = replace(rows[n], holm_p=p)
    return [*rows, _row(group, TOTAL, pairs)]


def _row(group: Group, item: str, pairs: list[Pair]) -> Comparison:
    by_patient: dict[str, list[int]] = defaultdict(list)
    reduced: set[str] = set()
    for pair in pairs:
        difference = pair.difference(item)
        if difference is not None:
            by_patient[pair.first.key.patient].append(difference)
            reduced |= set(pair.left_out) if item == TOTAL else set()
    values = [one for group_values in by_patient.values() for one in group_values]
    changed = sum(any(group_values) for group_values in by_patient.values())
    n, unseen = len(values), len(pairs) - len(values)
    if not values:
        return Comparison(group, item, 0, unseen, 0, 0, flags=(Flag("SCORE_NO_PAIRS"),))
    from quant.cohort.classification.proportions import clopper_pearson

    low, high = clopper_pearson(changed, len(by_patient), LEVEL)
    flags = (Flag("SCORE_RELATIVE_REDUCED", ", ".join(sorted(reduced))),) if reduced else ()
    repeated = n > len(by_patient)
    if repeated:
        flags = (*flags, Flag("SCORE_PAIRS_REPEATED", f"{n} pairs, {len(by_patient)} patients"))
    return Comparison(
        group, item, n, unseen, len(by_patient), changed,
        changed / len(by_patient), low, high,
        sum(values) / n, _median(values), max(values, key=lambda one: (abs(one), one)),
        None if repeated else paired_test(values), None, flags,
    )  # fmt: skip


def _median(values: list[int]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return (ordered[middle] + ordered[-middle - 1]) / 2
