"""Which stored images the emission volume was read from, slice by slice."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quant.dicom.files.facts import whole
from quant.dicom.volumes import place_volume

if TYPE_CHECKING:
    from quant.dicom.geometry.planes import Placement
    from quant.domain.study import SeriesEntry

Reference = tuple[str, int | None]
"""SOPInstanceUID and, in a multi-frame object, the number of the frame from 1."""


@dataclass(frozen=True, slots=True)
class Source:
    """The emission series behind a volume.

    Parameters
    ----------
    series_uid, modality : str
    sop_classes : dict of str to str
        SOPClassUID by SOPInstanceUID of every object read, in the order of slices.
    slices : tuple of tuple of Reference
        For each k, the images that it was read from: several where volumes were summed.
    """

    series_uid: str
    modality: str
    sop_classes: dict[str, str]
    slices: tuple[tuple[Reference, ...], ...]


def source_of(series: "SeriesEntry") -> Source:
    """Find the stored images of every slice of an emission volume, from headers only.

    Raises
    ------
    StudyError
        As when the volume is read.
    """
    members = series.members or (series,)
    placements = [place_volume(member) for member in members]
    classes = {
        entry.sop_instance_uid: entry.sop_class_uid for one in placements for entry in one.files
    }
    stacks = [_references(one) for one in placements]
    slices = tuple(tuple(dict.fromkeys(images)) for images in zip(*stacks, strict=True))
    return Source(series.series_uid, series.modality, classes, slices)


def _references(placement: "Placement") -> list[Reference]:
    if placement.frames:
        uid = placement.files[0].sop_instance_uid
        return [(uid, frame + 1) for frame in placement.frames]
    found: list[Reference] = []
    for entry in placement.files:
        index = whole(entry.facts, "FrameIndex")
        is_several = "FrameIndex" in entry.facts or "NumberOfFrames" in entry.facts
        found.append((entry.sop_instance_uid, (index or 0) + 1 if is_several else None))
    return found
