"""RealWorldValueMapping: from stored values to real ones, by UCUM unit, never with Rescale.

References
----------
DICOM PS3.3 C.7.6.16.2.11 (real world value mapping), PS3.16 CID 84 and 85 (units).
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quant.dicom.files.facts import MAX_ITEMS, number, text, whole
from quant.domain.flags import Flag
from quant.domain.units import Unit

if TYPE_CHECKING:
    from quant.dicom.files.facts import Facts

MAPPINGS = "RealWorldValueMappingSequence"

UCUM_UNITS = {
    "BQ/ML": Unit.BQ_PER_ML,
    "BQ/CM3": Unit.BQ_PER_ML,
    "{COUNTS}": Unit.COUNTS,
    "{COUNTS}/S": Unit.COUNT_RATE,
    "G/ML{SUVBW}": Unit.SUV_BW,
    "{SUVBW}G/ML": Unit.SUV_BW,
    "G/ML{SUVLBM}": Unit.SUV_LBM,
    "{SUVLBM}G/ML": Unit.SUV_LBM,
    "G/ML{SUVLBM(JAMES128)}": Unit.SUV_LBM_JAMES128,
    "G/ML{SUVLBM(JANMA)}": Unit.SUV_LBM_JANMA,
    "CM2/ML{SUVBSA}": Unit.SUV_BSA,
    "{SUVBSA}CM2/ML": Unit.SUV_BSA,
    "G/ML{SUVIBW}": Unit.SUV_IBW,
    "{SUVIBW}G/ML": Unit.SUV_IBW,
}
"""Units by UCUM code, in upper case; the second order is that of older writers."""

PREFIXES = {"kBq": 1e3, "MBq": 1e6}
"""Multiples of becquerel that occur; here UCUM's letter case matters."""

SAME_LINE = 1e-6
"""Two mappings whose slopes, and intercepts, agree to this part say the same."""

SMALLEST_SLOPE = 1e-30
"""Below it, and above its inverse, scaled values leave the range of 32-bit floats."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From stored values to values: ``slope * stored + intercept``, in ``unit``.

    ``first`` and ``last`` bound the stored values for which this holds; None where unbounded.
    ``why`` says what the unit rests on.
    """

    unit: Unit
    slope: float
    intercept: float
    source: str
    why: str
    flags: tuple[Flag, ...] = ()
    first: float | None = None
    last: float | None = None


@dataclass(frozen=True, slots=True)
class Mappings:
    """The usable mappings of a file by their unit, and what is wrong with the others."""

    usable: dict[Unit, Scale]
    flags: tuple[Flag, ...] = ()


def has_mappings(facts: "Facts") -> bool:
    """Tell whether a file maps its stored values to real ones."""
    return bool(whole(facts, MAPPINGS))


def mappings_of(facts: "Facts", stored_range: tuple[float, float] | None = None) -> Mappings:
    """Read the mappings of a file.

    Parameters
    ----------
    facts : dict
        Facts of the file.
    stored_range : (low, high), optional
        Stored values that occur: a mapping that does not cover them is not used.

    Returns
    -------
    Mappings
        ``RWVM_BAD`` for a mapping without range or slope, by a table, or one that does not cover
        what is stored; for two of one unit that give the same stored values different meanings,
        neither of which is used; for one in a unit that is not known, when there is no other.
    """
    found: list[Scale] = []
    broken: list[str] = []
    strange: list[str] = []
    for index in range(min(whole(facts, MAPPINGS) or 0, MAX_ITEMS)):
        item = f"{MAPPINGS}.{index}."
        code = text(facts, f"{item}MeasurementUnitsCodeSequence.0.CodeValue")
        unit, multiple = _unit(code)
        if unit is None:
            strange.append(f"item {index + 1}: unit {code or 'missing'} is not one that is known")
            continue
        problem = _problem(facts, item, stored_range)
        if problem:
            broken.append(f"item {index + 1}, {code}: {problem}")
            continue
        found.append(_scale(facts, item, unit, code, multiple))
    usable, contradictions = _agreed(found, judged=stored_range is not None)
    broken += contradictions
    wrong = broken if usable else [*broken, *strange]
    return Mappings(usable, (Flag("RWVM_BAD", "; ".join(wrong)),) if wrong else ())


def _agreed(found: list[Scale], *, judged: bool) -> tuple[dict[Unit, Scale], list[str]]:
    """Return the first mapping of every unit, and the units whose mappings contradict each other.

    Mappings of different ranges may differ; ``judged``: all of them cover what is stored, so they
    may not.
    """
    usable: dict[Unit, Scale] = {}
    against: dict[Unit, str] = {}
    for one in found:
        first = usable.setdefault(one.unit, one)
        alike = judged or (first.first, first.last) == (one.first, one.last)
        if alike and not _same_line(first, one):
            against[one.unit] = (
                f"two mappings to {one.unit} with slopes {first.slope:g} and {one.slope:g}, "
                f"intercepts {first.intercept:g} and {one.intercept:g}"
            )
    kept = {unit: scale for unit, scale in usable.items() if unit not in against}
    return kept, list(against.values())


def _same_line(one: Scale, other: Scale) -> bool:
    slopes = math.isclose(one.slope, other.slope, rel_tol=SAME_LINE)
    slack = SAME_LINE * one.slope
    return slopes and math.isclose(one.intercept, other.intercept, rel_tol=SAME_LINE, abs_tol=slack)


def _unit(code: str) -> tuple[Unit | None, float]:
    stripped = code.replace(" ", "")
    for prefix, multiple in PREFIXES.items():
        if stripped.startswith(prefix):
            return UCUM_UNITS.get(stripped[1:].upper()), multiple
    return UCUM_UNITS.get(stripped.upper()), 1.0


def _problem(facts: "Facts", item: str, stored_range: tuple[float, float] | None) -> str:
    """Say what keeps a mapping from being used; empty when nothing does."""
    slope = number(facts, f"{item}RealWorldValueSlope")
    intercept = number(facts, f"{item}RealWorldValueIntercept")
    first, last = (_bound(facts, item, end) for end in ("First", "Last"))
    if f"{item}RealWorldValueLUTData" in facts:
        return "it maps by a table"
    if slope is None or intercept is None:
        return f"slope {slope}, intercept {intercept}"
    if not SMALLEST_SLOPE <= slope <= 1.0 / SMALLEST_SLOPE:
        return f"slope {slope:g}"
    if first is None or last is None or first > last:
        return f"it does not say for which stored values it holds ({first} to {last})"
    if stored_range is not None and not first <= stored_range[0] <= stored_range[1] <= last:
        low, high = stored_range
        return f"it holds for {first:g} to {last:g}, stored are {low:g} to {high:g}"
    return ""


def _scale(facts: "Facts", item: str, unit: Unit, code: str, multiple: float) -> Scale:
    return Scale(
        unit,
        (number(facts, f"{item}RealWorldValueSlope") or 0.0) * multiple,
        (number(facts, f"{item}RealWorldValueIntercept") or 0.0) * multiple,
        "RealWorldValueMapping",
        f"RealWorldValueMapping states {code}",
        (),
        _bound(facts, item, "First"),
        _bound(facts, item, "Last"),
    )


def _bound(facts: "Facts", item: str, end: str) -> float | None:
    plain = number(facts, f"{item}RealWorldValue{end}ValueMapped")
    if plain is not None:
        return plain
    return number(facts, f"{item}DoubleFloatRealWorldValue{end}ValueMapped")
