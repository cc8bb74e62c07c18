"""All regions and marks that come with a study, from whatever files hold them."""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from quant.dicom.files.facts import numbers
from quant.domain.shapes import ContourShape, ImageSlices, Mark, Shape, every
from quant.domain.study import QuarantineEntry
from quant.domain.text import plain
from quant.errors import QuantError
from quant.regions.choice import LONGEST_NAME, Choice, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from quant.domain.archive import FilePath
    from quant.domain.protocol import RegionSettings
    from quant.domain.shapes import Wanted
    from quant.domain.study import StudyFiles

    Reader = Callable[[FilePath], Sequence[Shape | Mark]]

RT_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"

PARALLEL = 1e-3
"""Slices whose direction cosines differ by more than this are no stack."""

SEGMENTATIONS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")


@dataclass(frozen=True, slots=True)
class ShapesFound:
    """What the files of a study hold.

    Parameters
    ----------
    shapes : tuple of Shape
        Regions with names that are unique within the study.
    marks : tuple of Mark
        Named points.
    quarantined : tuple of QuarantineEntry
        Files that could not be read, and why.
    unread : tuple of str
        Names of regions that were passed over, as they mean nothing to the method; sorted.
    """

    shapes: tuple[Shape, ...]
    marks: tuple[Mark, ...]
    quarantined: tuple[QuarantineEntry, ...]
    unread: tuple[str, ...] = ()


def gather_shapes(
    study: "StudyFiles",
    settings: "RegionSettings | None" = None,
    *,
    choice: Choice | None = None,
) -> ShapesFound:
    """Read the regions and marks of a study.

    Parameters
    ----------
    study : StudyFiles
    settings : RegionSettings, optional
        Words that give roles: regions whose names have none are not read. None reads all.
    choice : Choice, optional
        Asked instead, where a role is not what makes a region worth reading.

    Returns
    -------
    ShapesFound
        One unreadable file costs that file only. The order depends on UIDs (DICOM) and paths (other
        files), not on the order in which files were found. Of regions with the same name, the
        later ones get `` (2)``, `` (3)`` and so on.
    """
    shapes: list[Shape] = []
    marks: list[Mark] = []
    quarantined: list[QuarantineEntry] = []
    if choice is None and settings is not None:
        choice = Choice(settings)
    for path, read in _readers(study, choice):
        try:
            for item in read(path):
                if isinstance(item, Mark):
                    marks.append(replace(item, name=plain(item.name)[:LONGEST_NAME].rstrip()))
                else:
                    shapes.append(_placed(replace(item, name=printable(item.name)), study))
        except QuantError as error:
            shown = plain(path.name)  # never where it lies: that differs from place to place
            message = plain(str(error))
            quarantined.append(QuarantineEntry(shown, study.study_uid, error.code, message))
    unread = choice.declined if choice is not None else ()
    return ShapesFound(_unique(shapes), tuple(marks), tuple(quarantined), unread)


def _placed(shape: Shape, study: "StudyFiles") -> Shape:
    """Tell contours the slices on which they were drawn, where that series is in the study."""
    if not isinstance(shape, ContourShape) or not shape.series_uid:
        return shape
    parts = [part for part in study.series if part.series_uid == shape.series_uid]
    facts = [one.facts for part in parts for one in part.files]
    places = [numbers(one, "ImagePositionPatient") for one in facts]
    turns = [numbers(one, "ImageOrientationPatient") for one in facts]
    if len(facts) < 2 or {*map(len, places)} != {3} or {*map(len, turns)} != {6}:
        return shape
    positions, cosines = np.array(places), np.array(turns)
    normal = np.cross(cosines[0, :3], cosines[0, 3:])
    length = float(np.linalg.norm(normal))
    even = np.ptp(cosines, axis=0).max() <= PARALLEL and np.isfinite(positions).all()
    if not even or not length > 0.5:
        return shape
    return replace(shape, drawn_on=ImageSlices(positions, normal / length))


def _readers(study: "StudyFiles", choice: Choice | None) -> "Iterator[tuple[FilePath, Reader]]":
    """Yield the region files with their readers: DICOM in the order of UIDs, others by path."""
    from quant.images.labels import read_label_file
    from quant.images.markups import SUFFIX, read_markups
    from quant.images.names import label_suffix

    wanted: Wanted = choice or every
    dicom = [
        (series.series_uid, entry.sop_instance_uid, entry.path, series.modality, entry)
        for series in study.series
        for entry in series.files
    ]
    for _, _, path, modality, entry in sorted(dicom, key=lambda row: row[:3]):
        reader = _dicom_reader(modality, entry.sop_class_uid, wanted)
        if reader is not None:
            yield path, reader
    for path in sorted(study.extra_files):
        if path.name.lower().endswith(SUFFIX):
            yield path, read_markups
        elif label_suffix(path) and not (choice and choice.passes_over(path)):
            yield path, partial(read_label_file, wanted=wanted)


def _dicom_reader(modality: str, sop_class_uid: str, wanted: "Wanted") -> "Reader | None":
    """Return the reader of a DICOM object that holds regions; None for other objects."""
    if modality == "RTSTRUCT" or sop_class_uid == RT_STRUCTURE_SET:
        from quant.dicom.regions.rtstruct import read_rtstruct

        return partial(read_rtstruct, wanted=wanted)
    if modality == "SEG" or sop_class_uid in SEGMENTATIONS:
        from quant.dicom.regions.segmentation import read_segmentation

        return partial(read_segmentation, wanted=wanted)
    return None


def _unique(shapes: list[Shape]) -> tuple[Shape, ...]:
    """Give a number to regions whose name came before."""
    taken: set[str] = set()
    named: list[Shape] = []
    for shape in shapes:
        name, number = shape.name, 1
        while name in taken:
            number += 1
            name = f"{shape.name} ({number})"
        taken.add(name)
        named.append(shape if name == shape.name else replace(shape, name=name))
    return tuple(named)
