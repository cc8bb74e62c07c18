"""Units of stored values: what a file states, and nothing that it does not."""

from dataclasses import replace
from typing import TYPE_CHECKING

from quant.dicom.files.facts import number, text, words
from quant.dicom.values.real_world import SMALLEST_SLOPE, Scale, has_mappings, mappings_of
from quant.domain.flags import Flag
from quant.domain.units import SUV_UNITS, Unit
from quant.errors import ReadError, UnitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from quant.dicom.files.facts import Facts
    from quant.domain.study import FileEntry

    StoredRange = Callable[[FileEntry], tuple[float, float]]

__all__ = [
    "Scale", "is_attenuation_unit", "nm_options", "nm_scale", "rescale_of", "slice_options",
    "slice_scales", "slice_unit",
]  # fmt: skip

PREFERENCE = (Unit.BQ_PER_ML, *SUV_UNITS, Unit.COUNT_RATE, Unit.COUNTS, Unit.RELATIVE)
"""Which unit is taken when a file offers several."""

STATED_UNITS = {
    "BQML": Unit.BQ_PER_ML,
    "CNTS": Unit.COUNTS,
    "CPS": Unit.COUNT_RATE,
}
"""Units (0054,1001) that say all there is to say; GML and CM2ML go with SUVType."""

SUV_TYPES = {
    ("GML", ""): Unit.SUV_BW,
    ("GML", "BW"): Unit.SUV_BW,
    ("GML", "LBM"): Unit.SUV_LBM,
    ("GML", "LBMJAMES128"): Unit.SUV_LBM_JAMES128,
    ("GML", "LBMJANMA"): Unit.SUV_LBM_JANMA,
    ("GML", "IBW"): Unit.SUV_IBW,
    ("GML", "BSA"): Unit.SUV_BSA,
    ("CM2ML", ""): Unit.SUV_BSA,
    ("CM2ML", "BSA"): Unit.SUV_BSA,
}
"""Kind of SUV by Units and SUVType (PS3.3 C.8.9.1: GML without a type is body weight).

Cm2/ml can only be body surface. GML with BSA names the wrong unit; its type is believed.
"""


def nm_options(
    facts: "Facts", stored_range: tuple[float, float] | None = None
) -> tuple[dict[Unit, Scale], tuple[Flag, ...]]:
    """Return every way in which an NM object may be scaled, by unit, and flags.

    A RealWorldValueMapping with a known unit acts on stored values, in place of any rescale.
    Else RescaleSlope, which the NM object does not define, is applied and the values are
    relative, unless Units or RescaleType beside it name a unit. A broken mapping makes what
    remains relative.

    Raises
    ------
    UnitError
        ``VALUES_INVALID`` for a rescale slope that is not positive and finite.
    """
    mappings = mappings_of(facts, stored_range)
    if mappings.usable:
        return mappings.usable, mappings.flags
    scale = _nm_rescale(facts, stated=not mappings.flags)
    return {scale.unit: scale}, (*mappings.flags, *scale.flags)


def nm_scale(facts: "Facts", stored_range: tuple[float, float] | None = None) -> Scale:
    """Find how the values of an NM object are scaled.

    Parameters
    ----------
    facts : dict
        Facts of the file.
    stored_range : (low, high), optional
        Stored values that occur: a mapping that does not cover them is not used.

    Returns
    -------
    Scale
        With ``NM_UNCALIBRATED`` where the unit is no activity: relative values, counts, counts/s.

    Raises
    ------
    UnitError
        ``VALUES_INVALID`` for a rescale slope that is not positive and finite.
    """
    options, flags = nm_options(facts, stored_range)
    scale = next(options[unit] for unit in PREFERENCE if unit in options)
    if scale.unit in (Unit.COUNTS, Unit.COUNT_RATE, Unit.RELATIVE):
        flags = (*flags, Flag("NM_UNCALIBRATED", scale.why))
    return replace(scale, flags=flags)


def _nm_rescale(facts: "Facts", *, stated: bool) -> Scale:
    """Return the rescale of an NM object; ``stated`` lets an attribute beside it name the unit."""
    slope, intercept = rescale_of(facts)
    source = "none" if slope is None else "RescaleSlope"
    flags: tuple[Flag, ...] = ()
    if intercept != 0.0:
        flags = (Flag("NM_INTERCEPT", f"RescaleIntercept {intercept:g}"),)
    if slope is None:
        why = "no RescaleSlope and no unit"
        return Scale(Unit.RELATIVE, 1.0, intercept, source, why, flags)
    for keyword in ("Units", "RescaleType"):
        named = text(facts, keyword).upper()
        if stated and named in STATED_UNITS:
            why = f"{keyword} {named} beside RescaleSlope"
            return Scale(STATED_UNITS[named], slope, intercept, source, why, flags)
    why = "RescaleSlope without a unit"
    return Scale(Unit.RELATIVE, slope, intercept, source, why, flags)


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
        found=f"{keyword} {found}",
        needed=f"a finite number, for the slope from {SMALLEST_SLOPE:g} to "
        f"{1.0 / SMALLEST_SLOPE:g}",
        next_step="export the series again",
    )


