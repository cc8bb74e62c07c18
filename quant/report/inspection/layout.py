"""The stable layout of ``quant inspect --json``, from which its schema and its page are made.

Keys are never renamed or removed within one ``layout`` number; new ones may be added. A key is
always there: null, "" or [] say that there is nothing to say.
"""

import sys
from typing import Annotated

from typing_extensions import TypedDict

LAYOUT = 1
"""Raised when a key is renamed, removed, or changes its meaning."""


class FlagReport(TypedDict):
    """A code of the registry with what was found."""

    code: Annotated[str, "code of docs/codes.md"]
    severity: Annotated[str, "error, warning or information"]
    sentence: Annotated[str, "what the code means"]
    detail: Annotated[str, "what was found in this case"]
    action: Annotated[str, "what to do"]


class ProblemReport(FlagReport):
    """Something to mend; the list is ordered, the weightiest first."""

    where: Annotated[str, "what it concerns: study, emission, ct, region, reference, file"]
    subject: Annotated[str, "end of the series UID, name of the region or of the file; or empty"]


class GeometryReport(TypedDict):
    """Where the voxels lie and what says so; LPS, mm."""

    shape_kji: Annotated[list[int], "slices, rows, columns"]
    spacing_kji_mm: Annotated[list[float], "distance of voxel centres along slices, rows, columns"]
    first_voxel_lps_mm: Annotated[list[float], "centre of the first voxel"]
    directions_kji_lps: Annotated[list[list[float]], "unit vectors along slices, rows, columns"]
    orientation: Annotated[str, "the directions in words"]
    oblique_degrees: Annotated[float, "largest angle between an axis and the patient's"]
    position_from: Annotated[str, "attributes that gave position and orientation"]
    spacing_from: Annotated[str, "attribute that gave the slice spacing, and what its sign says"]
    frame_of_reference_uid: Annotated[str, "FrameOfReferenceUID; empty when missing"]
    sources: Annotated[dict[str, str], "all that the reader noted on the geometry"]


class AcquisitionReport(TypedDict):
    """How it was acquired, as far as the header says."""

    radionuclide: Annotated[str, "for instance I-123"]
    radionuclide_from: Annotated[str, "attribute that named it"]
    collimator: Annotated[str, "name or type"]
    energy_window_kev: Annotated[str, "first energy window, keV"]
    frame_duration_s: Annotated[float | None, "ActualFrameDuration"]
    frames_per_rotation: Annotated[int | None, "NumberOfFramesInRotation"]
    rotations: Annotated[int | None, "items of RotationInformationSequence"]
    scan_arc_degrees: Annotated[float | None, "ScanArc"]


class SuvReport(TypedDict):
    """Whether a standardised uptake value can be computed, and the times that it rests on."""

    possible: Annotated[bool, "whether SUV can be computed, or is stored already"]
    because: Annotated[str, "what it rests on, or why not"]
    chain: Annotated[list[str], "activity, times, delays and decay, one sentence each; no dates"]
    flags: Annotated[list[FlagReport], "what is missing or implausible"]


class SeriesReport(TypedDict):
    """One volume, or another object that was looked at; a series may hold several (``part``)."""

    series_uid: Annotated[str, "SeriesInstanceUID"]
    part: Annotated[str, "which volume of a series that holds several; empty for the only one"]
    modality: Annotated[str, "as it is treated: NM, PT, CT, RTSTRUCT, SEG"]
    files: Annotated[int, "number of files"]
    what: Annotated[str, "what it is, in words"]
    chosen_as: Annotated[str, "emission, ct, or empty"]
    verdict: Annotated[str, "readable, refused, or not an image"]
    problem: Annotated[FlagReport | None, "why it is refused; null when it is not"]
    geometry: Annotated[GeometryReport | None, "null when it has no place or is no image"]
    unit: Annotated[str, "unit of the values, relative when none is stated; empty: no image"]
    unit_because: Annotated[str, "what the unit rests on"]
    slope_source: Annotated[str, "what scales stored values"]
    attenuation_correction: Annotated[str, "verdict on the correction; empty for CT and regions"]
    attenuation_evidence: Annotated[list[str], "what the verdict rests on"]
    corrections: Annotated[list[str], "CorrectedImage, in words"]
    acquisition: Annotated[AcquisitionReport | None, "null for CT and regions"]
    suv: Annotated[SuvReport | None, "null for CT and regions"]
    facts: Annotated[dict[str, str], "technical header facts by DICOM keyword; no descriptions"]
    flags: Annotated[list[FlagReport], "everything to know about reading it"]


class CandidateReport(TypedDict):
    """A volume that could have been chosen."""

    purpose: Annotated[str, "emission or ct"]
    series_uid: Annotated[str, "SeriesInstanceUID"]
    part: Annotated[str, "which volume of the series"]
    score: Annotated[float, "the highest is chosen"]
    chosen: Annotated[bool, "whether it was"]
    reasons: Annotated[list[str], "what the score rests on"]


