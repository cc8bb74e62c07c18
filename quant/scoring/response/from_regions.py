"""Lesions followed on regions at several times: measured, and checked as a table would be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from quant.scoring.response.answers import RECIST_1_1
from quant.scoring.response.derivation import Derivation
from quant.scoring.response.lesions.diameters import Plane, axial_diameters
from quant.scoring.response.lesions.history import (
    Component,
    Kind,
    LesionHistory,
    LesionRow,
    Measured,
    State,
)
from quant.scoring.response.lesions.measured import LONGEST, SHORT, fill_diameters, in_mm
from quant.scoring.response.lesions.table import baseline_place, lesions_of
from quant.scoring.response.recist.baseline import choose_targets
from quant.scoring.tables.sheet import Sheet

if TYPE_CHECKING:
    from quant.domain.region import Region


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
                measured[number] = fill_diameters(cells, scan.regions[lesion], plane)
            rows.append((number, cells))
    header = tuple(dict.fromkeys(name for _, cells in rows for name in cells))
    (history,) = lesions_of(Sheet("regions", header, tuple(rows)), measured)
    return history


def _kinds(first: Scan, facts: Mapping[str, LesionFacts], plane: Plane) -> dict[str, Kind]:
    """Kind of every lesion: as stated, else chosen by size; new ones are not there at baseline."""
    stated = {name: fact.kind for name, fact in facts.items() if fact.kind is not None}
    open_ones = [
        name for name in facts
        if name not in stated and (name in first.regions or name in first.states)
    ]  # fmt: skip
    rows = []
    for number, name in enumerate(open_ones):
        fact, region = facts[name], first.regions.get(name)
        row = LesionRow(number, name, fact.organ, Kind.TARGET, fact.node, State.MEASURED)
        if region is None:
            rows.append(replace(row, state=first.states[name]))
            continue
        found = axial_diameters(region, plane)
        longest, short = Fraction(in_mm(found.longest_mm)), Fraction(in_mm(found.short_mm))
        rows.append(replace(row, longest_mm=longest, short_mm=short))
    chosen = choose_targets(rows, RECIST_1_1, Derivation())
    new = {name: Kind.NEW for name in facts if name not in open_ones}
    return {**new, **chosen, **stated}


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
