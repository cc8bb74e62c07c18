"""Whether a region may be laid on a volume at all: frames of reference and overlap."""

from typing import TYPE_CHECKING

from quant.domain.flags import Flag
from quant.errors import RegionError

if TYPE_CHECKING:
    from quant.domain.grid import Grid
    from quant.domain.shapes import Shape

ASSUMED_OVERLAP = 0.5
"""Where frames are missing or differ, at least this part of a region must lie in the volume."""

DICOM_SOURCES = ("RTSTRUCT", "SEG")


def check_frame(shape: "Shape", grid: "Grid", *, accept_other: bool = False) -> tuple[Flag, ...]:
    """Refuse a region drawn in another frame of reference; flag one whose frame is assumed.

    Parameters
    ----------
    shape : Shape
    grid : Grid
        Of the emission volume.
    accept_other : bool
        Flag a region of another frame, ``ROI_FOR_OVERRIDDEN``, instead of refusing it.

    Returns
    -------
    tuple of Flag
        ``FOR_ASSUMED`` for a region from DICOM when it or the volume names no frame.

    Raises
    ------
    RegionError
        ``ROI_FOR_MISMATCH``.
    """
    drawn = shape.frame_of_reference_uid.strip(" \0")
    wanted = grid.frame_of_reference_uid.strip(" \0")
    if drawn and wanted and drawn != wanted:
        if accept_other:
            return (Flag("ROI_FOR_OVERRIDDEN", f"...{drawn[-24:]} taken as ...{wanted[-24:]}"),)
        raise RegionError(
            "ROI_FOR_MISMATCH",
            f"Region '{shape.name}' was drawn in another frame of reference.",
            found=f"frame of reference ...{drawn[-24:]}",
            needed=f"...{wanted[-24:]}, the frame of the emission volume",
            next_step="transfer the region to the emission volume's frame and export it again; or, "
            "if they are known to agree, set regions.accept_other_frame in the protocol",
        )
    if shape.source in DICOM_SOURCES and not (drawn and wanted):
        missing = "the region" if not drawn else "the emission volume"
        return (Flag("FOR_ASSUMED", f"{missing} names no frame of reference"),)
    return ()


def require_same_study(shape: "Shape", grid: "Grid", study_uid: str) -> None:
    """Refuse a region drawn on images of another study when no frame of reference ties them.

    Raises
    ------
    RegionError
        ``ROI_FOR_MISMATCH``.
    """
    if shape.frame_of_reference_uid.strip(" \0") and grid.frame_of_reference_uid.strip(" \0"):
        return
    if not shape.study_uid or shape.study_uid == study_uid:
        return
    raise RegionError(
        "ROI_FOR_MISMATCH",
        f"Region '{shape.name}' was drawn on images of another study.",
        found=f"study ...{shape.study_uid[-24:]}, and no frame of reference to compare",
        needed="a region drawn on this study, or the emission volume's frame of reference",
        next_step="transfer the region to this study and export it again",
    )


def require_overlap(shape: "Shape", clipped: float, flags: "list[Flag]") -> None:
    """Refuse a region outside the volume, or too far outside for a frame that is not its own.

    Raises
    ------
    RegionError
        ``ROI_OUTSIDE``.
    """
    assumed = any(flag.code in ("FOR_ASSUMED", "ROI_FOR_OVERRIDDEN") for flag in flags)
    if clipped >= 1.0 or (assumed and clipped > 1.0 - ASSUMED_OVERLAP):
        raise outside(shape, clipped)


def outside(shape: "Shape", clipped: float) -> RegionError:
    """Say that a region lies outside the volume."""
    return RegionError(
        "ROI_OUTSIDE",
        f"Region '{shape.name}' lies outside the emission volume.",
        found=f"{100.0 * clipped:.0f} % of the region outside",
        needed="a region inside the volume"
        if clipped >= 1.0
        else "at least half of the region inside, as its frame of reference is assumed",
        next_step="check that region and volume belong to the same examination",
    )
