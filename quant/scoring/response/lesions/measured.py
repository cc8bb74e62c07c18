"""Diameters that a lesion table leaves to label files: measured on them, and filled in."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from quant.domain.grid import Grid
from quant.domain.region import Region
from quant.errors import QuantError
from quant.scoring.response.lesions.cells import normal
from quant.scoring.response.lesions.diameters import AxialDiameters, Plane, axial_diameters
from quant.scoring.response.lesions.history import Measured
from quant.scoring.tables.sheet import Problem, Sheet, refuse

if TYPE_CHECKING:
    from quant.domain.shapes import LabelShape

DECIMALS = 3
"""Decimals of a millimetre to which measured diameters are rounded in rows."""

COLUMN = "region"
LONGEST, SHORT = "longest_mm", "short_mm"


def measure_regions(sheet: Sheet, folder: Path) -> tuple[Sheet, dict[int, Measured]]:
    """Measure the label files that the column ``region`` names, and fill in the diameters.

    Parameters
    ----------
    sheet : Sheet
        ``region`` holds a file (NIfTI, NRRD, .seg.nrrd, MHA), relative to ``folder``; a label of a
        file with several follows behind ``#``, by name.
    folder : Path
        Folder of the table.

    Returns
    -------
    sheet : Sheet
        With diameters, and without the column.
    measured : dict of int to Measured
        How they were measured, by row.

    Raises
    ------
    UsageError
        ``SCORE_TABLE_INVALID``, naming the rows whose region cannot be measured.
    """
    if COLUMN not in sheet.header:
        return sheet, {}
    problems: list[Problem] = []
    measured: dict[int, Measured] = {}
    rows = []
    for row, cells in sheet.rows:
        filled = {LONGEST: "", SHORT: "", **cells}
        text = filled.pop(COLUMN, "").strip()
        rows.append((row, filled))
        if not text:
            continue
        try:
            measured[row] = fill_diameters(filled, _region(text, folder, filled), Plane.AXIAL)
        except QuantError as error:
            fix = error.needed or "name a label file with one label, or file#label"
            problems.append(Problem(row, f"region {text!r}: {error.found}", fix, sheet.source))
    if problems:
        raise refuse([*sheet.problems, *problems])
    header = [name for name in sheet.header if name != COLUMN]
    header += [name for name in (LONGEST, SHORT) if name not in header]
    return replace(sheet, header=tuple(header), rows=tuple(rows)), measured


def fill_diameters(cells: dict[str, str], region: Region, plane: Plane) -> Measured:
    """Measure a region, write its diameters into the row, and say how."""
    found = axial_diameters(region, plane)
    cells[LONGEST], cells[SHORT] = in_mm(found.longest_mm), in_mm(found.short_mm)
    return Measured(_sentence(cells["lesion"], region, found), found.flags)


def in_mm(value: float) -> str:
    """Return a length as a cell of a table holds it."""
    return f"{value:.{DECIMALS}f}"


def _sentence(lesion: str, region: Region, found: AxialDiameters) -> str:
    ends = " to ".join(
        "(" + ", ".join(f"{value:.1f}" for value in end) + ")" for end in found.ends_mm
    )
    step = region.grid.spacing_mm[found.axis]
    return (
        f"{lesion} measured on region {region.name!r}: longest {in_mm(found.longest_mm)} mm, "
        f"short axis {in_mm(found.short_mm)} mm, in a plane {found.tilt_degrees:.1f} degrees from "
        f"axial (planes {step:.2f} mm apart), from {ends} LPS mm."
    )


def _region(text: str, folder: Path, cells: Mapping[str, str]) -> Region:
    """Read the region of a row; a QuantError says what is wrong."""
    from quant.images.labels import read_label_file

    if cells[LONGEST] or cells[SHORT] or normal(cells.get("state", "")) not in {"", "measured"}:
        found = "a region beside a diameter or another state"
        raise _refusal(found, "leave the diameters empty, and state empty or measured")
    name, _, label = text.partition("#")
    path = folder / name
    if not path.is_file():
        raise _refusal("there is no such file", "a label file, by its path from the table")
    shapes = read_label_file(path)
    wanted = [one for one in shapes if not label or one.name.lower() == label.strip().lower()]
    if len(wanted) != 1:
        listed = ", ".join(one.name for one in shapes)
        raise _refusal(f"{len(wanted)} labels fit", f"one label: file#label; there are: {listed}")
    return _region_of(wanted[0])


def _refusal(found: str, needed: str) -> QuantError:
    return QuantError("SCORE_TABLE_INVALID", "A region cannot be used.", found=found, needed=needed)


def _region_of(shape: "LabelShape") -> Region:
    """Make a region on the label's own grid, one voxel wider on all sides."""
    affine = shape.grid.affine.copy()
    affine[:3, 3] = shape.grid.to_mm((-1, -1, -1))
    k, j, i = shape.grid.shape
    grid = Grid((k + 2, j + 2, i + 2), affine, shape.grid.frame_of_reference_uid)
    weights = np.ascontiguousarray(shape.weights, dtype=np.float32)
    return Region(grid, (1, 1, 1), weights, shape.name, source=shape.source)
