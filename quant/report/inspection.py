"""What a folder holds, as a verdict that a physicist can act on; JSON-ready, nothing is written.

Geometry, units and choices come from the same functions that measuring uses, so that what is
shown here is what will be measured. Descriptions, which may hold names, are not shown.
"""

from typing import TYPE_CHECKING

from quant.dicom.acquisition import acquisition_facts
from quant.dicom.calibration import nm_scale, slice_scales
from quant.dicom.evidence import correction_of, map_evidence
from quant.dicom.nm import nm_kind
from quant.dicom.pairing import select
from quant.dicom.volumes import place_volume
from quant.domain.flags import CODES, Flag
from quant.errors import QuantError, StudyError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quant.dicom.calibration import Scale
    from quant.dicom.geometry import Placement
    from quant.domain.grid import Grid
    from quant.domain.protocol import RegionSettings
    from quant.domain.study import Selection, SeriesEntry, StudyFiles, StudyIndex

Report = dict[str, object]

DECIMALS = 4
"""Digits after the point of millimetres shown."""

KINDS = {
    "PT": "PET or SPECT exported as PET, one file a slice",
    "CT": "CT, one file a slice",
    "RTSTRUCT": "regions drawn as contours",
    "SEG": "regions drawn as voxels",
}


def inspect_index(index: "StudyIndex", regions: "RegionSettings | None" = None) -> Report:
    """Report on everything that one pass over a tree found.

    Returns
    -------
    dict
        ``files``: how many were seen, used, duplicate, ignored and quarantined; ``quarantined``:
        file, study, code, message and what to do; ``studies``: see :func:`inspect_study`.
    """
    used = sum(len(one.files) for study in index.studies for one in study.series)
    used += sum(len(study.extra_files) for study in index.studies)
    return {
        "files": {
            "seen": index.files_seen,
            "used": used,
            "duplicates": index.duplicates,
            "ignored": len(index.ignored),
            "quarantined": index.files_quarantined,
        },
        "quarantined": [
            {
                "path": one.path,
                "study_uid": one.study_uid,
                "code": one.code,
                "message": one.message,
                "action": CODES[one.code].action,
            }
            for one in index.quarantined
        ],
        "studies": [inspect_study(study, regions) for study in index.studies],
    }


def inspect_study(study: "StudyFiles", regions: "RegionSettings | None" = None) -> Report:
    """Report on one study: its series, what each is worth, and which would be measured.

    Parameters
    ----------
    study : StudyFiles
    regions : RegionSettings, optional
        Words that give roles; with them the study's regions are read and listed.

    Returns
    -------
    dict
        ``study_uid``, ``subject_key``, ``verdict``, ``series``, ``candidates``, ``flags``,
        ``extra_files`` and, with settings, ``regions``. Plain JSON values only.
    """
    selection = select(study)
    report: Report = {
        "study_uid": study.study_uid,
        "subject_key": study.subject_key,
        "verdict": _verdict(study, selection),
        "series": [_inspect_series(one, selection) for one in study.series],
        "candidates": [
            {
                "purpose": one.purpose,
                "series_uid": one.series_uid,
                "score": one.score,
                "chosen": one.chosen,
                "reasons": list(one.reasons),
            }
            for one in selection.candidates
        ],
        "flags": _flags(dict.fromkeys((*study.flags, *selection.flags))),
        "extra_files": [path.name for path in study.extra_files],
    }
    if regions is not None:
        report["regions"] = _inspect_regions(study, regions)
    return report


def _verdict(study: "StudyFiles", selection: "Selection") -> str:
    if selection.emission is None:
        mixed = any(flag.code == "PATIENT_MIXED" for flag in study.flags)
        why = "files of different patients" if mixed else "no emission volume"
        return f"cannot be measured: {why}"
    try:
        place_volume(selection.emission)
        _scale(selection.emission)
    except StudyError as error:
        return f"cannot be measured: {error}"
    return "can be measured"


