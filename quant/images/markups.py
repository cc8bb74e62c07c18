"""3D Slicer markups (.mrk.json): named points that fix the centre of a sphere."""

import json
import re
from typing import TYPE_CHECKING

import numpy as np

from quant.domain.shapes import Mark
from quant.domain.text import plain
from quant.errors import ReadError
from quant.images.refusal import FARTHEST_MM, cause

if TYPE_CHECKING:
    from quant.domain.archive import FilePath

SUFFIX = ".mrk.json"

SIGNS = {"LPS": (1.0, 1.0, 1.0), "RAS": (-1.0, -1.0, 1.0)}

NAMELESS = re.compile(r"(?:[A-Za-z]?[-_ ]?\d*|)$")
"""Labels that 3D Slicer gives by itself (F-1, P_2, 3) say nothing about the point."""


def read_markups(path: "FilePath") -> tuple[Mark, ...]:
    """Read the control points of a 3D Slicer markups file.

    Parameters
    ----------
    path : Path or ArchiveMember
        ``.mrk.json``.

    Returns
    -------
    tuple of Mark
        In the order of the file; points without a position are left out. A point's name is its
        label; the only point of a file whose label is empty or a default of 3D Slicer (``F-1``) is
        named by the file's stem.

    Raises
    ------
    ReadError
        ``ROI_UNREADABLE`` when the file is no markups file, or its coordinate system or unit is
        not stated as LPS or RAS, in mm.

    Notes
    -----
    The markups schema of 3D Slicer defines LPS and mm where a file is silent; that is taken only
    from files that name the schema.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        markups = content["markups"]
        known = "markups-schema" in str(content.get("@schema", ""))
        points = [point for markup in markups for point in _points(markup, path, known=known)]
    except ReadError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _unreadable(path, cause(error), "a markups file") from error
    if len(points) == 1 and NAMELESS.match(points[0].name):
        return (Mark(path.name[: -len(SUFFIX)], points[0].position_mm),)
    return tuple(points)


def _unreadable(path: "FilePath", found: str, needed: str) -> ReadError:
    return ReadError(
        "ROI_UNREADABLE",
        f"The markups file '{plain(path.name)}' cannot be read.",
        found=plain(found),
        needed=needed,
        next_step="save the points from 3D Slicer again, as .mrk.json",
    )


def _points(markup: dict[str, object], path: "FilePath", *, known: bool) -> list[Mark]:
    system = str(markup.get("coordinateSystem") or ("LPS" if known else "")).upper()
    unit = markup.get("coordinateUnits") or ("mm" if known else "")
    if isinstance(unit, list) and unit:
        unit = unit[0]
    for key, value, allowed in (
        ("coordinateSystem", system, tuple(SIGNS)),
        ("coordinateUnits", unit, ("mm",)),
    ):
        if value not in allowed:
            found = f"{key} '{str(value)[:40]}'" if value else f"no {key}"
            raise _unreadable(path, found, "coordinateSystem LPS or RAS and coordinateUnits mm")
    signs = SIGNS[system]
    marks = []
    listed = markup.get("controlPoints") or []
    for point in listed if isinstance(listed, list) else []:
        if point.get("positionStatus", "defined") != "defined":
            continue
        position = np.array(point["position"], dtype=np.float64)
        if position.shape != (3,) or not (np.abs(position) <= FARTHEST_MM).all():
            needed = f"three finite numbers up to {FARTHEST_MM:.0e} mm"
            raise _unreadable(path, f"position {str(point['position'])[:60]}", needed)
        x, y, z = (float(sign * value) for sign, value in zip(signs, position, strict=True))
        marks.append(Mark(str(point.get("label", "")).strip(), (x, y, z)))
    return marks
