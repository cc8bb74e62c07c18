"""A volume in the quantity that is wanted, or in the unit that its file states with the reason.

The only door from stored units to counts/s, Bq/ml and SUV. Values are multiplied, slice by slice
where the slices differ; nothing is assumed that neither file nor protocol state.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from quant.dicom.nm.place import place_nm
from quant.dicom.slices.frames import images_of
from quant.dicom.values.calibration import nm_options, nm_scale, slice_options, slice_scales
from quant.dicom.values.conversion import Conversion, input_missing, unchanged
from quant.dicom.values.count_rate import to_concentration, to_count_rate
from quant.dicom.values.suv import between_kinds, nm_suv, pet_concentration, pet_suv
from quant.dicom.values.suv_inputs import decay_correction, require_corrected
from quant.dicom.values.suv_report import times_of
from quant.dicom.volumes import place_volume
from quant.domain.flags import Flag
from quant.domain.protocol import CalibrationSettings, WantedQuantity
from quant.domain.units import SUV_UNITS, Unit
from quant.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from quant.dicom.files.facts import Facts
    from quant.dicom.geometry.planes import Placement
    from quant.dicom.values.real_world import Scale
    from quant.domain.grid import Grid
    from quant.domain.study import FileEntry, SeriesEntry
    from quant.domain.volume import Volume

    Files = tuple[FileEntry, ...]

EMISSION = ("NM", "PT")
MAPPING = "RealWorldValueMapping"


def calibrated(volume: "Volume", series: "SeriesEntry", settings: CalibrationSettings) -> "Volume":
    """Bring a volume to the quantity that the protocol wants.

    Parameters
    ----------
    volume : Volume
        From :func:`quant.dicom.volumes.read_volume`.
    series : SeriesEntry
        What it was read from.
    settings : CalibrationSettings

    Returns
    -------
    Volume
        In the wanted unit, with every input among its facts; or the volume as it was, with the
        code that says why it cannot be: ``SUV_INPUT_MISSING``, ``DOSE_UNIT``,
        ``TIME_IMPLAUSIBLE``, ``HALF_LIFE_MISMATCH``, ``PET_NOT_CORRECTED`` or
        ``CALIBRATION_INPUT_MISSING``. Nothing is raised.
    """
    if settings.quantity is WantedQuantity.STORED or series.modality not in EMISSION:
        return volume
    wanted = Unit(str(settings.quantity))
    try:
        files = _placed(series).files
        found = _by_mapping(volume, series.modality, files, wanted)
        if found is None:
            found = _planned(
                series.modality, files, (volume.unit, wanted), lambda: volume.grid, settings
            )
        return _multiplied(volume, wanted, found)
    except StudyError as error:
        facts = volume.provenance.facts | {"calibration": f"{wanted} refused: {error.code}"}
        flag = Flag(error.code, f"{wanted}: {error.found}; needed: {error.needed}")
        return replace(
            volume,
            provenance=replace(volume.provenance, facts=facts),
            flags=(*volume.flags, flag),
        )


def suv_report(series: "SeriesEntry", settings: CalibrationSettings) -> dict[str, object]:
    """Say from headers only whether a series has SUV, by which chain of times, or why not.

    Nothing is raised, nothing is read but header facts.

    Parameters
    ----------
    series : SeriesEntry
        NM or PT; others have no SUV.
    settings : CalibrationSettings
        ``quantity`` names the kind of SUV; where it names none, SUVbw is judged.

    Returns
    -------
    dict of str to object
        Plain values, ready for JSON:

        - ``wanted`` and ``unit`` (what the file states), str;
        - ``available``, bool; ``code`` and ``reason``, str, empty when available;
        - ``factor_first``, ``factor_last``: float or None, from the stated unit to SUV, for the
          first and the last file;
        - ``inputs``: dict of str to str, as the record keeps them (dose, half-life, times, step);
        - ``times``: dict of str to str, every time that the chain looks at, ISO, empty where not
          stated: ``ge_scan``, ``series``, ``earliest_acquisition``, ``latest_acquisition``,
          ``back_computed_first``, ``back_computed_last``, ``administration_stated``,
          ``decay_correction``;
        - ``flags``: list of {``code``, ``detail``}.
    """
    named = str(settings.quantity)
    wanted = next((kind for kind in SUV_UNITS if kind == named), Unit.SUV_BW)
    report: dict[str, object] = {
        "wanted": str(wanted), "unit": "", "available": False, "code": "", "reason": "",
        "factor_first": None, "factor_last": None, "inputs": {}, "times": times_of(series),
        "flags": [],
    }  # fmt: skip
    try:
        files = images_of(series) if series.modality == "PT" else series.files
        unit = _stated_unit(series.modality, files)
        report["unit"] = str(unit)
        found = _planned(
            series.modality,
            files,
            (unit, wanted),
            lambda: _placed(series).grid,
            settings,
        )
    except StudyError as error:
        report["code"] = error.code
        report["reason"] = f"{error.found}; needed: {error.needed}"
        return report
    report |= {
        "available": True,
        "factor_first": found.factors[0],
        "factor_last": found.factors[-1],
        "inputs": found.facts,
        "flags": [{"code": flag.code, "detail": flag.detail} for flag in found.flags],
    }
    return report


def _placed(series: "SeriesEntry") -> "Placement":
    """Return files and grid in the order of the slices; values need no place in the patient."""
    if series.modality == "NM":
        return place_nm(series, native_only=True)
    return place_volume(series)


def _stated_unit(modality: str, files: "Files") -> Unit:
    if modality == "NM":
        return nm_scale(files[0].facts).unit
    if modality == "PT":
        return next(slice_scales("PT", files)).unit
    raise input_missing(f"modality {modality}", "NM or PT")


def _planned(
    modality: str,
    files: "Files",
    units: tuple[Unit, Unit],
    grid: "Callable[[], Grid]",
    settings: CalibrationSettings,
) -> Conversion:
    """Return the conversion from the first to the second unit; raises with the reason."""
    unit, wanted = units
    if wanted in SUV_UNITS and modality == "PT":
        return pet_suv(files, unit, wanted, settings)
    if unit is wanted:
        return unchanged(len(files))
    if wanted in SUV_UNITS:
        if unit in SUV_UNITS:
            return between_kinds(files[0].facts, len(files), unit, wanted)
        concentration = _nm_planned(files, (unit, Unit.BQ_PER_ML), grid, settings)
        return concentration.then(nm_suv(files, wanted, settings))
    if modality == "NM":
        return _nm_planned(files, units, grid, settings)
    if wanted is Unit.BQ_PER_ML:
        return pet_concentration(files, unit)
    raise input_missing(f"a PET volume in {unit}", "Units CPS for counts/s")


def _nm_planned(
    files: "Files",
    units: tuple[Unit, Unit],
    grid: "Callable[[], Grid]",
    settings: CalibrationSettings,
) -> Conversion:
    """Return the conversion of an NM volume to counts/s or Bq/ml."""
    unit, wanted = units
    if unit is wanted:
        return unchanged(len(files))
    rate = to_count_rate(unit, files[0].facts, len(files), settings)
    if wanted is Unit.COUNT_RATE:
        return rate
    return rate.then(to_concentration(grid(), len(files), settings))


def _by_mapping(volume: "Volume", modality: str, files: "Files", wanted: Unit) -> Conversion | None:
    """Return the conversion to a unit that the files themselves map to; None without one."""
    if volume.unit is wanted:
        return None
    factors = []
    source = volume.provenance.facts.get("slope_source", "")
    low, high = float(volume.values.min()), float(volume.values.max())
    for entry in files:
        options = _options(modality, entry.facts)
        used, meant = options.get((volume.unit, source)), options.get((wanted, MAPPING))
        if used is None or meant is None:
            return None
        if used.intercept != 0.0 or meant.intercept != 0.0:
            return None
        first, last = meant.first, meant.last
        if first is None or last is None:
            return None
        if low / used.slope < first - 0.5 or high / used.slope > last + 0.5:
            return None
        factors.append(meant.slope / used.slope)
    if modality == "PT" and wanted in SUV_UNITS:
        require_corrected(files[0].facts, decay_correction(files[0].facts))
    said = {"calibration_source": f"RealWorldValueMapping states {wanted}"}
    return Conversion(tuple(factors), said)


def _options(modality: str, facts: "Facts") -> "dict[tuple[Unit, str], Scale]":
    """Return the ways in which a file may be scaled, by unit and source."""
    if modality == "NM":
        scales = tuple(nm_options(facts)[0].values())
    else:
        scales = slice_options(modality, facts)[0]
    return {(scale.unit, scale.source): scale for scale in scales}


def _multiplied(volume: "Volume", wanted: Unit, found: Conversion) -> "Volume":
    """Return the volume times the factors of its files, one a slice or one for all."""
    factors = np.array(found.factors, dtype=np.float64)
    slices = volume.values.shape[0]
    if len(factors) != slices and np.ptp(factors) > 0.0:
        raise input_missing(
            f"{len(factors)} files with factors of their own for {slices} slices",
            "one file a slice",
        )
    each = factors if len(factors) == slices else np.full(slices, factors[0])
    values = volume.values
    if np.any(each != 1.0):
        values = np.empty_like(volume.values)
        with np.errstate(over="ignore"):
            for k in range(slices):
                values[k] = volume.values[k] * each[k]
        if not (np.isfinite(values.min()) and np.isfinite(values.max())):
            raise input_missing(f"factors up to {factors.max():g}", "values of 32-bit floats")
    low, high = f"{factors.min():.9g}", f"{factors.max():.9g}"
    said = {
        "calibration": f"{wanted} from {volume.unit}",
        "calibration_factor": low if low == high else f"{low} to {high}",
    }
    provenance = replace(volume.provenance, facts=volume.provenance.facts | said | found.facts)
    flags = tuple(flag for flag in volume.flags if flag.code != "NM_UNCALIBRATED")
    if wanted is Unit.COUNT_RATE:
        flags = volume.flags
    return replace(
        volume, values=values, unit=wanted, provenance=provenance, flags=(*flags, *found.flags)
    )
