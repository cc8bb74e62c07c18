"""Inputs of SUV from headers: dose, half-life, administration time, corrections."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from quant.dicom.acquisition import radionuclide
from quant.dicom.files.facts import number, text, whole, words
from quant.dicom.values.suv_factors import body_of, missing, normaliser
from quant.dicom.values.times import DAY, combine, datetime_of, parse_time
from quant.domain.flags import Flag
from quant.domain.nuclides import HALF_LIFE_S, SOURCE, agrees, others_with
from quant.domain.protocol import CalibrationSettings
from quant.domain.units import Unit
from quant.errors import UnitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from quant.dicom.files.facts import Facts

SEQUENCE = "RadiopharmaceuticalInformationSequence"
ITEM = f"{SEQUENCE}.0."

BQ_PER = {"Bq": 1.0, "kBq": 1e3, "MBq": 1e6}
HEADER_UNIT = {"PT": "Bq", "NM": "MBq"}
"""Unit of RadionuclideTotalDose by modality (PS3.3 C.8.9.2, C.8.4.10.1.7)."""

PLAUSIBLE_BQ = {"PT": (1e6, 1e11), "NM": (1e5, 1e11)}
"""Activities that are given to people, Bq; a dose in a wrong unit falls outside.

Doses in PET files cluster near 4e8 and, wrongly in MBq, near 4e2; 1e6 also tells kBq apart.
"""

START_ATTRIBUTES = (
    "RadiopharmaceuticalStartDateTime (0018,1078) or RadiopharmaceuticalStartTime (0018,1072)"
)

MOST_HALF_LIVES = 7.0

SHORTEST_S, LONGEST_S = 1.0, 1e10
"""A half-life beyond these is none of nuclear medicine."""


@dataclass(frozen=True, slots=True)
class HalfLife:
    """A half-life, s, what it rests on, and the radionuclide (empty when not named)."""

    seconds: float
    source: str
    radionuclide: str
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Administration:
    """When the activity was given, and what that rests on."""

    moment: datetime
    source: str
    flags: tuple[Flag, ...] = ()


def dose_bq(
    facts: "Facts", modality: str, settings: CalibrationSettings
) -> tuple[float, str, tuple[Flag, ...]]:
    """Return the administered activity, Bq, the unit it was read in, and flags.

    Raises
    ------
    UnitError
        ``SUV_INPUT_MISSING`` without a dose or with several, ``DOSE_UNIT`` when the dose is
        nothing that is given to a person; it is rescaled only by the protocol.
    """
    if (whole(facts, SEQUENCE) or 0) > 1:
        raise missing(f"{SEQUENCE} (0054,0016) with one item", "one administration")
    stated = number(facts, f"{ITEM}RadionuclideTotalDose")
    if stated is None or stated <= 0.0:
        raise missing("RadionuclideTotalDose (0018,1074)")
    meant = HEADER_UNIT[modality]
    unit = meant if settings.dose_unit == "header" else settings.dose_unit
    activity_bq = stated * BQ_PER[unit]
    low_bq, high_bq = PLAUSIBLE_BQ[modality]
    if not low_bq <= activity_bq <= high_bq:
        raise UnitError(
            "DOSE_UNIT",
            "The dose does not fit its unit.",
            found=f"RadionuclideTotalDose {stated:g}, read in {unit}",
            needed=f"{low_bq:g} to {high_bq:g} Bq",
            next_step="state calibration.dose_unit in the protocol",
        )
    if unit == meant:
        return activity_bq, unit, ()
    detail = f"RadionuclideTotalDose {stated:g} read in {unit} as the protocol says, not in {meant}"
    return activity_bq, unit, (Flag("DOSE_UNIT", detail),)


def half_life(facts: "Facts") -> HalfLife:
    """Return the half-life: the header's if the table agrees within 2 %, else the table's.

    A half-life is a constant of the named radionuclide, so where the header contradicts it
    (minutes, a typing error) the table's value is right and ``HALF_LIFE_MISMATCH`` says so.
    But when the header's value is that of another radionuclide, it is the name that may be wrong,
    as when a scanner's preset was not changed: then there is no half-life to be sure of.

    Raises
    ------
    UnitError
        ``SUV_INPUT_MISSING`` when neither header nor table give one, ``HALF_LIFE_MISMATCH`` when
        the header's value belongs to another radionuclide.
    """
    stated_s = number(facts, f"{ITEM}RadionuclideHalfLife")
    if stated_s is not None and not SHORTEST_S <= stated_s <= LONGEST_S:
        stated_s = None
    name, _ = radionuclide(facts)
    if name not in HALF_LIFE_S:
        if stated_s is None:
            raise missing("RadionuclideHalfLife (0018,1075), and no radionuclide of the table")
        return HalfLife(stated_s, "RadionuclideHalfLife", name)
    known_s = HALF_LIFE_S[name]
    if stated_s is None:
        return HalfLife(known_s, f"{SOURCE}, none in the header", name)
    if agrees(stated_s, name):
        return HalfLife(stated_s, "RadionuclideHalfLife", name)
    found = f"RadionuclideHalfLife {stated_s:g} s, {name} has {known_s:g} s"
    others = others_with(stated_s, name)
    if others:
        raise UnitError(
            "HALF_LIFE_MISMATCH",
            "The radionuclide and its half-life contradict each other.",
            found=f"{found}; it is that of {', '.join(others)}",
            needed="one radionuclide",
            next_step="find out which radionuclide was given and correct the header",
        )
    flag = Flag("HALF_LIFE_MISMATCH", f"{found}; the latter was used")
    return HalfLife(known_s, SOURCE, name, (flag,))


def administration(
    facts: "Facts", scan: datetime, half_life_s: float, settings: CalibrationSettings
) -> Administration:
    """Return when the activity was given.

    Parameters
    ----------
    facts : dict
    scan : datetime
        When the scan began; the day of a time without a date comes from here.
    half_life_s : float
        Within 7 half-lives only one day may be possible, unless the protocol says that the
        scan's day is meant.
    settings : CalibrationSettings

    Raises
    ------
    UnitError
        ``SUV_INPUT_MISSING`` without a usable time, or when its day is open.
    """
    moment = datetime_of(facts, f"{ITEM}RadiopharmaceuticalStartDateTime")
    if moment is not None:
        return Administration(moment, "RadiopharmaceuticalStartDateTime")
    clock = parse_time(text(facts, f"{ITEM}RadiopharmaceuticalStartTime"))
    moment = combine(scan.date(), clock)
    if moment is None:
        raise missing(START_ATTRIBUTES)
    flag = Flag("TIME_DATE_ASSUMED", "RadiopharmaceuticalStartTime, on the day of the scan")
    if moment > scan:
        moment -= DAY
        detail = "RadiopharmaceuticalStartTime is after the scan: the day before was taken"
        flag = Flag("TIME_IMPLAUSIBLE", detail)
    earlier_s = (scan - moment + DAY).total_seconds()
    if earlier_s <= MOST_HALF_LIVES * half_life_s and not settings.assume_scan_day:
        raise missing(
            "RadiopharmaceuticalStartDateTime (0018,1078)",
            "the day: at this half-life the activity may have been given on an earlier one",
        )
    return Administration(moment, "RadiopharmaceuticalStartTime", (flag,))


def require_plausible(
    given: datetime,
    references: tuple[datetime, ...],
    acquisitions: tuple[datetime, ...],
    half_life_s: float,
) -> None:
    """Refuse an administration after the scan, or more than 7 half-lives before its reference.

    Raises
    ------
    UnitError
        ``TIME_IMPLAUSIBLE``.
    """
    first, last = min(*references, *acquisitions, references[0]), max(references)
    late_s = (given - first).total_seconds()
    waited_s = (last - given).total_seconds()
    if late_s <= 0.0 and waited_s <= MOST_HALF_LIVES * half_life_s:
        return
    order = f"{late_s:.0f} s after the scan" if late_s > 0.0 else f"{waited_s:.0f} s before it"
    raise UnitError(
        "TIME_IMPLAUSIBLE",
        "Administration and scan do not fit.",
        found=f"administration {order}",
        needed=f"before the scan, within {MOST_HALF_LIVES:g} half-lives of {half_life_s:g} s",
        next_step="check both times; anonymisation may have moved one of them",
    )


def require_inputs(
    facts: "Facts", wanted: Unit, modality: str, settings: CalibrationSettings, *, decays: bool
) -> None:
    """Name every input that is missing at once, not only the first.

    Raises
    ------
    UnitError
        ``SUV_INPUT_MISSING``, or what :func:`dose_bq` and :func:`half_life` raise.
    """
    checks: list[Callable[[], object]] = [
        lambda: normaliser(wanted, body_of(facts)),
        lambda: dose_bq(facts, modality, settings),
    ]
    if decays:
        checks += [lambda: half_life(facts), lambda: _require_time(facts)]
    lacking = []
    for check in checks:
        try:
            check()
        except UnitError as error:
            if error.code != "SUV_INPUT_MISSING":
                raise
            lacking.append(error)
    if len(lacking) == 1:
        raise lacking[0]
    if lacking:
        raise missing(", ".join(error.found.removeprefix("no usable ") for error in lacking))


def _require_time(facts: "Facts") -> None:
    moment = datetime_of(facts, f"{ITEM}RadiopharmaceuticalStartDateTime")
    if moment is None and parse_time(text(facts, f"{ITEM}RadiopharmaceuticalStartTime")) is None:
        raise missing(START_ATTRIBUTES)


def decay_correction(facts: "Facts") -> str:
    """Return DecayCorrection: START, ADMIN, NONE; empty when not stated.

    Enhanced PET states DecayCorrected instead, NO being NONE, and for YES the very moment
    (DecayCorrectionDateTime): then DATETIME is returned.
    """
    stated = text(facts, "DecayCorrection").strip().upper()
    corrected = text(facts, "DecayCorrected").strip().upper()
    return stated or {"YES": "DATETIME", "NO": "NONE"}.get(corrected, "")


def corrections(facts: "Facts") -> tuple[str, ...]:
    """Return the corrections of a volume as words of CorrectedImage.

    Enhanced PET has an attribute for each instead.
    """
    enhanced = {"AttenuationCorrected": "ATTN", "DecayCorrected": "DECY"}
    stated = (word for keyword, word in enhanced.items() if words(facts, keyword) == ("YES",))
    return (*words(facts, "CorrectedImage"), *stated)


def require_corrected(facts: "Facts", decay_correction: str) -> None:
    """Refuse a PET volume without attenuation or decay correction.

    With DecayCorrection NONE the dose is brought to the time of each slice instead, so DECY is
    not asked for.

    Raises
    ------
    UnitError
        ``PET_NOT_CORRECTED``.
    """
    found = corrections(facts)
    wanted = ("ATTN",) if decay_correction == "NONE" else ("ATTN", "DECY")
    lacking = [word for word in wanted if word not in found]
    if lacking:
        raise UnitError(
            "PET_NOT_CORRECTED",
            "A PET volume without these corrections has no SUV.",
            found=f"CorrectedImage {', '.join(found) or 'missing'}",
            needed=" and ".join(lacking),
            next_step="supply the corrected reconstruction",
        )
