"""Lesion rows whose diameters are measured on regions: label files named in a table, or regions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from quant.errors import QuantError
from quant.scoring.response.lesions.cells import normal
from quant.scoring.response.lesions.diameters import AxialDiameters, Plane, axial_diameters
from quant.scoring.response.lesions.history import Component, Kind, LesionHistory, Measured, State
from quant.scoring.tables.sheet import Problem, Sheet, refuse

if TYPE_CHECKING:
    from quant.domain.region import Region
    from quant.domain.shapes import LabelShape

DECIMALS = 3
"""Decimals of a millimetre to which measured diameters are rounded in rows."""

COLUMN = "region"
LONGEST, SHORT = "longest_mm", "short_mm"


@dataclass(frozen=True, slots=True)
class LesionFacts:
    """What a region does not say of a lesion.

    Parameters
    ----------
    organ : str
    node : bool
    kind : Kind or None
        None at baseline: chosen by size.
    component : Component or None
        For the INRC.
    """

    organ: str
    node: bool = False
    kind: Kind | None = None
    component: Component | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """Regions of one time point.

    Parameters
    ----------
    time_point : str
    when : datetime.date or int
        Date, or day from any origin.
    regions : dict of str to Region
        By lesion.
    states : dict of str to State
        Of lesions without a region. A lesion with neither is not assessable: never taken as gone.
    """

    time_point: str
    when: date | int
    regions: "Mapping[str, Region]"
    states: Mapping[str, State] = field(default_factory=dict)


def lesions_from_regions(
    patient: str,
    scans: Sequence[Scan],
    facts: Mapping[str, LesionFacts],
    plane: Plane = Plane.AXIAL,
) -> LesionHistory:
    """Measure the regions of one patient at several time points, and check them as a table.

    Parameters
    ----------
    patient : str
    scans : sequence of Scan
        In any order; the baseline is the one called so, or the first.
    facts : dict of str to LesionFacts
        Of every lesion. A lesion that is not there at baseline is new.
    plane : Plane

    Returns
    -------
    LesionHistory

    Raises
    ------
    UsageError
        ``SCORE_TABLE_INVALID`` as for a table; rows count from 1 in the order of the scans.
    """
    from quant.scoring.response.lesions.table import baseline_place, lesions_of

    ordered = sorted(scans, key=lambda one: (isinstance(one.when, int), one.when))
    first = ordered[baseline_place([one.time_point for one in ordered])]
    kinds = _kinds(first, facts, plane)
    rows: list[tuple[int, dict[str, str]]] = []
    measured: dict[int, Measured] = {}
    for scan in ordered:
        for lesion, fact in facts.items():
            kind = kinds.get(lesion)
            known = lesion in scan.regions or lesion in scan.states
            if (scan is first and not known) or (kind is Kind.NEW and not known):
                continue
            if lesion in first.regions and kind is None:
                continue
            number = len(rows) + 1
            cells = _cells(patient, scan, lesion, fact, kind or Kind.NEW)
            if lesion in scan.regions:
                measured[number] = _fill(cells, scan.regions[lesion], plane)
            rows.append((number, cells))
    header = tuple(dict.fromkeys(name for _, cells in rows for name in cells))
    (history,) = lesions_of(Sheet("regions", header, tuple(rows)), measured)
    return history


def _kinds(first: Scan, facts: Mapping[str, LesionFacts], plane: Plane) -> dict[str, Kind]:
    """Kind of every lesion: as stated, else chosen by size; new ones are not there at baseline."""
    from fractions import Fraction

    from quant.scoring.response.answers import RECIST_1_1
    from quant.scoring.response.derivation import Derivation
    from quant.scoring.response.lesions.history import LesionRow
    from quant.scoring.response.recist.baseline import choose_targets

    stated = {name: fact.kind for name, fact in facts.items() if fact.kind is not None}
    open_ones = [
        name for name in facts
        if name not in stated and (name in first.regions or name in first.states)
    ]  # fmt: skip
    rows = []
    for number, name in enumerate(open_ones):
        fact, region = facts[name], first.regions.get(name)
        found = axial_diameters(region, plane) if region is not None else None
        sizes = [Fraction(_text(value)) for value in _sizes(found)] if found else [None, None]
        state = State.MEASURED if found else first.states[name]
        rows.append(
            LesionRow(number, name, fact.organ, Kind.TARGET, fact.node, state, sizes[0], sizes[1])
        )
    chosen = choose_targets(rows, RECIST_1_1, Derivation())
    new = {name: Kind.NEW for name in facts if name not in open_ones}
    return {**new, **chosen, **stated}


def _sizes(found: AxialDiameters) -> tuple[float, float]:
    return found.longest_mm, found.short_mm


def _cells(patient: str, scan: Scan, lesion: str, fact: LesionFacts, kind: Kind) -> dict[str, str]:
    when = "date" if isinstance(scan.when, date) else "day"
    missing = scan.states.get(lesion, State.NOT_ASSESSABLE)
    return {
        "patient": patient,
        "time_point": scan.time_point,
        when: str(scan.when),
        "lesion": lesion,
        "organ": fact.organ,
        "kind": str(kind),
        "node": "yes" if fact.node else "no",
        "state": str(State.MEASURED if lesion in scan.regions else missing),
        LONGEST: "",
        SHORT: "",
        "component": str(fact.component or ""),
    }


def _fill(cells: dict[str, str], region: "Region", plane: Plane) -> Measured:
    """Measure a region, write its diameters into the row, and say how."""
    found = axial_diameters(region, plane)
    cells[LONGEST], cells[SHORT] = (_text(value) for value in _sizes(found))
    return Measured(_sentence(cells["lesion"], region, found), found.flags)


def _text(value: float) -> str:
    return f"{value:.{DECIMALS}f}"


def _sentence(lesion: str, region: "Region", found: AxialDiameters) -> str:
    ends = " to ".join(
        "(" + ", ".join(f"{value:.1f}" for value in end) + ")" for end in found.ends_mm
    )
    step = region.grid.spacing_mm[found.axis]
    return (
        f"{lesion} measured on region {region.name!r}: longest {_text(found.longest_mm)} mm, "
        f"short axis {_text(found.short_mm)} mm, in a plane {found.tilt_degrees:.1f} degrees from "
        f"axial (planes {step:.2f} mm apart), from {ends} LPS mm."
    )


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
            measured[row] = _fill(filled, _region(text, folder, filled), Plane.AXIAL)
        except QuantError as error:
            fix = error.needed or "name a label file with one label, or file#label"
            problems.append(Problem(row, f"region {text!r}: {error.found}", fix, sheet.source))
    if problems:
        raise refuse([*sheet.problems, *problems])
    header = [name for name in sheet.header if name != COLUMN]
    header += [name for name in (LONGEST, SHORT) if name not in header]
    return replace(sheet, header=tuple(header), rows=tuple(rows)), measured


def _region(text: str, folder: Path, cells: Mapping[str, str]) -> "Region":
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
    return region_of(wanted[0])


def _refusal(found: str, needed: str) -> QuantError:
    return QuantError("SCORE_TABLE_INVALID", "A region cannot be used.", found=found, needed=needed)


def region_of(shape: "LabelShape") -> "Region":
    """Make a region on the label's own grid, one voxel wider on all sides."""
    import numpy as np

    from quant.domain.grid import Grid
    from quant.domain.region import Region

    affine = shape.grid.affine.copy()
    affine[:3, 3] = shape.grid.to_mm((-1, -1, -1))
    k, j, i = shape.grid.shape
    grid = Grid((k + 2, j + 2, i + 2), affine, shape.grid.frame_of_reference_uid)
    weights = np.ascontiguousarray(shape.weights, dtype=np.float32)
    return Region(grid, (1, 1, 1), weights, shape.name, source=shape.source)
