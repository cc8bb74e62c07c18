"""Relative scores: a score divided by that of the baseline, over segments seen at both times."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quant.domain.flags import Flag
from quant.errors import UsageError
from quant.scoring.readings.segments import System, total_segments
from quant.scoring.readings.totals import Phase, Reading

EXTENSION = (System.CURIE, System.SIOPEN)
"""Systems with a relative score; intensity is an item of its own and has none."""

BASELINE_LABEL = "baseline"


@dataclass(frozen=True, slots=True)
class RelativeScore:
    """Score of a reading divided by that of its baseline.

    Parameters
    ----------
    reading : Reading
        The later one.
    baseline : Reading or None
        Same patient, modality, nuclide, reader and system; None when there is none.
    value : float or None
        ``now / then``; None when it is not defined, and then ``flags`` says why.
    now, then : int or None
        Sums over ``segments``.
    segments : tuple of str
        Keys of the segments that were assessed at both times.
    left_out : tuple of str
        Keys of the others.
    flags : tuple of Flag
    """

    reading: Reading
    baseline: Reading | None
    value: float | None = None
    now: int | None = None
    then: int | None = None
    segments: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()


def relative_scores(
    readings: Iterable[Reading], baseline: str | None = None
) -> tuple[RelativeScore, ...]:
    """Divide every later extension score by that of its baseline.

    Parameters
    ----------
    readings : iterable of Reading
    baseline : str or None
        Label of the time point that is the baseline. Without it: the time point with the label
        ``baseline``, else the one of phase ``diagnosis``; if there are several, none is taken.

    Returns
    -------
    tuple of RelativeScore
        One for each reading that is not a baseline, in the order of ``readings``.

    Raises
    ------
    UsageError
        ``USAGE`` if no reading has the time point named by ``baseline``.

    Notes
    -----
    Numerator and denominator are summed over the segments assessed at both times; where that
    leaves some out, a flag names them. A baseline of zero gives no relative score.
    """
    scored = [one for one in readings if one.system in EXTENSION]
    if baseline is not None and scored and all(one.key.time != baseline for one in scored):
        raise UsageError(
            "USAGE",
            "No reading has the time point that --baseline names.",
            found=baseline,
            needed="one of " + ", ".join(sorted({one.key.time for one in scored})[:20]),
            next_step="correct --baseline",
        )
    courses: dict[tuple[object, ...], list[Reading]] = defaultdict(list)
    patients: dict[str, list[Reading]] = defaultdict(list)
    for one in scored:
        courses[_course(one)].append(one)
        patients[one.key.patient].append(one)
    times = {name: _baseline_times(group, baseline) for name, group in patients.items()}
    found = (_relative(one, times[one.key.patient], courses[_course(one)]) for one in scored)
    return tuple(one for one in found if one is not None)


def common_segments(first: Reading, second: Reading) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Segments of the total assessed in both readings, and the others."""
    keys = [one.key for one in total_segments(first.system)]
    seen = [key for key in keys if first.score(key) is not None and second.score(key) is not None]
    return tuple(seen), tuple(key for key in keys if key not in seen)


def sum_over(reading: Reading, segments: Sequence[str]) -> int:
    """Sum of the scores of segments that were assessed."""
    return sum(reading.score(key) or 0 for key in segments)


def _course(one: Reading) -> tuple[object, ...]:
    key = one.key
    return key.patient, key.modality, key.nuclide, key.reader, one.system


def _baseline_times(readings: list[Reading], named: str | None) -> set[str]:
    """Time points that could be a patient's baseline; by the first rule that finds any."""
    times = {one.key.time for one in readings}
    if named is not None:
        return times & {named}
    labelled = {time for time in times if time.lower() == BASELINE_LABEL}
    return labelled or {one.key.time for one in readings if one.key.phase is Phase.DIAGNOSIS}


def _relative(one: Reading, times: set[str], course: list[Reading]) -> RelativeScore | None:
    if one.key.time in times and len(times) == 1:
        return None
    if len(times) > 1:
        detail = "time points " + ", ".join(sorted(times))
        return RelativeScore(one, None, flags=(Flag("SCORE_BASELINE_AMBIGUOUS", detail),))
    bases = [other for other in course if other.key.time in times]
    if len(bases) != 1:
        detail = "the baseline has no such reading" if times else "no time point is the baseline"
        if len(bases) > 1:
            detail = "the baseline has readings of several phases"
        return RelativeScore(one, None, flags=(Flag("SCORE_NO_BASELINE", detail),))
    return _divide(one, bases[0])


def _divide(one: Reading, base: Reading) -> RelativeScore:
    seen, left_out = common_segments(one, base)
    if not seen:
        nothing = Flag("SCORE_NOTHING_COMMON", ", ".join(left_out))
        return RelativeScore(one, base, left_out=left_out, flags=(nothing,))
    now, then = sum_over(one, seen), sum_over(base, seen)
    flags = (Flag("SCORE_RELATIVE_REDUCED", ", ".join(left_out)),) if left_out else ()
    if then == 0:
        flags = (*flags, Flag("SCORE_BASELINE_ZERO", f"{now} now"))
        return RelativeScore(one, base, None, now, then, seen, left_out, flags)
    return RelativeScore(one, base, now / then, now, then, seen, left_out, flags)
