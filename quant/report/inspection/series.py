"""One series for the report of ``quant inspect``: what it is, where it lies, what its values are.

Geometry, units and choices come from the same functions that measuring uses, so that what is shown
here is what will be measured.
"""

from typing import TYPE_CHECKING

import numpy as np

from quant.dicom.acquisition import acquisition_facts
from quant.dicom.choice.evidence import correction_of, map_evidence
from quant.dicom.files.facts import number, whole, words
from quant.dicom.nm.kinds import nm_kind
from quant.dicom.values.calibration import nm_scale, slice_scales
from quant.dicom.volumes import place_volume
from quant.domain.flags import Flag
from quant.errors import StudyError
from quant.report.inspection.flags import flag_reports, problem_report
from quant.report.inspection.suv import inspect_suv

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quant.dicom.geometry.planes import Placement
    from quant.dicom.values.calibration import Scale
    from quant.domain.grid import Grid
    from quant.domain.protocol import StudyProtocol
    from quant.domain.study import Selection, SeriesEntry
    from quant.report.inspection.layout import (
        AcquisitionReport,
        GeometryReport,
        SeriesReport,
    )

DECIMALS = 4
"""Digits after the point of millimetres shown."""

OBLIQUE_DEGREES = 0.1
"""An axis that is farther from the patient's is called oblique."""

KINDS = {
    "PT": "PET or SPECT exported as PET",
    "CT": "CT",
    "RTSTRUCT": "regions drawn as contours",
    "SEG": "regions drawn as voxels",
}

CORRECTIONS = {
    "ATTN": "attenuation", "SCAT": "scatter", "DECY": "decay", "UNIF": "uniformity",
    "COR": "centre of rotation", "NCO": "non-circular orbit", "DTIM": "dead time",
    "NORM": "detector normalisation", "RAN": "randoms", "RADL": "radial sampling",
    "MOTN": "motion", "CLN": "count loss normalisation", "PGC": "prompt gamma",
    "DCAL": "detector calibration", "SLSENS": "slice sensitivity", "PMOT": "patient motion",
    "LIN": "linearity", "ENRG": "energy", "GEOM": "geometry", "BLANK": "blank scan",
}  # fmt: skip
"""CorrectedImage (0028,0051) in words."""

ENDS = (("to the right", "to the left"), ("to the front", "to the back"),
        ("to the feet", "to the head"))  # fmt: skip


def inspect_series(
    series: "SeriesEntry", selection: "Selection", protocol: "StudyProtocol"
) -> "SeriesReport":
    """Report on one series, from headers only."""
    report = _blank(series, selection)
    if series.modality not in ("NM", "PT", "CT"):
        return report
    if series.modality in ("NM", "PT"):
        correction, reasons = correction_of(series.facts)
        report["attenuation_correction"] = str(correction)
        report["attenuation_evidence"] = list(reasons)
        report["corrections"] = [
            CORRECTIONS.get(word, word.lower()) for word in words(series.facts, "CorrectedImage")
        ]
        report["acquisition"] = _acquisition(series)
        report["suv"] = inspect_suv(series, protocol)
    return _with_volume(report, series)


def _blank(series: "SeriesEntry", selection: "Selection") -> "SeriesReport":
    return {
        "series_uid": series.series_uid,
        "part": series.part,
        "modality": series.modality,
        "files": len(series.files),
        "what": _what(series),
        "chosen_as": chosen_as(series, selection),
        "verdict": "not an image",
        "problem": None,
        "geometry": None,
        "unit": "",
        "unit_because": "",
        "slope_source": "",
        "attenuation_correction": "",
        "attenuation_evidence": [],
        "corrections": [],
        "acquisition": None,
        "suv": None,
        "facts": acquisition_facts(series),
        "flags": [],
    }


def _with_volume(report: "SeriesReport", series: "SeriesEntry") -> "SeriesReport":
    flags: list[Flag] = []
    report["verdict"] = "readable"
    try:
        placement = place_volume(series)
        report["geometry"] = inspect_geometry(placement, series)
        flags += placement.flags
        scale = _scale(series)
        flags += scale.flags
        report["unit"], report["unit_because"] = str(scale.unit), scale.why
        report["slope_source"] = scale.source
    except StudyError as error:
        report["verdict"] = "refused"
        report["problem"] = problem_report(error)
    report["flags"] = flag_reports(flags)
    return report


