"""SUV: activity concentration times body size over the activity given, at one moment.

Whatever is missing or contradictory raises with its code; nothing is filled in.
"""

import math
from typing import TYPE_CHECKING

from quant.dicom.files.facts import number
from quant.dicom.values.conversion import Conversion, unchanged
from quant.dicom.values.count_rate import duration_s
from quant.dicom.values.suv_factors import body_of, missing, normaliser
from quant.dicom.values.suv_inputs import (
    ITEM,
    HalfLife,
    administration,
    corrections,
    decay_correction,
    dose_bq,
    half_life,
    require_corrected,
    require_inputs,
    require_plausible,
)
from quant.dicom.values.suv_reference_time import (
    TimeChain,
    start_references,
    time_chain,
    uncorrected_references,
)
from quant.dicom.values.times import datetime_of
from quant.domain.flags import Flag
from quant.domain.nuclides import decay_constant_per_s, mean_rate_delay_s
from quant.domain.protocol import CalibrationSettings, DecayReference
from quant.domain.units import SUV_UNITS, Unit
from quant.errors import UnitError

if TYPE_CHECKING:
    from datetime import datetime

    from quant.dicom.files.facts import Facts
    from quant.domain.study import FileEntry

ALIKE = (
    "PatientWeight", "PatientSize", "PatientSex", "DecayCorrection", "CorrectedImage",
    f"{ITEM}RadionuclideTotalDose", f"{ITEM}RadionuclideHalfLife",
    f"{ITEM}RadiopharmaceuticalStartDateTime", f"{ITEM}RadiopharmaceuticalStartTime",
)  # fmt: skip
"""Inputs that are of the patient and the injection, so one for all slices."""


def pet_concentration(files: "tuple[FileEntry, ...]", unit: Unit) -> Conversion:
    """Return the conversion of a PET volume to Bq/ml.

    Raises
    ------
    UnitError
        ``SUV_INPUT_MISSING`` for counts without Philips' factor, and other units.
    """
    if unit is Unit.BQ_PER_ML:
        return unchanged(len(files))
    factors = _philips(files, unit, "PhilipsActivityScaleFactor")
    if factors:
        return Conversion(factors, {"concentration_source": "Philips (7053,xx09)"})
    if unit is Unit.COUNTS:
        raise missing("Philips factor (7053,xx00) or (7053,xx09) beside Units CNTS")
    raise missing(f"activity concentration: the volume is in {unit}", "BQML, CNTS, GML or CM2ML")


def pet_suv(
    files: "tuple[FileEntry, ...]", unit: Unit, wanted: Unit, settings: CalibrationSettings
) -> Conversion:
    """Return the conversion of a PET volume (or SPECT exported as PT) to a kind of SUV.

    Parameters
    ----------
    files : tuple of FileEntry
        The slices.
    unit : Unit
        Unit of their values.
    wanted : Unit
        A kind of SUV.
    settings : CalibrationSettings

    Raises
    ------
    UnitError
        ``PET_NOT_CORRECTED``, ``SUV_INPUT_MISSING``, ``DOSE_UNIT``, ``TIME_IMPLAUSIBLE``,
        ``HALF_LIFE_MISMATCH``.
    """
    facts = files[0].facts
    _require_alike(files)
    correction = decay_correction(facts)
    require_corrected(facts, correction)
    if unit in SUV_UNITS:
        return between_kinds(facts, len(files), unit, wanted)
    vendor = _philips(files, unit, "PhilipsSUVScaleFactor")
    if vendor:
        said = {"suv_source": "Philips (7053,xx00)"}
        by_vendor = Conversion(vendor, said, _private_flags(facts, "PhilipsSUVScaleFactor"))
        return by_vendor.then(between_kinds(facts, len(files), Unit.SUV_BW, wanted))
    concentration = pet_concentration(files, unit)
    return concentration.then(_per_activity(files, wanted, correction, settings))


def between_kinds(facts: "Facts", files: int, unit: Unit, wanted: Unit) -> Conversion:
    """Return the conversion of one kind of SUV to another, by the patient's own data.

    Raises
    ------
    UnitError
        ``SUV_INPUT_MISSING``.
    """
    if unit is wanted:
        return unchanged(files)
    body = body_of(facts)
    (found, found_flags), (meant, meant_flags) = (
        normaliser(unit, body),
        normaliser(wanted, body),
    )
    said = {"suv_source": f"{unit} as stated, by the patient's own data"}
    flags = tuple(dict.fromkeys((*found_flags, *meant_flags)))
    return Conversion((meant / found,) * files, said, flags)


