"""The volumes of one CT or PET series: acquisitions, orientations and sizes kept apart.

Images of different size, pixel spacing, orientation or frame of reference never form one volume.
Images that do are one volume, whatever else they differ in, unless two of them lie in one place:
then what tells them apart (acquisition, time, phase, kind of image, kernel) tells volumes apart.
"""

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from quant.dicom.files.facts import tail, whole, words
from quant.dicom.slices.frames import COUNT, images_of, is_multiframe, of_frames
from quant.dicom.slices.image_groups import LEAST_SLICES, MOST_GROUPS, ImageGroup, PlacedImages
from quant.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quant.domain.study import SeriesEntry


MOST_NAMED = 12
"""Parts that a flag names."""


def split_slices(series: "SeriesEntry") -> "tuple[SeriesEntry, ...]":
    """Split a CT or PET series into its volumes.

    Parameters
    ----------
    series : SeriesEntry
        Its multi-frame files have the facts of their frames.

    Returns
    -------
    tuple of SeriesEntry
        Each volume, and images that form none, with its ``part`` in words; the series as it is when
        it holds one volume, or when nothing tells two images in one place apart.
    """
    if "LOCALIZER" in words(series.facts, "ImageType"):
        return (replace(series, part="localizer"),)
    images = images_of(series)
    try:
        placed = PlacedImages(images)
    except StudyError:
        return (series,)
    groups = placed.alike()
    if len(groups) > MOST_GROUPS:
        return (series,)
    groups = [part for group in groups for part in placed.volumes(group)]
    if len(groups) < 2 or max(len(group.members) for group in groups) < LEAST_SLICES:
        return (series,)
    groups.sort(key=lambda group: len(group.members) < LEAST_SLICES)
    return tuple(
        _part(series, group, name) for group, name in zip(groups, _names(groups), strict=True)
    )


def parts_in_words(parts: "Sequence[SeriesEntry]") -> "Iterator[str]":
    """Name the parts of each CT or PET series that holds several, for a study's flag."""
    by_series: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in parts:
        if one.modality in ("PT", "CT"):
            by_series[one.modality, one.series_uid].append(one.part)
    for (modality, uid), names in by_series.items():
        if len(names) > 1 and any(names):
            named = "; ".join(name or "the other images" for name in names[:MOST_NAMED])
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            yield f"{modality} series {tail(uid)} holds {len(names)} parts: {named}{more}"


def _part(series: "SeriesEntry", group: ImageGroup, name: str) -> "SeriesEntry":
    if is_multiframe(series):
        chosen = series.frames or range(whole(series.facts, COUNT) or 0)
        frames = tuple(chosen[member] for member in group.members)
        return replace(
            series, part=name, files=(of_frames(series.files[0], frames),), frames=frames
        )
    return replace(series, part=name, files=tuple(series.files[member] for member in group.members))


def _names(groups: list[ImageGroup]) -> list[str]:
    """Return what each part is called: what tells it apart, and its slices where they are few."""
    names: list[str] = []
    for group in groups:
        count = len(group.members)
        few = f" ({count} slice{'s' if count > 1 else ''} only)" if count < LEAST_SLICES else ""
        name = ", ".join(group.words) + few
        again = sum(one == name or one.startswith(f"{name} #") for one in names)
        names.append(f"{name} #{again + 1}" if again else name)
    return names
