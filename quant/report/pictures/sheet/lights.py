"""Traffic lights of a study: what its flags and facts say about six questions of trust.

Each light has a state, a word for it and a reason. The table of codes below and a few facts of the
record decide; nothing is judged from the picture.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from quant.domain.record import LESION_ROLES, Status
from quant.domain.region import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from quant.domain.passport import Passport
    from quant.domain.record import StudyRecord


class State(StrEnum):
    """What a light says; the text is its word."""

    FINE = "fine"
    UNKNOWN = "not known"
    LOOK = "look"
    PROBLEM = "problem"


ORDER = (State.FINE, State.UNKNOWN, State.LOOK, State.PROBLEM)
"""Of several reasons the last in this order counts."""


@dataclass(frozen=True, slots=True)
class Light:
    """One light: its question, its state, and the reasons of that state."""

    title: str
    state: State
    reasons: tuple[str, ...]


Reason = tuple[State, str]
Codes = dict[str, Reason]

UNIT: Codes = {
    "NM_UNCALIBRATED": (State.LOOK, "no activity: ratios hold, values are relative"),
    "PET_UNIT_UNKNOWN": (State.LOOK, "no usable unit: values are relative"),
    "RWVM_BAD": (State.LOOK, "value mapping not usable"),
    "SUV_INPUT_MISSING": (State.LOOK, "no SUV: an input is missing"),
    "CALIBRATION_INPUT_MISSING": (State.LOOK, "calibration input missing"),
    "NM_INTERCEPT": (State.LOOK, "values have an offset"),
    "NM_PRIVATE_SCALE": (State.LOOK, "private scale not applied"),
    "VALUES_SATURATED": (State.LOOK, "maxima may be cut off"),
    "VALUE_NEGATIVE": (State.LOOK, "a measured value is negative"),
    "DOSE_UNIT": (State.LOOK, "dose and its unit disagree"),
    "TIME_IMPLAUSIBLE": (State.LOOK, "times of dose and scan disagree"),
    "PET_REFTIME": (State.LOOK, "decay reference time differs"),
    "DECAY_CONTRADICTED": (State.LOOK, "decay correction contradicted"),
    "HALF_LIFE_MISMATCH": (State.LOOK, "half-life is another nuclide's"),
    "SUV_SEX_OTHER": (State.LOOK, "SUV of neither sex's formula"),
}

CORRECTIONS: Codes = {
    "NOT_ATTENUATION_CORRECTED": (State.PROBLEM, "no attenuation correction"),
    "AC_UNKNOWN": (State.UNKNOWN, "attenuation correction not stated"),
    "AC_CONTRADICTED": (State.LOOK, "attenuation correction contradicted"),
    "PET_NOT_CORRECTED": (State.PROBLEM, "attenuation or decay not corrected"),
}

REGISTRATION: Codes = {
    "NM_FLIP_SUSPECT": (State.PROBLEM, "body fits the CT better mirrored"),
    "MUSCLE_SIDE_MISMATCH": (State.PROBLEM, "left and right muscle exchanged"),
    "ROI_FOR_MISMATCH": (State.PROBLEM, "a region is of another frame"),
    "ROI_OUTSIDE": (State.PROBLEM, "a region lies outside the volume"),
    "NATIVE_ONLY": (State.PROBLEM, "volume has no place in the patient"),
    "FOR_ASSUMED": (State.LOOK, "same frame of reference assumed"),
    "ROI_FOR_OVERRIDDEN": (State.LOOK, "region of another frame accepted"),
    "PAIR_AMBIGUOUS": (State.LOOK, "several series fit equally well"),
    "EMISSION_SEVERAL": (State.LOOK, "NM and PT are there: see which"),
    "NM_SPACING_GUESSED": (State.LOOK, "slice spacing from another tag"),
    "NM_GEOM_TOPLEVEL": (State.LOOK, "position from outside its place"),
    "NM_GEOM_VENDOR": (State.LOOK, "position as this vendor writes it"),
    "NM_VECTOR_ODD": (State.LOOK, "odd order of slices"),
    "CT_UNUSABLE": (State.UNKNOWN, "CT cannot be used to compare"),
    "NO_CT": (State.UNKNOWN, "no CT to compare with"),
}

SPHERES: Codes = {
    "LIVER_MISSING": (State.PROBLEM, "no liver region"),
    "MUSCLE_MISSING": (State.PROBLEM, "a muscle region is missing"),
    "L2_MISSING": (State.PROBLEM, "no region of vertebra L2"),
    "SPHERE_NO_POSITION": (State.PROBLEM, "no place for a sphere"),
    "SPHERE_CLIPPED": (State.PROBLEM, "a sphere leaves the volume"),
    "MUSCLE_SIDE_MISMATCH": (State.PROBLEM, "left and right muscle exchanged"),
    "SPHERE_NOT_INSIDE": (State.LOOK, "a sphere is partly outside its organ"),
    "SPHERE_FOCUS": (State.LOOK, "a focus stands out in a sphere"),
    "SPHERE_UNEVEN": (State.LOOK, "values in a sphere spread widely"),
    "MUSCLE_ASYMMETRY": (State.LOOK, "the two muscle spheres differ"),
    "SPHERE_NEAR_LESION": (State.LOOK, "a sphere is near a lesion"),
    "SPHERE_LEFT_LOBE": (State.LOOK, "liver sphere beyond the right lobe"),
    "SPHERE_LOBE_RELAXED": (State.LOOK, "only the centre in the right lobe"),
    "SPHERE_EDGE_RELAXED": (State.LOOK, "distance to the edge waived"),
    "SPHERE_ADAPTIVE": (State.LOOK, "a sphere was made smaller"),
}

FIELD: Codes = {"SPHERE_CLIPPED": (State.PROBLEM, "a sphere leaves the volume")}

SIZE: Codes = {
    "ASP_RESOLVED": (State.FINE, "large enough for its shape"),
    "ASP_RESOLUTION_UNSTATED": (State.UNKNOWN, "enough voxels; resolution not stated"),
    "ASP_UNRELIABLE": (State.PROBLEM, "too small for its shape to mean much"),
}

TABLES = (UNIT, CORRECTIONS, REGISTRATION, FIELD, SPHERES, SIZE)

WHOLLY_INSIDE, MOSTLY_INSIDE = 0.995, 0.9
"""Purity of a sphere: below the first it is to be looked at, below the second a problem."""

ENOUGH_COVERED = 25
"""Percent of the emission volume; with less of a CT no mirrored body would be seen."""

SPHERE_ROLES = (Role.LIVER, Role.MUSCLE_LEFT, Role.MUSCLE_RIGHT)
NAMES = {Role.LIVER: "liver", Role.MUSCLE_LEFT: "left muscle", Role.MUSCLE_RIGHT: "right muscle"}


def lights(record: "StudyRecord") -> tuple[Light, ...]:
    """Judge a study by its record.

    Returns
    -------
    tuple of Light
        Unit, corrections, registration, field of view, sphere purity and region size, in this
        order; a study that was not measured has no judgement.
    """
    if record.status is Status.FAILED and not record.measurements:
        code = record.quarantine[-1].code if record.quarantine else "STUDY_FAILED"
        return tuple(Light(title, State.UNKNOWN, (f"not measured: {code}",)) for title in QUESTIONS)
    return tuple(_light(title, judge(record)) for title, judge in QUESTIONS.items())


def _light(title: str, found: "list[Reason]") -> Light:
    """Keep the reasons of the worst state."""
    state = max((state for state, _ in found), key=ORDER.index)
    reasons = dict.fromkeys(words for one, words in found if one is state)
    return Light(title, state, tuple(reasons))


def _by_codes(record: "StudyRecord", table: Codes) -> list[Reason]:
    codes = {flag.code for flag in record.flags}
    codes |= {flag.code for one in record.measurements for flag in one.flags}
    codes |= {one.code for one in record.quarantine}
    return [reason for code, reason in table.items() if code in codes]


def _unit(record: "StudyRecord") -> list[Reason]:
    if not record.unit:
        return [(State.UNKNOWN, "no unit")]
    return [(State.FINE, record.unit), *_by_codes(record, UNIT)]


def _corrections(record: "StudyRecord") -> list[Reason]:
    words = record.facts.get("CorrectedImage", "").upper().split("\\")
    method = record.facts.get("ScatterCorrectionMethod", "").upper()
    found = _by_codes(record, CORRECTIONS)
    known = "" if found else "attenuation corrected; "
    if "SCAT" in words or method not in ("", "NONE"):
        found.append((State.FINE, f"{known}scatter corrected"))
    elif method == "NONE":
        found.append((State.LOOK, f"{known}scatter not corrected"))
    else:
        found.append((State.UNKNOWN, f"{known}scatter correction not stated"))
    return found


def _registration(record: "StudyRecord") -> list[Reason]:
    found: list[Reason] = [(State.FINE, "CT of the same frame; no mirror suspected")]
    covered = _covered(record)
    if covered is not None and covered < ENOUGH_COVERED:
        found.append((State.UNKNOWN, f"CT covers {covered} % of the emission: too little to tell"))
    return [*found, *_by_codes(record, REGISTRATION)]


def _covered(record: "StudyRecord") -> int | None:
    """Percent of the emission volume that the CT covers, as the choice of the CT says it."""
    for one in record.candidates:
        said = re.match(r"covers (\d+)%", one.reasons[0]) if one.reasons else None
        if one.purpose == "ct" and one.chosen and said:
            return int(said[1])
    return None


def _field(record: "StudyRecord") -> list[Reason]:
    seen = "tumour and spheres" if record.spheres else "tumour"
    found: list[Reason] = [(State.FINE, f"{seen} wholly in view")]
    if record.primary is None:
        found = [(State.UNKNOWN, "no tumour region")]
    for region in record.regions:
        if region.role in LESION_ROLES and region.clipped_fraction > 0.0:
            what = f"{100.0 * region.clipped_fraction:.2g} % of a {region.role} is cut off"
            found.append((State.PROBLEM, what))
    codes = {flag.code for one in record.regions if one.role in LESION_ROLES for flag in one.flags}
    if any(one.touches_edge for one in record.passports) or "ROI_TOUCHES_EDGE" in codes:
        found.append((State.LOOK, "a tumour touches the edge of the volume"))
    return [*found, *_by_codes(record, FIELD)]


def _purity(record: "StudyRecord") -> list[Reason]:
    placed = {sphere.role: sphere for sphere in record.spheres}
    absent = [NAMES[role] for role in SPHERE_ROLES if role not in placed]
    found: list[Reason] = []
    if absent:
        found.append((State.PROBLEM, f"no sphere: {', '.join(absent)}"))
    fractions = []
    for role, sphere in placed.items():
        inside = sphere.inside_fraction
        if inside is None:
            found.append((State.UNKNOWN, f"{NAMES[role]} marked, no organ to compare"))
            continue
        fractions.append(inside)
        if inside < WHOLLY_INSIDE:
            state = State.LOOK if inside >= MOSTLY_INSIDE else State.PROBLEM
            found.append((state, f"{NAMES[role]}: {100.0 * inside:.0f} % inside"))
    if fractions and min(fractions) >= WHOLLY_INSIDE:
        found.append((State.FINE, "spheres wholly inside their organs"))
    return [*found, *_by_codes(record, SPHERES)]


def _size(record: "StudyRecord") -> list[Reason]:
    passport = primary_passport(record)
    if passport is None:
        return [(State.UNKNOWN, "no tumour region")]
    found = [SIZE.get(passport.verdict.code, (State.UNKNOWN, passport.verdict.code))]
    if (passport.components or 1) > 1:
        found.append((State.LOOK, f"{passport.components} parts: asphericity rises by that alone"))
    return found


def primary_passport(record: "StudyRecord") -> "Passport | None":
    """Return the passport of the primary tumour."""
    primary = record.primary
    mine = [one for one in record.passports if primary is not None and one.roi == primary.name]
    return mine[0] if mine else None


QUESTIONS: "dict[str, Callable[[StudyRecord], list[Reason]]]" = {
    "Unit": _unit,
    "Corrections": _corrections,
    "Registration": _registration,
    "Field of view": _field,
    "Sphere purity": _purity,
    "Region size": _size,
}
"""Title of each light, and what judges it."""
