"""All regions and marks that come with a study, from whatever files hold them."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from quant.domain.shapes import Mark, Shape
from quant.domain.study import QuarantineEntry
from quant.domain.text import plain
from quant.errors import QuantError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from quant.domain.archive import FilePath
    from quant.domain.study import StudyFiles

    Reader = Callable[[FilePath], Sequence[Shape | Mark]]

RT_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"

LONGEST_NAME = 120
"""Longer names of regions are cut."""

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
    """

    shapes: tuple[Shape, ...]
    marks: tuple[Mark, ...]
    quarantined: tuple[QuarantineEntry, ...]


def gather_shapes(study: "StudyFiles") -> ShapesFound:
    """Read every region and mark of a study.

    Parameters
    ----------
    study : StudyFiles

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
    for path, read in _readers(study):
        try:
            for item in read(path):
                name = plain(item.name)[:LONGEST_NAME].rstrip()
                if isinstance(item, Mark):
                    marks.append(replace(item, name=name))
                else:
                    shapes.append(replace(item, name=name or "unnamed"))
        except QuantError as error:
            shown = plain(path.name)  # never where it lies: that differs from place to place
            message = plain(str(error))
            quarantined.append(QuarantineEntry(shown, study.study_uid, error.code, message))
    return ShapesFound(_unique(shapes), tuple(marks), tuple(quarantined))


def _readers(study: "StudyFiles") -> "Iterator[tuple[FilePath, Reader]]":
    """Yield the region files with their readers: DICOM in the order of UIDs, others by path."""
    from quant.images.labels import label_suffix, read_label_file
    from quant.images.markups import SUFFIX, read_markups

    dicom = [
        (series.series_uid, entry.sop_instance_uid, entry.path, series.modality, entry)
        for series in study.series
        for entry in series.files
    ]
    for _, _, path, modality, entry in sorted(dicom, key=lambda row: row[:3]):
        reader = _dicom_reader(modality, entry.sop_class_uid)
        if reader is not None:
            yield path, reader
    for path in sorted(study.extra_files):
        if path.name.lower().endswith(SUFFIX):
            yield path, read_markups
        elif label_suffix(path):
            yield path, read_label_file


def _dicom_reader(modality: str, sop_class_uid: str) -> "Reader | None":
    """Return the reader of a DICOM object that holds regions; None for other objects."""
    if modality == "RTSTRUCT" or sop_class_uid == RT_STRUCTURE_SET:
        from quant.dicom.rtstruct import read_rtstruct

        return read_rtstruct
    if modality == "SEG" or sop_class_uid in SEGMENTATIONS:
        from quant.dicom.segmentation import read_segmentation

        return read_segmentation
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
