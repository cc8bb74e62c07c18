"""A passport as measurements, for tables and the long list."""

from collections.abc import Iterator

from quant.domain.flags import Flag
from quant.domain.measurement import Measurement
from quant.domain.passport import Passport, ShapeEstimate
from quant.domain.units import Quantity
from quant.measure.passport.estimators import ESTIMATORS, Estimator
from quant.measure.shape.verdict import unreliable_flags

MEASURED_ELSEWHERE = frozenset(
    ("asphericity", "asphericity_corrected", "asphericity_floor", "surface_area_corrected_mm2")
)
"""Rows that :mod:`quant.measure.shape.morphology` makes from the same estimators."""

_PARTS = ("", "_floor", "_floor_sd", "_floor_psf", "_excess")
_OWN = {
    "tunnels": Quantity.NONE,
    "equivalent_diameter_mm": Quantity.MM,
    "diameter_over_fwhm": Quantity.NONE,
    "touches_edge": Quantity.NONE,
}


def _units_of(one: Estimator) -> dict[str, Quantity]:
    names: dict[str, Quantity] = {f"{one.column}{part}": Quantity.NONE for part in _PARTS}
    if one.name != "ibsi_mesh":
        names[f"surface_area_{one.suffix}_mm2"] = Quantity.MM2
        names[f"volume_{one.suffix}_ml"] = Quantity.ML
    return names


PASSPORT_UNITS: dict[str, Quantity] = {
    name: unit
    for one in ESTIMATORS
    for name, unit in _units_of(one).items()
    if name not in MEASURED_ELSEWHERE
} | _OWN
"""Names and units of the rows of a passport."""


def passport_rows(passport: Passport) -> tuple[Measurement, ...]:
    """Write a passport as measurements.

    Parameters
    ----------
    passport : Passport

    Returns
    -------
    tuple of Measurement
        Of each estimator the asphericity, its floor, the floor's SD, the blurred floor and the
        excess over the floor, area and volume, ``method`` beginning with the estimator's name; what
        :func:`~quant.measure.shape.morphology.measure_morphology` gives is not repeated. Then
        ``tunnels``, ``equivalent_diameter_mm``, ``diameter_over_fwhm`` and ``touches_edge`` (0, 1).
    """
    rows = [
        row
        for one, estimate in zip(ESTIMATORS, passport.estimates, strict=True)
        for row in _rows_of(one, estimate, passport)
        if row.name not in MEASURED_ELSEWHERE
    ]
    return (*rows, *_own_rows(passport))


def _rows_of(one: Estimator, estimate: ShapeEstimate, passport: Passport) -> Iterator[Measurement]:
    size = unreliable_flags(passport.voxels, passport.equivalent_diameter_mm, passport.psf_fwhm_mm)
    why = estimate.flags or (Flag("ASP_NO_FLOOR", estimate.estimator),)
    psf = (Flag("ASP_RESOLUTION_UNSTATED"),) if passport.psf_fwhm_mm is None else why

    def row(name: str, value: float | None, reason: tuple[Flag, ...]) -> Measurement:
        return Measurement(
            name,
            value,
            str(_units_of(one)[name]),
            passport.roi,
            estimate.method,
            flags=reason if value is None else (),
        )

    shown = Measurement(
        one.column,
        estimate.asphericity,
        str(Quantity.NONE),
        passport.roi,
        estimate.method,
        flags=(*estimate.flags, *size),
    )
    yield shown
    yield row(f"{one.column}_floor", estimate.floor, why)
    yield row(f"{one.column}_floor_sd", estimate.floor_sd, why)
    yield row(f"{one.column}_floor_psf", estimate.floor_psf, psf)
    yield row(f"{one.column}_excess", estimate.excess, why)
    if one.name != "ibsi_mesh":
        yield row(f"surface_area_{one.suffix}_mm2", estimate.area_mm2, why)
        yield row(f"volume_{one.suffix}_ml", estimate.volume_ml, why)


def _own_rows(passport: Passport) -> Iterator[Measurement]:
    below = (Flag("REGION_BELOW_HALF", passport.roi),)
    unstated = (Flag("ASP_RESOLUTION_UNSTATED"),)
    values: dict[str, tuple[float | int | None, str, tuple[Flag, ...]]] = {
        "tunnels": (passport.tunnels, "components + cavities - Euler number", below),
        "equivalent_diameter_mm": (
            passport.equivalent_diameter_mm,
            "diameter of the ball of the region's volume (sum of weights)",
            (),
        ),
        "diameter_over_fwhm": (
            passport.diameter_over_fwhm,
            "equivalent diameter over the stated resolution",
            unstated,
        ),
        "touches_edge": (int(passport.touches_edge), "1: in the outermost layer of voxels", ()),
    }
    for name, (value, method, why) in values.items():
        yield Measurement(
            name,
            value,
            str(_OWN[name]),
            passport.roi,
            method,
            flags=why if value is None else (),
        )
