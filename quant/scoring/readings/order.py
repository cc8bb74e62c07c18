"""The order of readings, and of a patient's time points."""

from collections import defaultdict
from collections.abc import Iterable
from enum import StrEnum

from quant.scoring.readings.segments import System
from quant.scoring.readings.totals import Modality, Phase, Reading


class TimeRule(StrEnum):
    """By what a patient's time points are ordered: the first rule that orders all of them."""

    DAY = "by day"
    LABEL = "by the number in the label"
    PHASE = "by phase, then label"


def ordered(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    """Sort by patient, time point, phase, nuclide, modality, reader and system."""
    everything = tuple(readings)
    place = {
        (patient, time): rank
        for patient, group in by_patient(everything).items()
        for rank, time in enumerate(time_points(group)[1])
    }
    phases, modalities, systems = list(Phase), list(Modality), list(System)

    def key(one: Reading) -> tuple[object, ...]:
        who = one.key
        return (
            natural(who.patient), who.patient, place[who.patient, who.time],
            phases.index(who.phase), who.nuclide, modalities.index(who.modality), who.reader,
            systems.index(one.system),
        )  # fmt: skip

    return tuple(sorted(everything, key=key))


def by_patient(readings: Iterable[Reading]) -> dict[str, list[Reading]]:
    """Group readings by patient."""
    groups: dict[str, list[Reading]] = defaultdict(list)
    for one in readings:
        groups[one.key.patient].append(one)
    return groups


def time_points(readings: Iterable[Reading]) -> tuple[TimeRule, list[str]]:
    """Order the time points of one patient, and say by which rule.

    By day where every reading states one; else by the number in the label where every label holds
    one; else by phase, then label.
    """
    group = list(readings)
    phases = list(Phase)
    days = {one.key.time: one.day for one in group}
    first = dict.fromkeys(days, len(phases))
    for one in group:
        first[one.key.time] = min(first[one.key.time], phases.index(one.key.phase))
    stated = {time: day for time, day in days.items() if day is not None}
    if len(stated) == len(days):
        return TimeRule.DAY, sorted(stated, key=lambda time: (stated[time], natural(time)))
    if all(any(char.isdecimal() for char in time) for time in days):
        return TimeRule.LABEL, sorted(days, key=lambda time: (natural(time), time))
    return TimeRule.PHASE, sorted(days, key=lambda time: (first[time], natural(time), time))


def natural(text: str) -> tuple[tuple[int, float, str], ...]:
    """Sort key that puts ``t2`` before ``t10``."""
    parts: list[tuple[int, float, str]] = []
    run = ""
    for char in [*text, ""]:
        if run and (char.isdecimal() != run[-1].isdecimal() or not char):
            parts.append((0, float(run), run) if run[-1].isdecimal() else (1, 0.0, run.casefold()))
            run = ""
        run += char
    return tuple(parts)