def nm_suv(
    files: "tuple[FileEntry, ...]", wanted: Unit, settings: CalibrationSettings
) -> Conversion:
    """Return the conversion of an NM reconstruction in Bq/ml to a kind of SUV.

    NM objects do not say to which moment their activity belongs, so the protocol must.

    Raises
    ------
    UnitError
        ``SUV_INPUT_MISSING``, ``DOSE_UNIT``, ``TIME_IMPLAUSIBLE``, ``HALF_LIFE_MISMATCH``,
        ``CALIBRATION_INPUT_MISSING`` without the duration of an uncorrected acquisition.
    """
    facts = files[0].facts
    _require_alike(files)
    reference = settings.nm_decay_reference
    if reference is DecayReference.UNSTATED:
        raise missing(
            "calibration.nm_decay_reference in the protocol",
            "the moment to which the activity belongs: NM files do not say it",
        )
    decays = reference is not DecayReference.ADMINISTRATION
    require_inputs(facts, wanted, "NM", settings, decays=decays)
    if not decays:
        contradicted = _contradiction(facts, str(reference), corrected=True)
        return _with_dose(files, wanted, settings, _undecayed(files, contradicted), "NM")
    half = half_life(facts)
    chain = time_chain(files, half.seconds)
    start = chain.earliest
    if start is None:
        raise missing("AcquisitionDate (0008,0022) and AcquisitionTime (0008,0032)")
    references = (start,) * len(files)
    decayed = _decayed(facts, chain, references, half, settings)
    flags: tuple[Flag, ...] = ()
    if reference is DecayReference.UNCORRECTED:
        flags = _contradiction(facts, str(reference), corrected=False)
        seconds = duration_s(facts, settings)
        late = math.exp(
            -decay_constant_per_s(half.seconds) * mean_rate_delay_s(half.seconds, seconds)
        )
        said = {"acquisition_duration_s": f"{seconds:.9g}"}
        decayed = decayed.then(Conversion((late,) * len(files), said))
    step = Conversion((1.0,) * len(files), {"reference_step": f"protocol: {reference}"}, flags)
    return _with_dose(files, wanted, settings, decayed.then(step), "NM")


def _per_activity(
    files: "tuple[FileEntry, ...]", wanted: Unit, correction: str, settings: CalibrationSettings
) -> Conversion:
    """Return SUV per Bq/ml, by the decay correction of a PET series."""
    facts = files[0].facts
    require_inputs(facts, wanted, "PT", settings, decays=correction != "ADMIN")
    concentrations = _private_flags(facts, "PhilipsActivityScaleFactor")
    if correction == "ADMIN":
        _require_sane_administration(files)
        return _with_dose(files, wanted, settings, _undecayed(files, concentrations), "PT")
    half = half_life(facts)
    chain = time_chain(files, half.seconds)
    if correction == "NONE":
        step, references = uncorrected_references(chain)
        flags = _contradiction(facts, "DecayCorrection NONE", corrected=False)
    elif correction == "START":
        step, references = start_references(chain)
        used_ge = _private_flags(facts, "GEScanDateTime") if chain.ge_scan is not None else ()
        flags = (*chain.flags(), *used_ge)
    elif correction == "DATETIME":
        moment = datetime_of(facts, "DecayCorrectionDateTime")
        if moment is None:
            raise missing("DecayCorrectionDateTime (0018,9701)")
        step, references, flags = "DecayCorrectionDateTime", (moment,) * len(files), ()
    else:
        raise missing("DecayCorrection (0054,1102)", "START, ADMIN or NONE")
    decayed = _decayed(facts, chain, references, half, settings)
    said = {"decay_correction": correction, "reference_step": step}
    marks = Conversion((1.0,) * len(files), said, (*concentrations, *flags))
    return _with_dose(files, wanted, settings, decayed.then(marks), "PT")


