"""One study for the report of ``quant inspect``.

First what would be measured, what would be absent and what to mend; then the evidence.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quant.dicom.pairing import select
from quant.dicom.volumes import place_volume, read_volume
from quant.domain.flags import CODES, Flag
from quant.domain.study import Selection
from quant.errors import QuantError, StudyError
from quant.report.inspection.flags import flag_reports, problem_report
from quant.report.inspection.mending import (
    Finding,
    findings_of_study,
    in_order,
    quarantine_report,
)
from quant.report.inspection.regions import (
    inspect_regions,
    measured_words,
    missing_flags,
    missing_words,
    usable_roles,
)
from quant.report.inspection.series import identity, inspect_series

if TYPE_CHECKING:
    from quant.domain.grid import Grid
    from quant.domain.protocol import StudyProtocol
    from quant.domain.study import QuarantineEntry, SeriesEntry, StudyFiles
    from quant.report.inspection.layout import (
        CandidateReport,
        SeriesReport,
        StudyReport,
    )

NOTHING = "everything: there is no emission volume"
UNREAD = "everything: it cannot be read"


@dataclass(slots=True)
class _Look:
    """What a look at one study finds on the way."""

    study: "StudyFiles"
    protocol: "StudyProtocol"
    selection: "Selection"
    series: "list[SeriesReport]"
    findings: list[Finding] = field(default_factory=list)
    why_not: str = ""
    unit: str = ""

    @property
    def emission(self) -> "SeriesReport | None":
        """Report on the chosen emission volume."""
        return next((one for one in self.series if one["chosen_as"] == "emission"), None)

    def refuse(self, error: QuantError) -> None:
        """Note that the emission volume cannot be read."""
        self.why_not = f"[{error.code}] {error.what}"
        problem = problem_report(error)
        if self.emission is not None:
            self.emission["verdict"], self.emission["problem"] = "refused", problem
        self.findings.append(Finding("emission", _subject(self.selection), problem))


def inspect_study(
    study: "StudyFiles",
    protocol: "StudyProtocol",
    lost: "tuple[QuarantineEntry, ...]" = (),
    *,
    voxels: bool = True,
) -> "StudyReport":
    """Report on one study: what would be measured, what to mend, and every series.

    Parameters
    ----------
    study : StudyFiles
    protocol : StudyProtocol
    lost : tuple of QuarantineEntry
        What the index set aside of this study.
    voxels : bool
        Also read the emission volume: finds what headers do not tell.
    """
    selection = select(study, protocol.emission)
    series = [inspect_series(one, selection, protocol) for one in _volumes(study, selection)]
    look = _Look(study, protocol, selection, series)
    grid = _look_at_emission(look, voxels=voxels)
    regions, unreadable = inspect_regions(study, protocol.regions, grid)
    roles = usable_roles(regions)
    missing = missing_flags(roles) if selection.emission is not None else []
    measured = measured_words(roles, missing) if selection.emission is not None else []
    if not look.why_not and not measured:
        look.why_not = "no tumour region and no organ to place a reference sphere in"
    look.findings += findings_of_study(
        (study, selection, look.series), regions, missing, (*lost, *unreadable)
    )
    return {
        "study_uid": study.study_uid,
        "subject_key": study.subject_key,
        "measurable": not look.why_not,
        "verdict": _study_verdict(look, missing),
        "measured": [] if look.why_not else [*_emission_words(look), *measured],
        "missing": missing_words(missing) if selection.emission else [NOTHING],
        "mend": in_order(look.findings),
        "series": look.series,
        "candidates": _candidates(selection),
        "regions": regions,
        "unreadable": [quarantine_report(one) for one in unreadable],
        "flags": flag_reports((*study.flags, *selection.flags)),
        "extra_files": [path.name for path in study.extra_files],
    }


def refused_study(
    study: "StudyFiles", lost: "tuple[QuarantineEntry, ...]", why: StudyError
) -> "StudyReport":
    """Report on a study that nobody could look at: what the index knows, and why."""
    selection = Selection(None, None, ())
    findings = findings_of_study((study, selection, []), [], [], lost)
    return {
        "study_uid": study.study_uid,
        "subject_key": study.subject_key,
        "measurable": False,
        "verdict": f"cannot be measured: [{why.code}] {why.what}",
        "measured": [],
        "missing": [UNREAD],
        "mend": in_order([Finding("study", "", problem_report(why)), *findings]),
        "series": [],
        "candidates": [],
        "regions": [],
        "unreadable": [],
        "flags": flag_reports(study.flags),
        "extra_files": [path.name for path in study.extra_files],
    }


def without_voxels(report: "StudyReport", why: StudyError) -> "StudyReport":
    """Return a report made from headers of a study whose voxels could not be read."""
    return {
        **report,
        "measurable": False,
        "verdict": f"cannot be measured: [{why.code}] {why.what}",
        "measured": [],
        "missing": [UNREAD],
        "mend": [{**problem_report(why), "where": "study", "subject": ""}, *report["mend"]],
    }


def _volumes(study: "StudyFiles", selection: "Selection") -> "tuple[SeriesEntry, ...]":
    """Return all series, and the emission volume beside its parts when it is made of several."""
    chosen = selection.emission
    if chosen is None or any(identity(one) == identity(chosen) for one in study.series):
        return study.series
    return (*study.series, chosen)


def _look_at_emission(look: _Look, *, voxels: bool) -> "Grid | None":
    """Read the emission volume as measuring would; return its grid where it has one."""
    emission = look.selection.emission
    if emission is None:
        mixed = any(flag.code == "PATIENT_MIXED" for flag in look.study.flags)
        look.why_not = "files of different patients" if mixed else "no emission volume"
        return None
    try:
        placement = place_volume(emission)
        if voxels:
            _look_at_voxels(look)
        elif look.emission is not None and look.emission["problem"] is not None:
            problem = look.emission["problem"]
            look.why_not = f"[{problem['code']}] {problem['sentence']}"
            look.findings.append(Finding("emission", _subject(look.selection), problem))
    except StudyError as error:
        look.refuse(error)
        return None
    except Exception as error:  # noqa: BLE001 - one study must not cost the look at the others
        look.refuse(_unforeseen(error))
        return None
    return placement.grid


def _unforeseen(error: Exception) -> StudyError:
    said = f"{type(error).__name__} while looking at it"
    return StudyError("STUDY_FAILED", CODES["STUDY_FAILED"].sentence, found=said)


def _look_at_voxels(look: _Look) -> None:
    from quant.dicom.calibrate import calibrated
    from quant.dicom.outline.flip import flip_flags

    emission = look.selection.emission
    if emission is None:
        return
    volume = calibrated(read_volume(emission), emission, look.protocol.calibration)
    look.unit = str(volume.unit)
    flags = (*volume.flags, *flip_flags(look.study, look.selection, volume))
    if look.emission is not None:
        known = {(one["code"], one["detail"]) for one in look.emission["flags"]}
        look.emission["flags"] += [
            one for one in flag_reports(flags) if (one["code"], one["detail"]) not in known
        ]


def _subject(selection: "Selection") -> str:
    return selection.emission.series_uid[-12:] if selection.emission else ""


def _emission_words(look: _Look) -> list[str]:
    emission = look.emission
    if emission is None:
        return []
    unit = look.unit or emission["unit"]
    said = [emission["what"], emission["part"], emission["attenuation_correction"]]
    said.append("values in relative units" if unit == "relative" else f"values in {unit}")
    return [", ".join(part for part in said if part)]


def _study_verdict(look: _Look, missing: list[Flag]) -> str:
    if look.why_not:
        return f"cannot be measured: {look.why_not}"
    return "can be measured in part" if missing else "can be measured in full"


def _candidates(selection: "Selection") -> "list[CandidateReport]":
    return [
        {
            "purpose": one.purpose,
            "series_uid": one.series_uid,
            "part": one.part,
            "score": one.score,
            "chosen": one.chosen,
            "reasons": list(one.reasons),
        }
        for one in selection.candidates
    ]