def _inspect_series(series: "SeriesEntry", selection: "Selection") -> Report:
    report: Report = {
        "series_uid": series.series_uid,
        "modality": series.modality,
        "files": len(series.files),
        "what": KINDS.get(series.modality, "not used"),
        "chosen_as": _chosen_as(series, selection),
        "facts": acquisition_facts(series),
    }
    if series.modality not in ("NM", "PT", "CT"):
        return report
    if series.modality in ("NM", "PT"):
        correction, reasons = correction_of(series.facts)
        report["attenuation_correction"] = str(correction)
        report["attenuation_evidence"] = list(reasons)
        if map_evidence(series.facts):
            report["what"] = f"attenuation map: {map_evidence(series.facts)}"
        elif series.modality == "NM":
            report["what"] = f"NM {nm_kind(series)[0]}"
    try:
        placement = place_volume(series)
        scale = _scale(series)
    except StudyError as error:
        action = error.next_step or CODES[error.code].action
        problem = {"code": error.code, "message": str(error), "action": action}
        return report | {"verdict": "refused", "problem": problem}
    return report | {
        "verdict": "readable",
        "geometry": _geometry(placement),
        "unit": str(scale.unit),
        "unit_because": scale.why,
        "slope_source": scale.source,
        "flags": _flags((*placement.flags, *scale.flags)),
    }


def _chosen_as(series: "SeriesEntry", selection: "Selection") -> str:
    if series is selection.emission:
        return "emission"
    return "ct" if series is selection.ct else ""


def _scale(series: "SeriesEntry") -> "Scale":
    if series.modality == "NM":
        return nm_scale(series.facts)
    return next(iter(slice_scales(series.modality, series.files)))


def _geometry(placement: "Placement") -> Report:
    grid = placement.grid
    return {
        "shape_kji": list(grid.shape),
        "spacing_kji_mm": _rounded(grid.spacing_mm),
        "first_voxel_lps_mm": _rounded(grid.affine[:3, 3]),
        "directions_kji_lps": [_rounded(column) for column in (grid.axes_mm / grid.spacing_mm).T],
        "orientation": _orientation(grid),
        "frame_of_reference_uid": grid.frame_of_reference_uid,
        **placement.facts,
    }


def _orientation(grid: "Grid") -> str:
    """Say where slices, rows and columns run, by the nearest end of the patient."""
    ends = (
        ("to the right", "to the left"),
        ("to the front", "to the back"),
        ("to the feet", "to the head"),
    )
    said = []
    for name, direction in zip(("slices", "rows", "columns"), grid.axes_mm.T, strict=True):
        axis = int(abs(direction).argmax())
        said.append(f"{name} run {ends[axis][int(direction[axis] > 0)]}")
    return ", ".join(said)


def _rounded(values: "Iterable[float]") -> list[float]:
    return [round(float(value), DECIMALS) + 0.0 for value in values]


def _flags(flags: "Iterable[Flag]") -> list[Report]:
    return [
        {
            "code": flag.code,
            "severity": str(flag.severity),
            "sentence": CODES[flag.code].sentence,
            "detail": flag.detail,
            "action": CODES[flag.code].action,
        }
        for flag in flags
    ]


def _inspect_regions(study: "StudyFiles", settings: "RegionSettings") -> list[Report]:
    from quant.regions.roles import assign_role
    from quant.regions.sources import gather_shapes

    try:
        found = gather_shapes(study)
    except QuantError as error:
        return [{"code": error.code, "message": str(error)}]
    rows: list[Report] = [
        {
            "name": shape.name,
            "role": str(assign_role(shape.name, settings)[0]),
            "source": shape.source,
            "same_frame_known": bool(shape.frame_of_reference_uid),
        }
        for shape in found.shapes
    ]
    rows += [
        {"name": mark.name, "role": "mark", "position_mm": _rounded(mark.position_mm)}
        for mark in found.marks
    ]
    rows += [{"code": one.code, "message": one.message} for one in found.quarantined]
    return rows