class RegionReport(TypedDict):
    """A region or a marked point."""

    name: Annotated[str, "name of the region, which people gave it"]
    role: Annotated[str, "what the protocol makes of the name; other: not used; mark: a point"]
    format: Annotated[str, "RTSTRUCT, SEG, NIfTI, NRRD, seg.nrrd, MHA or markup"]
    frame: Annotated[
        str, "frame of reference: same, another, none stated; stated: no emission volume"
    ]
    contours: Annotated[int | None, "number of contours; null for voxels and points"]
    voxels: Annotated[int | None, "voxels of its own grid that it holds; null for contours"]
    inside: Annotated[bool | None, "whether its box meets the emission volume; null: not known"]
    position_mm: Annotated[list[float] | None, "LPS, of a marked point"]
    flags: Annotated[list[FlagReport], "what the reader noticed, and what will refuse it"]


class QuarantineReport(TypedDict):
    """A file or series that is not used."""

    path: Annotated[str, "below INPUT"]
    study_uid: Annotated[str, "empty when unknown"]
    code: Annotated[str, "code of docs/codes.md"]
    severity: Annotated[str, "error, warning or information"]
    message: Annotated[str, "what was found"]
    action: Annotated[str, "what to do"]


class StudyReport(TypedDict):
    """One study: first the verdict, then the evidence."""

    study_uid: Annotated[str, "StudyInstanceUID"]
    subject_key: Annotated[str, "keyed hash of the patient's identifier"]
    measurable: Annotated[bool, "whether the emission volume can be measured"]
    verdict: Annotated[str, "the same in words"]
    measured: Annotated[list[str], "what would be measured, in words"]
    missing: Annotated[list[str], "what would be absent, and what for"]
    mend: Annotated[list[ProblemReport], "what to mend, the weightiest first"]
    series: Annotated[
        list[SeriesReport],
        "every volume and region object; a sum that is measured stands beside its parts",
    ]
    candidates: Annotated[list[CandidateReport], "scores of the selection"]
    regions: Annotated[list[RegionReport], "every region and marked point"]
    unreadable: Annotated[list[QuarantineReport], "region files that cannot be used"]
    flags: Annotated[list[FlagReport], "flags of the study as a whole"]
    extra_files: Annotated[list[str], "names of region files that are not DICOM"]


class FilesReport(TypedDict):
    """Where every file went."""

    seen: int
    used: int
    duplicates: int
    ignored: int
    quarantined: int


class InspectReport(TypedDict):
    """The whole answer."""

    layout: Annotated[int, "number of this layout"]
    version: Annotated[str, "version of the program"]
    verdict: Annotated[str, "one sentence on the whole folder"]
    files: FilesReport
    quarantined: Annotated[list[QuarantineReport], "what is not used, and why"]
    studies: list[StudyReport]


PARTS = (
    InspectReport, FilesReport, QuarantineReport, StudyReport, ProblemReport, FlagReport,
    SeriesReport, GeometryReport, AcquisitionReport, SuvReport, CandidateReport, RegionReport,
)  # fmt: skip


PREFACE = f"""Layout {LAYOUT}. Keys are never renamed or removed within one layout number; new ones
may be added. Every key is always there: null, an empty text or an empty list say that there is
nothing to say. Descriptions, names of persons, dates of birth and dates of the examination are
never shown. `quant inspect --schema` prints the same as JSON Schema. Made by
`python -m quant.report.inspection.layout > docs/inspect.md`; a test keeps it true."""


def json_schema() -> dict[str, object]:
    """Return the layout as JSON Schema (draft 2020-12)."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(InspectReport).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def page() -> str:
    """Return the layout as Markdown: one table for each kind of object."""
    from typing import get_type_hints

    lines = ["# What `quant inspect --json` says", "", PREFACE, ""]
    for part in PARTS:
        summary = (part.__doc__ or "").strip()
        lines += [f"## {part.__name__.removesuffix('Report')}", "", summary, ""]
        lines += ["| key | type | meaning |", "| --- | --- | --- |"]
        for key, hint in get_type_hints(part, include_extras=True).items():
            inner, meaning = (hint, "")
            if hasattr(hint, "__metadata__"):
                inner, meaning = hint.__origin__, hint.__metadata__[0]
            lines.append(f"| `{key}` | {_named(inner)} | {meaning} |")
        lines.append("")
    return "\n".join(lines)


def _named(hint: object) -> str:
    """Return a type in JSON's words."""
    names = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}
    text = hint.__name__ if isinstance(hint, type) and "[" not in str(hint) else str(hint)
    for part in PARTS:
        text = text.replace(f"{part.__module__}.{part.__name__}", part.__name__)
    text = text.replace("Report", "").replace("list[", "list of ").replace("]", "")
    text = text.replace("dict[str, str", "texts by key").replace(" | None", " or null")
    return " ".join(names.get(word, word) for word in text.split())


if __name__ == "__main__":
    sys.stdout.write(page())