def slice_options(
    modality: str, facts: "Facts", stored_range: tuple[float, float] | None = None
) -> tuple[tuple[Scale, ...], tuple[Flag, ...]]:
    """Return every way in which a PT or CT slice may be scaled, the rescale last, and flags.

    A RealWorldValueMapping and the rescale are never combined.

    Raises
    ------
    UnitError
        ``VALUES_INVALID``, see :func:`rescale_of`.
    """
    unit, why, flags = _rescale_unit(modality, facts)
    slope, intercept = rescale_of(facts)
    source = "none" if slope is None else "RescaleSlope"
    rescale = Scale(unit, 1.0 if slope is None else slope, intercept, source, why, flags)
    if modality != "PT" or not has_mappings(facts):
        return (rescale,), ()
    mappings = mappings_of(facts, stored_range)
    return (*mappings.usable.values(), rescale), mappings.flags


def slice_scales(
    modality: str, files: "tuple[FileEntry, ...]", stored_range: "StoredRange | None" = None
) -> "Iterator[Scale]":
    """Yield the scale of each slice of a PT or CT series; slopes differ between PET slices.

    Parameters
    ----------
    modality : str
    files : tuple of FileEntry
    stored_range : callable, optional
        Gives the smallest and largest stored value of a file; called only for files with a
        RealWorldValueMapping, which must cover them.

    Raises
    ------
    ReadError
        ``PET_INTERCEPT`` for a PET slice with an intercept, ``SERIES_MIXED`` when some slices
        have a slope and others none, or units differ.
    UnitError
        ``VALUES_INVALID``, see :func:`rescale_of`.
    """
    marks = [_unit_marks(entry.facts) for entry in files]
    if any(mark != marks[0] for mark in marks):
        raise _mixed_units(modality, sorted({str(mark) for mark in marks}))
    options = []
    broken: tuple[Flag, ...] = ()
    for entry in files:
        bounds = stored_range(entry) if stored_range and has_mappings(entry.facts) else None
        found, flags = slice_options(modality, entry.facts, bounds)
        options.append(found)
        broken = broken or flags
    for scale in _of_one_kind(modality, options):
        if modality == "PT" and scale.intercept != 0.0 and scale.source == "RescaleSlope":
            raise ReadError(
                "PET_INTERCEPT",
                "A PET slice has a rescale intercept other than 0.",
                found=f"RescaleIntercept {scale.intercept:g}",
                needed="0 (PS3.3 C.8.9.4)",
                next_step="export the series again",
            )
        yield replace(scale, flags=(*broken, *scale.flags)) if broken else scale


def _of_one_kind(modality: str, options: "list[tuple[Scale, ...]]") -> list[Scale]:
    """Choose for all slices one unit from one source: the preferred, mappings before rescale."""
    offered = [{(scale.unit, scale.source): scale for scale in one} for one in options]
    common = [kind for kind in offered[0] if all(kind in one for one in offered)]
    if not common:
        raise _mixed_units(modality, sorted({str(unit) for one in offered for unit, _ in one}))
    order = (Unit.HU, *PREFERENCE)
    best = min(common, key=lambda kind: order.index(kind[0]))
    return [one[best] for one in offered]


def _mixed_units(modality: str, found: list[str]) -> ReadError:
    return ReadError(
        "SERIES_MIXED",
        f"The slices of a {modality} series differ in their units.",
        found=", ".join(found),
        needed="the same Units, SUVType and kind of rescale in all slices",
        next_step="export the series again",
    )


def slice_unit(modality: str, facts: "Facts") -> tuple[Unit, str, tuple[Flag, ...]]:
    """Return the unit of a PT or CT series, what it rests on, and flags."""
    unit, why, flags = _rescale_unit(modality, facts)
    usable = mappings_of(facts).usable if modality == "PT" and has_mappings(facts) else {}
    for one in PREFERENCE:
        if one in usable:
            return one, usable[one].why, ()
        if one is unit:
            break
    return unit, why, flags


def _rescale_unit(modality: str, facts: "Facts") -> tuple[Unit, str, tuple[Flag, ...]]:
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
    elif (units, kind) in SUV_TYPES:
        said = kind or ("empty, which means BW" if units == "GML" else "empty")
        return SUV_TYPES[units, kind], f"{detail}, SUVType {said}", ()
    elif units in ("GML", "CM2ML"):
        detail += f", SUVType {kind}: not one that goes with it"
    return Unit.RELATIVE, detail, (Flag("PET_UNIT_UNKNOWN", detail),)


def _unit_marks(facts: "Facts") -> tuple[str, ...]:
    slope = "with slope" if "RescaleSlope" in facts else "without slope"
    return (*words(facts, "Units"), *words(facts, "SUVType"), slope)


def is_attenuation_unit(facts: "Facts") -> bool:
    """Tell whether the values are attenuation coefficients (Units 1CM)."""
    return text(facts, "Units").upper() in ("1CM", "1/CM", "CM-1")
