"""The frames of a volume in a multi-frame NM object: their order and spacing."""

from typing import TYPE_CHECKING

import numpy as np

from quant.dicom.files.facts import number, numbers, text, whole
from quant.dicom.geometry.planes import SPACING_LIMITS_MM, pixel_spacing, sane_spacing
from quant.domain.flags import Flag
from quant.errors import GeometryError

if TYPE_CHECKING:
    from quant.dicom.files.facts import Facts
    from quant.dicom.nm.layout import Part

THICKNESS_TOLERANCE = 0.01
"""Relative difference of SliceThickness from the spacing that is worth a note."""


def frame_positions(
    part: "Part", first: float | None, what: str
) -> tuple[tuple[int, int], tuple[int, ...], tuple[Flag, ...]]:
    """Find the order in which the frames of one volume are stacked.

    Parameters
    ----------
    part : Part
        Stored frames of the volume, with their slice numbers.
    first : float or None
        Slice number of the object's first stored frame; None where slices are not numbered.
    what : str
        The series, for messages.

    Returns
    -------
    (start, stride) : tuple of int
        Slice k lies (start + k * stride) slice spacings from the stated position.
    order : tuple of int
        Stored frame of each k.
    flags : tuple of Flag
        ``NM_VECTOR_ODD`` when SliceVector does not count 1 to N.

    Raises
    ------
    GeometryError
        ``CT_GAP`` when SliceVector leaves slices out.

    Notes
    -----
    The stated position is that of the first stored frame, whatever its slice number (our reading
    of PS3.3 C.8.4.11; it matters only for vectors that do not start at 1).
    """
    vector = part.slices
    if vector is None or first is None:
        flag = Flag("NM_VECTOR_ODD", "SliceVector is missing: frames are taken as stored")
        return (0, 1), part.members, (flag,)
    count = len(vector)
    if np.array_equal(vector, np.arange(1, count + 1)) and first == 1:
        return (0, 1), part.members, ()
    flags = (Flag("NM_VECTOR_ODD", f"SliceVector runs from {vector[0]} to {vector[-1]}"),)
    steps = np.diff(vector)
    if count == 1 or (abs(steps[0]) == 1 and (steps == steps[0]).all()):
        stride = int(steps[0]) if count > 1 else 1
        return (int(vector[0] - first), stride), part.members, flags
    order = np.argsort(vector, kind="stable")
    gaps = np.diff(vector[order])
    if (gaps != 1).any():
        raise GeometryError(
            "CT_GAP",
            f"Slices are missing inside the {what}.",
            found=f"{int(gaps.sum()) - len(gaps)} slice numbers that SliceVector leaves out",
            needed="every slice",
            next_step="export the reconstruction again",
        )
    start = int(vector[order[0]] - first)
    return (start, 1), tuple(part.members[place] for place in order), flags


def stated_slices(facts: "Facts", part: "Part") -> tuple[Flag, ...]:
    """Flag a volume whose numbered slices are not as many as NumberOfSlices says."""
    stated = whole(facts, "NumberOfSlices")
    if part.slices is None or stated in (None, len(part.slices)):
        return ()
    detail = f"NumberOfSlices {stated}, SliceVector numbers {len(part.slices)}"
    return (Flag("NM_VECTOR_ODD", detail),)


def slice_spacing(
    facts: "Facts", shape: tuple[int, int, int], what: str
) -> tuple[float, str, tuple[Flag, ...]]:
    """Return the signed slice spacing, mm, where it came from, and flags.

    Raises
    ------
    GeometryError
        ``SPACING_INVALID`` when SpacingBetweenSlices, or the SliceThickness in its place, is no
        sane number; ``SPACING_MISSING`` when
        neither it nor SliceThickness is given and the volume is not plainly isotropic.
    """
    stated = numbers(facts, "SpacingBetweenSlices")
    thickness = number(facts, "SliceThickness")
    if stated and (len(stated) != 1 or not (stated[0] == 0.0 or sane_spacing(abs(stated[0])))):
        raise _bad_spacing(what, f"SpacingBetweenSlices {stated}")
    if stated and stated[0] != 0.0:
        flags = []
        if stated[0] < 0.0:
            flags.append(Flag("NM_SBS_NEGATIVE", f"{stated[0]:g} mm"))
        if thickness and abs(thickness - abs(stated[0])) > THICKNESS_TOLERANCE * abs(stated[0]):
            flags.append(Flag("NM_THICKNESS_DIFF", f"{thickness:g} and {abs(stated[0]):g} mm"))
        return stated[0], "SpacingBetweenSlices", tuple(flags)
    if thickness is not None and thickness > 0.0:
        if not sane_spacing(thickness):
            raise _bad_spacing(what, f"SliceThickness {thickness:g}")
        flag = Flag("NM_SPACING_GUESSED", f"SliceThickness {thickness:g} mm, along the normal")
        return thickness, "SliceThickness", (flag,)
    rows, columns = pixel_spacing(facts)
    if shape[0] == shape[1] == shape[2] and abs(rows - columns) <= 1e-3 * rows:
        flag = Flag("NM_SPACING_GUESSED", f"cubic matrix: PixelSpacing {rows:g} mm")
        return rows, "PixelSpacing", (flag,)
    raise GeometryError(
        "SPACING_MISSING",
        f"The slice spacing of the {what} is unknown.",
        found=f"SpacingBetweenSlices {text(facts, 'SpacingBetweenSlices') or 'missing'}, "
        f"SliceThickness {text(facts, 'SliceThickness') or 'missing'}, matrix {shape}",
        needed="SpacingBetweenSlices (0018,0088), mm",
        next_step="export the series with SpacingBetweenSlices",
    )


def _bad_spacing(what: str, found: str) -> GeometryError:
    return GeometryError(
        "SPACING_INVALID",
        f"The slice spacing of the {what} makes no sense.",
        found=found,
        needed=f"one number, {SPACING_LIMITS_MM[0]:g} to {SPACING_LIMITS_MM[1]:g} mm in size",
        next_step="export the series again",
    )
