"""Agreement between readers: kappa of each segment, intraclass correlation of the total."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quant.domain.flags import Flag
from quant.scoring.analysis.comparisons import ALL_PHASES, TOTAL
from quant.scoring.analysis.relative import sum_over
from quant.scoring.readings.segments import segment_of, total_segments

if TYPE_CHECKING:
    from quant.scoring.readings.segments import System
    from quant.scoring.readings.totals import Reading

ICC_FORM = "ICC(A,1)"
"""Two-way, absolute agreement, single reading: the reading itself is used."""


@dataclass(frozen=True, slots=True)
class ImageGroup:
    """What an agreement is of: the same images, read by the same readers."""

    system: "System"
    modality: str
    nuclide: str
    phase: str
    readers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Kappa of a segment and two readers, or intraclass correlation of the total.

    Parameters
    ----------
    kappa, kappa_low, kappa_high : float or None
        With quadratic weights, and its 95 % interval.
    kappa_linear : float or None
        With linear weights.
    icc, icc_low, icc_high : float or None
        Two-way, absolute agreement, single reading, and its 95 % interval.
    """

    kappa: float | None = None
    kappa_low: float | None = None
    kappa_high: float | None = None
    kappa_linear: float | None = None
    icc: float | None = None
    icc_low: float | None = None
    icc_high: float | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement on one segment, or on the total.

    Parameters
    ----------
    group : ImageGroup
    item : str
        Key of a segment, or ``total`` (over the segments that all readers assessed).
    images, patients : int
        Images that all readers assessed, and their patients.
    disputed : int
        Images that some but not all of the readers assessed.
    agreed : int
        Images with the same score by all.
    values : Coefficients
    flags : tuple of Flag
    """

    group: ImageGroup
    item: str
    images: int
    patients: int
    disputed: int
    agreed: int
    values: Coefficients
    flags: tuple[Flag, ...] = ()


Image = tuple["Reading", ...]


def compare_readers(readings: "Iterable[Reading]") -> tuple[Agreement, ...]:
    """Measure agreement wherever an image was read by more than one reader.

    For each system, modality, nuclide and phase (and over all phases where there are several):
    each pair of readers, and the total of all readers together where they are more than two.

    References
    ----------
    The coefficients are those of :func:`quant.cohort.kappa` and :func:`quant.cohort.icc`.
    """
    images: dict[tuple[object, ...], dict[str, Reading]] = defaultdict(dict)
    for one in readings:
        key = one.key
        where = (one.system, str(key.modality), key.nuclide, str(key.phase))
        images[*where, key.patient, key.time][key.reader] = one
    groups: dict[ImageGroup, list[Image]] = defaultdict(list)
    phases: dict[ImageGroup, set[str]] = defaultdict(set)
    for slot, by_reader in images.items():
        for readers in _sets(sorted(by_reader)):
            image = tuple(by_reader[name] for name in readers)
            one = image[0]
            for phase in (str(one.key.phase), ALL_PHASES):
                group = ImageGroup(
                    one.system, str(one.key.modality), one.key.nuclide, phase, readers
                )
                groups[group].append(image)
                phases[group].add(str(slot[3]))
    return tuple(
        row
        for group, group_images in groups.items()
        if group.phase != ALL_PHASES or len(phases[group]) > 1
        for row in _rows(group, group_images)
    )


def _sets(readers: list[str]) -> list[tuple[str, ...]]:
    """Every pair of readers, and all of them where they are more than two."""
    pairs = [(a, b) for place, a in enumerate(readers) for b in readers[place + 1 :]]
    return [*pairs, tuple(readers)] if len(readers) > 2 else list(pairs)


def _rows(group: ImageGroup, images: list[Image]) -> list[Agreement]:
    items = [one.key for one in total_segments(group.system)] if len(group.readers) == 2 else []
    return [_row(group, item, images) for item in [*items, TOTAL]]


def _row(group: ImageGroup, item: str, images: list[Image]) -> Agreement:
    scored, disputed = [], 0
    patients: dict[str, int] = defaultdict(int)
    reduced: set[str] = set()
    for image in images:
        scores, left_out, some = _scores(image, item)
        disputed += some
        if scores is not None:
            scored.append(scores)
            patients[image[0].key.patient] += 1
            reduced |= left_out
    flags = [Flag("SCORE_RELATIVE_REDUCED", ", ".join(sorted(reduced)))] if reduced else []
    if len(scored) > len(patients):
        detail = f"{len(scored)} images, {len(patients)} patients"
        flags.append(Flag("SCORE_PAIRS_REPEATED", detail))
    agreed = sum(len(set(scores)) == 1 for scores in scored)
    values = _coefficients(group, item, scored)
    return Agreement(
        group, item, len(scored), len(patients), disputed, agreed, values, tuple(flags)
    )


def _scores(image: Image, item: str) -> tuple[tuple[int, ...] | None, set[str], bool]:
    """Scores of all readers, segments left out of the total, and whether only some assessed it."""
    if item != TOTAL:
        found = [one.score(item) for one in image]
        known = tuple(one for one in found if one is not None)
        whole = len(known) == len(found)
        return (known if whole else None), set(), bool(known) and not whole
    keys = [one.key for one in total_segments(image[0].system)]
    seen = [key for key in keys if all(one.score(key) is not None for one in image)]
    if not seen:
        return None, set(), False
    return tuple(sum_over(one, seen) for one in image), set(keys) - set(seen), False


def _coefficients(group: ImageGroup, item: str, scored: list[tuple[int, ...]]) -> Coefficients:
    if len(scored) < 2:
        return Coefficients()
    import pandas as pd

    names = [f"r{n}" for n in range(len(group.readers))]
    frame = pd.DataFrame(scored, columns=names)
    if item == TOTAL:
        from quant.cohort.agreement.intraclass import icc

        row = icc(frame, readings=names).set_index("name").loc[ICC_FORM]
        return Coefficients(
            icc=_known(row["icc"]), icc_low=_known(row["low"]), icc_high=_known(row["high"])
        )
    from quant.cohort.agreement.kappas import kappa

    levels = list(range(segment_of(group.system, item).maximum + 1))
    table = kappa(frame, readings=names, weights=("linear", "quadratic"), categories=levels)
    rows = table.set_index("weights")
    quadratic = rows.loc["quadratic"]
    return Coefficients(
        kappa=_known(quadratic["kappa"]),
        kappa_low=_known(quadratic["low"]),
        kappa_high=_known(quadratic["high"]),
        kappa_linear=_known(rows.loc["linear"]["kappa"]),
    )


def _known(value: object) -> float | None:
    number = float(value) if isinstance(value, int | float) else math.nan
    return number if math.isfinite(number) else None
