"""What kind of object an NM file is: a reconstruction, projections, planar images.

References
----------
DICOM PS3.3 C.8.4.8 (NM image) and Table C.8-8 (ImageType value 3 and FrameIncrementPointer).
"""

from enum import StrEnum
from typing import TYPE_CHECKING

from quant.dicom.files.facts import numbers, tail, text, whole, words
from quant.domain.flags import Flag
from quant.errors import ReadError

if TYPE_CHECKING:
    from quant.dicom.files.facts import Facts
    from quant.domain.study import SeriesEntry

DETECTORS = "DetectorInformationSequence"
SLICE_VECTOR = 0x00540080


class NMKind(StrEnum):
    """What an NM object holds."""

    RECON = "reconstruction"
    GATED = "gated reconstruction"
    PROJECTIONS = "projections"
    PLANAR = "planar images"
    UNKNOWN = "unknown"


KINDS = {
    "RECON TOMO": NMKind.RECON,
    "RECON GATED TOMO": NMKind.GATED,
    "TOMO": NMKind.PROJECTIONS,
    "GATED TOMO": NMKind.PROJECTIONS,
    "STATIC": NMKind.PLANAR,
    "WHOLE BODY": NMKind.PLANAR,
    "DYNAMIC": NMKind.PLANAR,
    "GATED": NMKind.PLANAR,
}
"""Kind by ImageType value 3 (Table C.8-8)."""

VOLUMES = (NMKind.RECON, NMKind.GATED)
"""Kinds that hold volumes."""


def nm_kind(series: "SeriesEntry") -> tuple[NMKind, tuple[Flag, ...]]:
    """Tell what an NM series holds: by ImageType, else by its frame vectors or positions.

    Returns
    -------
    tuple of (NMKind, flags)
        With ``NM_TYPE_GUESSED`` where ImageType does not say it.
    """
    types = [word.replace("_", " ") for word in words(series.facts, "ImageType")]
    for word in (*types[2:3], *types):
        if word in KINDS:
            return KINDS[word], ()
    stated = "\\".join(types) or "missing"
    if _counts_slices(series.facts) or _has_many_positions(series):
        return NMKind.RECON, (Flag("NM_TYPE_GUESSED", f"ImageType {stated}"),)
    return NMKind.UNKNOWN, ()


def require_recon(series: "SeriesEntry", kind: NMKind) -> None:
    """Refuse what holds no volume.

    Raises
    ------
    ReadError
        ``NM_NOT_RECON`` for projections, planar images and what nothing tells.
    """
    if kind in VOLUMES:
        return
    image_type = text(series.facts, "ImageType") or "missing"
    frames = text(series.facts, "NumberOfFrames") or "1"
    raise ReadError(
        "NM_NOT_RECON",
        f"The NM series {tail(series.series_uid)} is no reconstructed volume.",
        found=f"{kind} (ImageType {image_type}, {frames} frames)",
        needed="a reconstruction (ImageType RECON TOMO)",
        next_step="reconstruct the projections, or supply the reconstruction",
    )


def _counts_slices(facts: "Facts") -> bool:
    frames = whole(facts, "NumberOfFrames") or 1
    vector = numbers(facts, "SliceVector")
    pointers = numbers(facts, "FrameIncrementPointer")
    return frames > 1 and (len(set(vector)) == frames or float(SLICE_VECTOR) in pointers)


def _has_many_positions(series: "SeriesEntry") -> bool:
    keyword = f"{DETECTORS}.0.ImagePositionPatient"
    places = {
        numbers(entry.facts, keyword) or numbers(entry.facts, "ImagePositionPatient")
        for entry in series.files
    }
    return len(series.files) > 1 and len(places - {()}) == len(series.files)
