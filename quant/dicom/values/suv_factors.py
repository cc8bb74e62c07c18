"""What SUV is divided by: body weight, lean body mass, body surface, ideal body weight.

References
----------
James WPT (1976), DHSS/MRC report on obesity research: lean body mass (men 1.10 and 128, women 1.07
and 148). Morgan DJ, Bray KM (1994), doi:10.2165/00003088-199426040-00005: the same with 120 for
men, DICOM's SUVType LBM. Janmahasatian S et al. (2005), doi:10.2165/00003088-200544100-00004.
Du Bois D, Du Bois EF (1916), doi:10.1001/archinte.1916.00080130010002. Sugawara Y et al. (1999),
doi:10.1148/radiology.213.2.r99nv37521: ideal body weight. DICOM PS3.3 C.8.9.1 (SUVType).
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quant.dicom.files.facts import number, text
from quant.domain.flags import Flag
from quant.domain.units import Unit
from quant.errors import UnitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from quant.dicom.files.facts import Facts

MOST_KG = 700.0
LEAST_M, MOST_M = 0.2, 2.8

GRAMS_PER_KG = 1000.0
CM2_PER_M2 = 1e4


@dataclass(frozen=True, slots=True)
class Body:
    """Weight, height and sex of a person, None and empty where not stated; never printed."""

    weight_kg: float | None = field(repr=False)
    height_m: float | None = field(repr=False)
    sex: str = field(repr=False)


def body_of(facts: "Facts") -> Body:
    """Return what a header says of the body."""
    sex = text(facts, "PatientSex").strip().upper()
    return Body(number(facts, "PatientWeight"), number(facts, "PatientSize"), sex)


def normaliser(unit: Unit, body: Body) -> tuple[float, tuple[Flag, ...]]:
    """Return what a kind of SUV multiplies activity concentration per activity with.

    Parameters
    ----------
    unit : Unit
        A kind of SUV.
    body : Body

    Returns
    -------
    value : float
        Mass, g; for SUVbsa the surface, cm2.
    flags : tuple of Flag
        ``SUV_SEX_OTHER`` where the mean of the formulas for women and men was taken.

    Raises
    ------
    UnitError
        ``SUV_INPUT_MISSING`` with the attribute that is missing or makes no sense.
    """
    weight_kg = _weight(body)
    if unit is Unit.SUV_BW:
        return weight_kg * GRAMS_PER_KG, ()
    height_cm = 100.0 * _height(body)
    if unit is Unit.SUV_BSA:
        return 0.007184 * weight_kg**0.425 * height_cm**0.725 * CM2_PER_M2, ()
    woman, man = (formula(weight_kg, height_cm) for formula in FORMULAS[unit])
    if body.sex not in ("F", "M", "O"):
        raise missing("PatientSex (0010,0040)")
    mass_kg = {"F": woman, "M": man, "O": (woman + man) / 2.0}[body.sex]
    if mass_kg <= 0.0:
        raise missing("PatientSize (0010,1020) and PatientWeight (0010,1030)", f"fit for {unit}")
    flags = (Flag("SUV_SEX_OTHER", f"{unit}"),) if body.sex == "O" else ()
    return mass_kg * GRAMS_PER_KG, flags


def missing(attribute: str, needed: str = "a value that makes sense") -> UnitError:
    """Return the error for an input of SUV that is missing; it names the attribute, no value."""
    return UnitError(
        "SUV_INPUT_MISSING",
        "SUV cannot be computed.",
        found=f"no usable {attribute}",
        needed=needed,
        next_step="export the series with it",
    )


def _weight(body: Body) -> float:
    if body.weight_kg is None or not 0.0 < body.weight_kg <= MOST_KG:
        raise missing("PatientWeight (0010,1030)", f"above 0, up to {MOST_KG:g} kg")
    return body.weight_kg


def _height(body: Body) -> float:
    if body.height_m is None or not LEAST_M <= body.height_m <= MOST_M:
        raise missing("PatientSize (0010,1020)", f"{LEAST_M:g} to {MOST_M:g} m")
    return body.height_m


def _james(slope: float, curve: float) -> "Callable[[float, float], float]":
    return lambda weight_kg, height_cm: slope * weight_kg - curve * (weight_kg / height_cm) ** 2


def _janmahasatian(base: float, rise: float) -> "Callable[[float, float], float]":
    def lean_kg(weight_kg: float, height_cm: float) -> float:
        mass_index = weight_kg / (height_cm / 100.0) ** 2
        return 9270.0 * weight_kg / (base + rise * mass_index)

    return lean_kg


def _ideal(base_kg: float, kg_per_cm: float) -> "Callable[[float, float], float]":
    return lambda _, height_cm: base_kg + kg_per_cm * (height_cm - 152.0)


FORMULAS: "dict[Unit, tuple[Callable[[float, float], float], ...]]" = {
    Unit.SUV_LBM: (_james(1.07, 148.0), _james(1.10, 120.0)),
    Unit.SUV_LBM_JAMES128: (_james(1.07, 148.0), _james(1.10, 128.0)),
    Unit.SUV_LBM_JANMA: (_janmahasatian(8780.0, 244.0), _janmahasatian(6680.0, 216.0)),
    Unit.SUV_IBW: (_ideal(45.5, 0.91), _ideal(48.0, 1.06)),
}
"""Mass, kg, of women and men from weight, kg, and height, cm."""
