"""From single scores to readings: one row a slot, every slot filled, keys that agree."""

from collections import defaultdict
from collections.abc import Iterable

from quant.domain.flags import Flag
from quant.scoring.readings.order import ordered
from quant.scoring.readings.segments import SEGMENTS, System, total_segments
from quant.scoring.readings.totals import Evidence, Reading, ReadingKey, SegmentScore
from quant.scoring.tables.cells import Entry
from quant.scoring.tables.sheet import Problem

Slots = dict[str, list[Entry]]
Groups = dict[tuple[ReadingKey, System], Slots]


def assemble(
    entries: Iterable[Entry], problems: list[Problem], *, fill: bool = False
) -> tuple[Reading, ...]:
    """Group scores into readings; what does not fit is added to ``problems``.

    Parameters
    ----------
    entries : iterable of Entry
    problems : list of Problem
        Grows.
    fill : bool
        Take a segment without a row as not assessable, with a flag, instead of a problem.
    """
    groups: Groups = defaultdict(lambda: defaultdict(list))
    for entry in entries:
        groups[entry.key, entry.system][entry.segment].append(entry)
    everything = [one for slots in groups.values() for rows in slots.values() for one in rows]
    _spellings(everything, problems)
    refused = {(one.source, one.row) for one in problems}
    sound = [one for one in everything if (one.source, one.row) not in refused]
    _contradictions(sound, problems)
    for slots in groups.values():
        _twice(slots, problems)
    _incomplete(groups, problems, fill=fill)
    if problems:
        return ()
    readings = [_reading(key, system, slots) for (key, system), slots in groups.items()]
    return ordered(readings)


def _rows(entries: Iterable[Entry]) -> str:
    numbers = sorted({one.row for one in entries})
    shown = ", ".join(map(str, numbers[:6])) + (", ..." if len(numbers) > 6 else "")
    return f"row{'s' if len(numbers) > 1 else ''} {shown}"


def _twice(slots: Slots, problems: list[Problem]) -> None:
    """Refuse a second score for one slot of one reading, by rows."""
    again: dict[tuple[str, int], list[tuple[Entry, Entry]]] = defaultdict(list)
    for rows in slots.values():
        for one in rows[1:]:
            again[one.source, one.row].append((rows[0], one))
    for (source, row), pairs in again.items():
        first = pairs[0][0]
        there = f"row {first.row}" + ("" if first.source == source else f" of {first.source}")
        same = all(a.score == b.score for a, b in pairs)
        names = ", ".join(b.segment for _, b in pairs)
        text = (
            f"{first.system} {names} of this reading (same patient, time point, modality, nuclide, "
            f"phase and reader) is scored already in {there}, "
            f"with {'the same score' if same else 'another score'}"
        )
        fix = "keep one row a slot; name a second reader in the column reader"
        problems.append(Problem(row, text, fix, source))


def _incomplete(groups: Groups, problems: list[Problem], *, fill: bool) -> None:
    """Refuse readings with segments missing; filling is no way to slip in a second reader."""
    images: dict[tuple[object, ...], list[ReadingKey]] = defaultdict(list)
    for key, system in groups:
        images[_image(key, system)].append(key)
    unsure = " (unless a row that is refused for another reason is meant for it)"
    unsure = unsure if problems else ""
    for (key, system), slots in groups.items():
        lacking = [one.key for one in total_segments(system) if one.key not in slots]
        others = [groups[other, system] for other in images[_image(key, system)] if other != key]
        if not lacking or (fill and not others):
            continue
        own = [one for rows in slots.values() for one in rows]
        text = (
            f"this reading of {system} ({_rows(own)}) has no row for {', '.join(lacking)}{unsure}"
            f"{_other_readers(slots, others)}"
        )
        fix = (
            "each reader needs a row for every segment: write 'not assessable' for what was not "
            f"seen{'' if others else ' (or run with --missing not-assessable)'}"
        )
        problems.append(Problem(own[0].row, text, fix, own[0].source))


def _other_readers(slots: Slots, others: list[Slots]) -> str:
    """Say where other readers' rows of the same images stand; of the same slots, if there are."""
    rows = [entry for other in others for entries in other.values() for entry in entries]
    rivals = [one for one in rows if one.segment in slots]
    if rivals:
        return f"; another reader has scored the same slot ({_rows(rivals)})"
    return f"; another reader has scored the same images ({_rows(rows)})" if rows else ""


def _image(key: ReadingKey, system: System) -> tuple[object, ...]:
    return key.patient, key.time, key.modality, key.nuclide, key.phase, system


def _spellings(entries: list[Entry], problems: list[Problem]) -> None:
    """Refuse names that differ in case or spaces only: pairs would be missed in silence."""
    for column in ("patient", "reader", "time"):
        seen: dict[str, Entry] = {}
        told: set[str] = set()
        for one in entries:
            text = str(getattr(one.key, column))
            first = seen.setdefault("".join(text.split()).casefold(), one)
            if str(getattr(first.key, column)) != text and text not in told:
                told.add(text)
                said = f"{column} is spelt otherwise than in row {first.row} (case or spaces)"
                problems.append(Problem(one.row, said, "spell it alike in all rows", one.source))


def _contradictions(entries: list[Entry], problems: list[Problem]) -> None:
    """Refuse one time point with two days, or with two phases for one nuclide."""
    days: dict[tuple[str, str], Entry] = {}
    phases: dict[tuple[str, str, str], Entry] = {}
    told: set[tuple[str, int, str]] = set()
    for one in entries:
        key = one.key
        first = days.setdefault((key.patient, key.time), one)
        if first.day != one.day and (one.source, one.row, "day") not in told:
            told.add((one.source, one.row, "day"))
            text = f"day differs from that of row {first.row} for the same patient and time point"
            problems.append(Problem(one.row, text, "state one day a time point", one.source))
        first = phases.setdefault((key.patient, key.time, key.nuclide), one)
        if first.key.phase != key.phase and (one.source, one.row, "phase") not in told:
            told.add((one.source, one.row, "phase"))
            text = f"phase differs from that of row {first.row} for the same time point and nuclide"
            problems.append(Problem(one.row, text, "state one phase a time point", one.source))


def _reading(key: ReadingKey, system: System, slots: Slots) -> Reading:
    rows = [one for entries in slots.values() for one in entries]
    scores = []
    for segment in SEGMENTS[system]:
        if segment.key in slots:
            scores.append(_score(slots[segment.key][0]))
        elif segment.in_total:
            flag = Flag("SCORE_ROW_MISSING", segment.key)
            scores.append(
                SegmentScore(system, segment.key, None, reason="no row in the table", flags=(flag,))
            )
    sources = dict.fromkeys(one.source for one in sorted(rows, key=lambda one: one.source))
    return Reading(key, system, tuple(scores), rows[0].day, ", ".join(sources))


def _score(entry: Entry) -> SegmentScore:
    said = "not assessable" if entry.score is None else f"scored {entry.score}"
    text = f"{said} by the reader" + (f": {entry.note}" if entry.note else "")
    evidence = Evidence(text, source=f"{entry.source} row {entry.row}")
    return SegmentScore(
        entry.system, entry.segment, entry.score, entry.in_field, entry.reason, evidence=(evidence,)
    )