def _what(series: "SeriesEntry") -> str:
    said = KINDS.get(series.modality, "not used")
    if series.modality in ("NM", "PT") and map_evidence(series.facts):
        return f"attenuation map: {map_evidence(series.facts)}"
    if series.modality == "NM":
        said = f"NM {nm_kind(series)[0]}"
    if series.modality == "CT" and "LOCALIZER" in words(series.facts, "ImageType"):
        said = "CT localizer"
    if series.modality in ("CT", "PT"):
        several = (whole(series.facts, "NumberOfFrames") or 1) > 1
        said += ", multi-frame" if several else ", one file a slice"
    return said


def chosen_as(series: "SeriesEntry", selection: "Selection") -> str:
    """Return what a volume was chosen for; empty when it was not."""
    for purpose, chosen in (("emission", selection.emission), ("ct", selection.ct)):
        if chosen is not None and identity(series) == identity(chosen):
            return purpose
    return ""


def identity(series: "SeriesEntry") -> tuple[object, ...]:
    """Return what tells the volumes of a study apart."""
    return series.series_uid, series.part, series.frames, series.files[0].sop_instance_uid


def _scale(series: "SeriesEntry") -> "Scale":
    if series.modality == "NM":
        return nm_scale(series.facts)
    return next(iter(slice_scales(series.modality, series.files)))


def inspect_geometry(placement: "Placement", series: "SeriesEntry") -> "GeometryReport":
    """Report on where a volume lies, and on what says so."""
    grid = placement.grid
    unit = grid.axes_mm / grid.spacing_mm
    return {
        "shape_kji": list(grid.shape),
        "spacing_kji_mm": rounded(grid.spacing_mm),
        "first_voxel_lps_mm": rounded(grid.affine[:3, 3]),
        "directions_kji_lps": [rounded(column) for column in unit.T],
        "orientation": _orientation(grid),
        "oblique_degrees": _oblique_degrees(grid),
        "position_from": placement.facts.get("geometry_source", ""),
        "spacing_from": _spacing_source(placement, series),
        "frame_of_reference_uid": grid.frame_of_reference_uid,
        "sources": dict(placement.facts),
    }


def _spacing_source(placement: "Placement", series: "SeriesEntry") -> str:
    source = placement.facts.get("spacing_source", "")
    stated = number(series.facts, "SpacingBetweenSlices")
    if source == "SpacingBetweenSlices" and stated is not None:
        way = "against" if stated < 0.0 else "along"
        sign = "negative" if stated < 0.0 else "positive"
        return f"{source} {stated:g} mm ({sign}: slices run {way} the image normal)"
    if source == "ImagePositionPatient":
        return f"{source} of the slices"
    return source


def _orientation(grid: "Grid") -> str:
    """Say where slices, rows and columns run, by the nearest end of the patient."""
    said = []
    for name, direction in zip(("slices", "rows", "columns"), grid.axes_mm.T, strict=True):
        axis = int(abs(direction).argmax())
        said.append(f"{name} run {ENDS[axis][int(direction[axis] > 0)]}")
    return ", ".join(said)


def _oblique_degrees(grid: "Grid") -> float:
    nearest = np.abs(grid.axes_mm / grid.spacing_mm).max(axis=0)
    angle = float(np.degrees(np.arccos(np.clip(nearest, 0.0, 1.0))).max())
    return round(angle, 2) if angle >= OBLIQUE_DEGREES else 0.0


def _acquisition(series: "SeriesEntry") -> "AcquisitionReport":
    facts, named = series.facts, acquisition_facts(series)
    item = "RotationInformationSequence.0."
    duration = number(facts, f"{item}ActualFrameDuration")
    if duration is None:
        duration = number(facts, "ActualFrameDuration")
    return {
        "radionuclide": named.get("Radionuclide", ""),
        "radionuclide_from": named.get("radionuclide_source", ""),
        "collimator": named.get("CollimatorGridName", ""),
        "energy_window_kev": named.get("EnergyWindowKeV", ""),
        "frame_duration_s": None if duration is None else duration / 1000.0,
        "frames_per_rotation": whole(facts, f"{item}NumberOfFramesInRotation"),
        "rotations": whole(facts, "RotationInformationSequence"),
        "scan_arc_degrees": number(facts, f"{item}ScanArc"),
    }


def rounded(values: "Iterable[float]") -> list[float]:
    """Round millimetres and cosines; never minus zero."""
    return [round(float(value), DECIMALS) + 0.0 for value in values]