def _decayed(
    facts: "Facts",
    chain: TimeChain,
    references: "tuple[datetime, ...]",
    half: HalfLife,
    settings: CalibrationSettings,
) -> Conversion:
    """Return the part of the activity that is left at the reference time of every file."""
    given = administration(facts, min(references), half.seconds, settings)
    acquisitions = tuple(one for one in chain.acquisitions if one is not None)
    require_plausible(given.moment, references, acquisitions, half.seconds)
    constant = decay_constant_per_s(half.seconds)
    waits_s = [(moment - given.moment).total_seconds() for moment in references]
    said = {
        "half_life_s": f"{half.seconds:.9g}",
        "half_life_source": half.source,
        "administered": _clock(given.moment, min(references)),
        "administration_source": given.source,
        "reference_time": _from_to(
            _clock(min(references), min(references)), _clock(max(references), min(references))
        ),
        "decay_s": _from_to(f"{min(waits_s):.6f}", f"{max(waits_s):.6f}"),
    }
    left = tuple(math.exp(-constant * wait) for wait in waits_s)
    return Conversion(left, said, (*half.flags, *given.flags))


def _undecayed(files: "tuple[FileEntry, ...]", flags: tuple[Flag, ...]) -> Conversion:
    said = {"decay_correction": "ADMIN", "reference_step": "administration"}
    return Conversion((1.0,) * len(files), said, flags)


def _with_dose(
    files: "tuple[FileEntry, ...]",
    wanted: Unit,
    settings: CalibrationSettings,
    left: Conversion,
    modality: str,
) -> Conversion:
    """Return SUV per Bq/ml from the part of the activity that is left."""
    facts = files[0].facts
    size, size_flags = normaliser(wanted, body_of(facts))
    activity_bq, unit, dose_flags = dose_bq(facts, modality, settings)
    said = {"dose_bq": f"{activity_bq:.9g}", "dose_read_in": unit} | left.facts
    factors = tuple(size / (activity_bq * part) for part in left.factors)
    return Conversion(factors, said, (*dose_flags, *size_flags, *left.flags))


def _require_sane_administration(files: "tuple[FileEntry, ...]") -> None:
    """Check the times of values that are corrected to the administration, where they are stated.

    They are not needed, but a scanner that took a wrong time has corrected to it.
    """
    facts = files[0].facts
    given = datetime_of(facts, f"{ITEM}RadiopharmaceuticalStartDateTime")
    if given is None:
        return
    try:
        seconds = half_life(facts).seconds
    except UnitError:
        seconds = math.inf
    found = time_chain(files, None).acquisitions
    acquisitions = tuple(one for one in found if one is not None)
    if acquisitions:
        require_plausible(given, (min(acquisitions),), acquisitions, seconds)


def _require_alike(files: "tuple[FileEntry, ...]") -> None:
    first = files[0].facts
    for keyword in ALIKE:
        if any(entry.facts.get(keyword) != first.get(keyword) for entry in files):
            name = keyword.removeprefix(ITEM)
            raise missing(f"{name}: it differs between slices", "one value for the series")


def _philips(files: "tuple[FileEntry, ...]", unit: Unit, keyword: str) -> tuple[float, ...]:
    """Return Philips' factors of counts, one a file; empty when a file has none (or 0)."""
    if unit is not Unit.COUNTS:
        return ()
    found = [number(entry.facts, keyword) or 0.0 for entry in files]
    return tuple(found) if all(factor > 0.0 for factor in found) else ()


def _private_flags(facts: "Facts", keyword: str) -> tuple[Flag, ...]:
    doubts = facts.get("PrivateFallback", ())
    mine = (
        [str(one) for one in doubts if str(one).startswith(keyword)]
        if isinstance(doubts, tuple)
        else []
    )
    return tuple(Flag("PRIVATE_FALLBACK", one) for one in mine)


def _contradiction(facts: "Facts", stated: str, *, corrected: bool) -> tuple[Flag, ...]:
    """Return ``DECAY_CONTRADICTED`` when CorrectedImage says the opposite."""
    found = corrections(facts)
    if not found or ("DECY" in found) == corrected:
        return ()
    said = "has" if "DECY" in found else "lacks"
    return (Flag("DECAY_CONTRADICTED", f"{stated}, CorrectedImage {said} DECY"),)


def _clock(moment: "datetime", day_zero: "datetime") -> str:
    """Say a time without its date, which is the person's own: days count from the reference."""
    days = (moment.date() - day_zero.date()).days
    clock = moment.time().isoformat(timespec="milliseconds")
    return clock if days == 0 else f"{clock} on day {days:+d}"


def _from_to(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"
