"""Which of the volumes of one NM object is measured: the protocol's pick, their sum, or none."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from quant.dicom.nm.layout import AXES, WINDOW, Axis
from quant.dicom.nm.volumes import axis_word, values_of, window_title

if TYPE_CHECKING:
    from quant.domain.protocol import EmissionSettings
    from quant.domain.study import SeriesEntry

Values = Mapping[Axis, int]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The volumes that compete to be measured, and the parts that do not, each with the reason.

    An object of several volumes that the settings do not decide on competes as a whole: placing it
    raises ``NM_MULTI``, which names its volumes.
    """

    volumes: "tuple[SeriesEntry, ...]"
    aside: "tuple[tuple[SeriesEntry, str], ...]" = ()


@dataclass(frozen=True, slots=True)
class _Group:
    """The parts of one object, and their values along the axes on which they differ."""

    parts: "list[SeriesEntry]"
    values: list[Values]

    def levels(self, axis: Axis) -> list[int]:
        return sorted({values[axis] for values in self.values if axis in values})

    def only(self, axis: Axis, value: int) -> "_Group":
        kept = [i for i, values in enumerate(self.values) if values.get(axis) == value]
        return _Group([self.parts[i] for i in kept], [self.values[i] for i in kept])


def resolve(series: "Sequence[SeriesEntry]", settings: "EmissionSettings") -> Resolved:
    """Apply the settings to every NM object that holds several volumes.

    Parameters
    ----------
    series : sequence of SeriesEntry
        As the index lists them; what is no part of an NM object passes through.
    settings : EmissionSettings
    """
    volumes: list[SeriesEntry] = []
    aside: list[tuple[SeriesEntry, str]] = []
    objects: dict[tuple[str, str], list[SeriesEntry]] = defaultdict(list)
    for one in series:
        if one.modality == "NM" and one.part:
            instance = one.files[0].sop_instance_uid if one.frames else ""
            objects[one.series_uid, instance].append(one)
        else:
            volumes.append(one)
    for parts in objects.values():
        chosen, others = _resolve_object(parts, settings)
        volumes.append(chosen)
        aside += others
    return Resolved(tuple(volumes), tuple(aside))


def _resolve_object(
    parts: "list[SeriesEntry]", settings: "EmissionSettings"
) -> "tuple[SeriesEntry, list[tuple[SeriesEntry, str]]]":
    group = _grouped(parts)
    several = [axis for axis in AXES if len(group.levels(axis)) > 1]
    left = group
    picked, summed = [], []
    for axis in several:
        setting, levels = getattr(settings, axis.setting), group.levels(axis)
        if setting == "sum":
            summed.append(axis)
            continue
        if setting == "only" or setting > len(levels):
            said = "takes none of several" if setting == "only" else f"there are {len(levels)}"
            why = f"emission.{axis.setting} is {setting}: {said}"
            return _whole(parts), [(part, why) for part in parts]
        left = left.only(axis, levels[setting - 1])
        picked.append(f"emission.{axis.setting} = {setting}")
    why = f"not picked: {', '.join(picked)}"
    aside = [(part, why) for part in parts if not any(part is one for one in left.parts)]
    if not summed:
        return left.parts[0], aside
    together = _together(left, group, summed)
    return together, aside + [(part, f"part of {together.part}") for part in left.parts]


def _grouped(parts: "list[SeriesEntry]") -> _Group:
    return _Group(parts, [values_of(part) for part in parts])


def _whole(parts: "list[SeriesEntry]") -> "SeriesEntry":
    files = {entry.sop_instance_uid: entry for part in parts for entry in part.files}
    return replace(parts[0], part="", frames=(), files=tuple(files.values()))


def _together(left: _Group, group: _Group, summed: list[Axis]) -> "SeriesEntry":
    """Make the volume that stands for several, named by what was fixed and what was summed."""
    several = {axis for axis in AXES if len(group.levels(axis)) > 1}
    names = []
    for axis in (axis for axis in AXES if axis in several):
        levels, word = group.levels(axis), axis_word(axis, several)
        if axis in summed:
            names.append(f"all {len(levels)} {word}s")
            continue
        value = left.values[0][axis]
        title = window_title(left.parts[0].facts, value) if axis is WINDOW else ""
        named = f"{word} {levels.index(value) + 1} of {len(levels)}"
        names.append(f"{named} ({title})" if title else named)
    return replace(_whole(left.parts), part=", ".join(names), members=tuple(left.parts))
