"""Units of stored values: what a file states, and nothing that it does not."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quant.dicom.facts import number, text, whole, words
from quant.domain.flags import Flag
from quant.domain.units import Unit
from quant.errors import ReadError, UnitError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quant.dicom.facts import Facts
    from quant.domain.study import FileEntry

UCUM_UNITS = {
    "BQ/ML": Unit.BQ_PER_ML,
    "{COUNTS}": Unit.COUNTS,
    "G/ML{SUVBW}": Unit.SUV_BW,
    "{SUVBW}G/ML": Unit.SUV_BW,
}
"""Units by UCUM code of a RealWorldValueMapping, in upper case."""

PREFERENCE = (Unit.BQ_PER_ML, Unit.SUV_BW, Unit.COUNTS)
"""Which mapping is taken when a file offers several."""

STATED_UNITS = {"BQML": Unit.BQ_PER_ML, "CNTS": Unit.COUNTS}
"""Units (0054,1001) that say all there is to say; GML also needs SUVType."""

SMALLEST_SLOPE = 1e-30
"""Below it, and above its inverse, scaled values leave the range of 32-bit floats."""

MAPPINGS = "RealWorldValueMappingSequence"


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


def nm_scale(facts: "Facts", stored_range: tuple[float, float] | None = None) -> Scale:
    """Find how the values of an NM object are scaled.

    A RealWorldValueMapping with a known unit acts on stored values, in place of any rescale
    (PS3.3 C.7.6.16.2.11). Else RescaleSlope, which the NM object does not define, is applied and
    the values are relative, unless Units or RescaleType beside it name a unit.

    Parameters
    ----------
    facts : dict
        Facts of the file.
    stored_range : (low, high), optional
        Stored values that occur: a mapping that does not cover them is not used.

    Raises
    ------
    UnitError
        ``VALUES_INVALID`` for a rescale slope that is not positive and finite.
    """
    usable: dict[Unit, Scale] = {}
    bad: list[str] = []
    for index in range(min(whole(facts, MAPPINGS) or 0, 64)):
        mapping, problem = _mapping(facts, f"{MAPPINGS}.{index}.", stored_range)
        if mapping is None:
            bad.append(f"item {index + 1}: {problem}")
        else:
            usable.setdefault(mapping.unit, mapping)
    flags = (Flag("RWVM_BAD", "; ".join(bad)),) if bad else ()
    for unit in PREFERENCE:
        if unit in usable:
            return usable[unit]
    return _nm_rescale(facts, flags)


def _mapping(
    facts: "Facts", item: str, stored_range: tuple[float, float] | None
) -> tuple[Scale | None, str]:
    code = text(facts, f"{item}MeasurementUnitsCodeSequence.0.CodeValue")
    unit = UCUM_UNITS.get(code.upper().replace(" ", ""))
    slope = number(facts, f"{item}RealWorldValueSlope")
    intercept = number(facts, f"{item}RealWorldValueIntercept")
    first, last = (_bound(facts, item, end) for end in ("First", "Last"))
    problem = ""
    if unit is None:
        problem = f"unit {code or 'missing'} is not one that is known"
    elif f"{item}RealWorldValueLUTData" in facts:
        problem = "it maps by a table"
    elif slope is None or slope <= 0.0 or intercept is None:
        problem = f"slope {slope}, intercept {intercept}"
    elif first is None or last is None or first > last:
        problem = f"it does not say for which stored values it holds ({first} to {last})"
    elif stored_range is not None and not (first <= stored_range[0] <= stored_range[1] <= last):
        problem = f"it holds for {first:g} to {last:g}, stored are {stored_range}"
    if problem or unit is None or slope is None or intercept is None:
        return None, problem
    why = f"RealWorldValueMapping states {code}"
    return Scale(unit, slope, intercept, "RealWorldValueMapping", why, (), first, last), ""


def _bound(facts: "Facts", item: str, end: str) -> float | None:
    plain = number(facts, f"{item}RealWorldValue{end}ValueMapped")
    if plain is not None:
        return plain
    return number(facts, f"{item}DoubleFloatRealWorldValue{end}ValueMapped")


def _nm_rescale(facts: "Facts", flags: tuple[Flag, ...]) -> Scale:
    slope, intercept = rescale_of(facts)
    source = "none" if slope is None else "RescaleSlope"
    if intercept != 0.0:
        flags = (*flags, Flag("NM_INTERCEPT", f"RescaleIntercept {intercept:g}"))
    if slope is not None:
        for keyword in ("Units", "RescaleType"):
            stated = text(facts, keyword).upper()
            if stated in STATED_UNITS:
                why = f"{keyword} {stated} beside RescaleSlope"
                return Scale(STATED_UNITS[stated], slope, intercept, source, why, flags)
    detail = "RescaleSlope without a unit" if slope is not None else "no RescaleSlope and no unit"
    flags = (*flags, Flag("NM_UNCALIBRATED", detail))
    return Scale(Unit.RELATIVE, 1.0 if slope is None else slope, intercept, source, detail, flags)


def rescale_of(facts: "Facts") -> tuple[float | None, float]:
    """Return RescaleSlope (None when absent) and RescaleIntercept (0 when absent).

    Raises
    ------
    UnitError
        ``VALUES_INVALID`` when the slope is not positive and finite, or the intercept not finite.
    """
    values: list[float | None] = []
    unreadable = facts.get("UnreadableAttributes", ())
    for keyword in ("RescaleSlope", "RescaleIntercept"):
        value = number(facts, keyword)
        lost = isinstance(unreadable, tuple) and keyword in unreadable
        if lost or (value is None and keyword in facts):
            raise _bad_rescale(keyword, facts.get(keyword, "a value that cannot be parsed"))
        values.append(value)
    slope, intercept = values
    if slope is not None and not SMALLEST_SLOPE <= slope <= 1.0 / SMALLEST_SLOPE:
        raise _bad_rescale("RescaleSlope", slope)
    return slope, intercept or 0.0


def _bad_rescale(keyword: str, found: object) -> UnitError:
    return UnitError(
        "VALUES_INVALID",
        f"{keyword} makes no sense.",
        found=f"{found}",
        needed=f"a finite number, for the slope from {SMALLEST_SLOPE:g} to "
        f"{1.0 / SMALLEST_SLOPE:g}",
        next_step="export the series again",
    )


def slice_scales(modality: str, files: "tuple[FileEntry, ...]") -> "Iterator[Scale]":
    """Yield the scale of each slice of a PT or CT series; slopes differ between PET slices.

    Raises
    ------
    ReadError
        ``PET_INTERCEPT`` for a PET slice with an intercept, ``SERIES_MIXED`` when some slices
        have a slope and others none, or units differ.
    UnitError
        ``VALUES_INVALID``, see :func:`rescale_of`.
    """
    unit, why, flags = slice_unit(modality, files[0].facts)
    marks = [_unit_marks(entry.facts) for entry in files]
    if any(mark != marks[0] for mark in marks):
        raise ReadError(
            "SERIES_MIXED",
            f"The slices of a {modality} series differ in their units.",
            found=", ".join(sorted({str(mark) for mark in marks})),
            needed="the same Units, SUVType and kind of rescale in all slices",
            next_step="export the series again",
        )
    for entry in files:
        slope, intercept = rescale_of(entry.facts)
        if modality == "PT" and intercept != 0.0:
            raise ReadError(
                "PET_INTERCEPT",
                "A PET slice has a rescale intercept other than 0.",
                found=f"RescaleIntercept {intercept:g}",
                needed="0 (PS3.3 C.8.9.4)",
                next_step="export the series again",
            )
        source = "none" if slope is None else "RescaleSlope"
        yield Scale(unit, 1.0 if slope is None else slope, intercept, source, why, flags)


def slice_unit(modality: str, facts: "Facts") -> tuple[Unit, str, tuple[Flag, ...]]:
    """Return the unit of a PT or CT series, what it rests on, and flags."""
    slope = number(facts, "RescaleSlope")
    if modality == "CT":
        stated = text(facts, "RescaleType").upper()
        if slope is not None and "RescaleIntercept" in facts and stated in ("", "HU"):
            return Unit.HU, "CT with RescaleSlope and RescaleIntercept", ()
        return Unit.RELATIVE, f"RescaleType {stated or 'and rescale missing'}", ()
    units, kind = text(facts, "Units").upper(), text(facts, "SUVType").upper()
    detail = f"Units {units or 'missing'}"
    if slope is None:
        detail += ", no RescaleSlope"
    elif units in STATED_UNITS:
        return STATED_UNITS[units], detail, ()
    elif units == "GML" and kind in ("", "BW"):
        return Unit.SUV_BW, f"{detail}, SUVType {kind or 'empty, which means BW'}", ()
    elif units == "GML":
        detail += f", SUVType {kind}: not body weight"
    return Unit.RELATIVE, detail, (Flag("PET_UNIT_UNKNOWN", detail),)


def _unit_marks(facts: "Facts") -> tuple[str, ...]:
    slope = "with slope" if "RescaleSlope" in facts else "without slope"
    return (*words(facts, "Units"), *words(facts, "SUVType"), slope)


def is_attenuation_unit(facts: "Facts") -> bool:
    """Tell whether the values are attenuation coefficients (Units 1CM)."""
    return text(facts, "Units").upper() in ("1CM", "1/CM", "CM-1")
