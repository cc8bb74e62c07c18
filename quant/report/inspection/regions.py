"""Regions for the report of ``quant inspect``, and what is missing for which ratios."""

from typing import TYPE_CHECKING

import numpy as np

from quant.domain.flags import Flag
from quant.domain.region import Role
from quant.domain.shapes import ContourShape
from quant.domain.text import counted
from quant.report.inspection.flags import flag_reports
from quant.report.inspection.series import rounded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from quant.domain.grid import Grid
    from quant.domain.protocol import RegionSettings
    from quant.domain.shapes import LabelShape, Mark, Shape
    from quant.domain.study import QuarantineEntry, StudyFiles
    from quant.report.inspection.layout import RegionReport

OBSTACLES = ("ROI_FOR_MISMATCH", "ROI_OUTSIDE", "ROI_EMPTY")
"""With one of these a region will be refused, so its role is not filled."""

MUSCLES = (Role.MUSCLE_LEFT, Role.MUSCLE_RIGHT)

HALF = 0.5


def inspect_regions(
    study: "StudyFiles", settings: "RegionSettings", emission: "Grid | None"
) -> "tuple[list[RegionReport], tuple[QuarantineEntry, ...]]":
    """Report on every region and marked point of a study.

    Parameters
    ----------
    study : StudyFiles
    settings : RegionSettings
        Words that give roles.
    emission : Grid or None
        Where the emission volume lies, if known.

    Returns
    -------
    regions : list of RegionReport
    quarantined : tuple of QuarantineEntry
        Region files that cannot be read.
    """
    from quant.regions.sources import gather_shapes

    found = gather_shapes(study)
    rows = [_region(shape, settings, emission) for shape in found.shapes]
    rows += [_mark(mark, emission) for mark in found.marks]
    return rows, found.quarantined


def _region(shape: "Shape", settings: "RegionSettings", emission: "Grid | None") -> "RegionReport":
    from quant.regions.roles import assign_role

    role, role_flags = assign_role(shape.name, settings)
    frame = _frame(shape.frame_of_reference_uid, emission)
    inside = _meets(_points(shape), emission)
    contours = len(shape.contours_mm) if isinstance(shape, ContourShape) else None
    voxels = None if isinstance(shape, ContourShape) else _voxels(shape)
    flags = [*shape.flags, *role_flags]
    if frame == "another" and not settings.accept_other_frame:
        flags.append(Flag("ROI_FOR_MISMATCH", "not the frame of the emission volume"))
    elif inside is False:
        flags.append(Flag("ROI_OUTSIDE", "its box does not meet the emission volume"))
    if contours == 0 or voxels == 0:
        flags.append(Flag("ROI_EMPTY", "no contours" if contours == 0 else "no voxels"))
    return {
        "name": shape.name,
        "role": str(role),
        "format": shape.source,
        "frame": frame,
        "contours": contours,
        "voxels": voxels,
        "inside": inside,
        "position_mm": None,
        "flags": flag_reports(flags),
    }


def _mark(mark: "Mark", emission: "Grid | None") -> "RegionReport":
    return {
        "name": mark.name,
        "role": "mark",
        "format": "markup",
        "frame": "none stated",
        "contours": None,
        "voxels": None,
        "inside": _meets(np.array([mark.position_mm]), emission),
        "position_mm": rounded(mark.position_mm),
        "flags": [],
    }


def _frame(uid: str, emission: "Grid | None") -> str:
    if not uid or emission is None or not emission.frame_of_reference_uid:
        return "none stated" if not uid else "stated"
    return "same" if uid == emission.frame_of_reference_uid else "another"


def _voxels(shape: "LabelShape") -> int:
    return int(np.count_nonzero(shape.weights >= HALF))


def _points(shape: "Shape") -> "NDArray[np.float64]":
    """Return points whose box is that of the shape, LPS mm."""
    if not isinstance(shape, ContourShape):
        return shape.grid.corners_mm() if shape.weights.size else np.zeros((0, 3))
    drawn = [points for points in shape.contours_mm if len(points)]
    return np.concatenate(drawn) if drawn else np.zeros((0, 3))


def _meets(points_mm: "NDArray[np.float64]", emission: "Grid | None") -> bool | None:
    """Tell whether the box around the points meets the emission volume; None: not known."""
    if emission is None or len(points_mm) == 0:
        return None
    index = emission.to_index(points_mm)
    low, high = index.min(axis=0), index.max(axis=0)
    return bool(((high >= -HALF) & (low <= np.array(emission.shape) - HALF)).all())


def usable_roles(rows: "list[RegionReport]") -> dict[str, int]:
    """Count the regions of each role that nothing refuses; marks count under ``mark <role>``."""
    from quant.reference.placement import marked_role

    counts: dict[str, int] = {}
    for row in rows:
        if any(flag["code"] in OBSTACLES for flag in row["flags"]):
            continue
        role = row["role"]
        if role == "mark":
            role = f"mark {marked_role(row['name'])}" if row["inside"] is not False else ""
        counts[role] = counts.get(role, 0) + 1
    return counts


def missing_flags(roles: dict[str, int]) -> list[Flag]:
    """Return the codes of what is missing for the tumour's values and the ratios."""
    flags = []
    if not roles.get(Role.TUMOUR):
        flags.append(Flag("TUMOUR_MISSING", "no region with role tumour"))
    if not roles.get(Role.LIVER) and not roles.get(f"mark {Role.LIVER}"):
        flags.append(Flag("LIVER_MISSING"))
    sides = [side for side in MUSCLES if not roles.get(f"mark {side}")]
    without = [str(side) for side in sides if not roles.get(side)]
    if without:
        flags.append(Flag("MUSCLE_MISSING", f"no region and no mark {' and '.join(without)}"))
    if sides and not roles.get(Role.VERTEBRA_L2):
        flags.append(Flag("L2_MISSING", "the level of the muscle spheres is unknown"))
    return flags


def missing_words(flags: list[Flag]) -> list[str]:
    """Say what would be absent, and for want of what."""
    codes = {flag.code: flag for flag in flags}
    said = []
    if "TUMOUR_MISSING" in codes:
        said.append("everything on the tumour, and all ratios: no tumour region")
    if "LIVER_MISSING" in codes:
        said.append("ratios to liver: no liver region and no point named liver")
    muscle = [
        words
        for code, words in (
            ("MUSCLE_MISSING", codes["MUSCLE_MISSING"].detail if "MUSCLE_MISSING" in codes else ""),
            ("L2_MISSING", "no region of vertebra L2"),
        )
        if code in codes
    ]
    if muscle:
        said.append(f"ratios to muscle: {'; '.join(muscle)}")
    return said


def measured_words(roles: dict[str, int], missing: list[Flag]) -> list[str]:
    """Say what would be measured in the regions."""
    codes = {flag.code for flag in missing}
    said = []
    for role, one in ((Role.TUMOUR, "tumour region"), (Role.LESION, "lesion")):
        count = roles.get(role, 0)
        if count:
            said.append(f"{counted(count, one)}: uptake, volume, asphericity")
    if "LIVER_MISSING" not in codes:
        said.append("liver sphere" + _ratios("liver", codes))
    if not codes & {"MUSCLE_MISSING", "L2_MISSING"}:
        said.append("both muscle spheres" + _ratios("muscle", codes))
    return said


def _ratios(what: str, codes: set[str]) -> str:
    return "" if "TUMOUR_MISSING" in codes else f", ratios of tumour to {what}"
