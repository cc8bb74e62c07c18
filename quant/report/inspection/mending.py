"""What to mend in a study, the weightiest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quant.domain.flags import CODES, Flag, Severity
from quant.report.inspection.flags import flag_report, flag_reports

if TYPE_CHECKING:
    from quant.domain.study import QuarantineEntry, Selection, StudyFiles
    from quant.report.inspection.layout import (
        FlagReport,
        ProblemReport,
        QuarantineReport,
        RegionReport,
        SeriesReport,
    )

WEIGHTS: tuple[tuple[str, ...], ...] = (
    ("emission error", "study error"),
    ("NM_FLIP_SUSPECT", "NOT_ATTENUATION_CORRECTED", "AC_CONTRADICTED", "AC_UNKNOWN"),
    ("TUMOUR_MISSING",),
    ("LIVER_MISSING", "MUSCLE_MISSING", "L2_MISSING"),
    ("file error", "region error"),
    ("emission warning", "study warning"),
    ("region warning", "file warning"),
    ("ct error", "ct warning"),
)
"""In this order, by code or by what a finding concerns."""

HARMLESS = "Nothing"
"""An action that begins so asks for no mending: ratios, volumes and shape are as they should be."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was noticed, what it concerns, and whose it is."""

    where: str
    subject: str
    flag: "FlagReport"

    @property
    def weight(self) -> int:
        """Place in the order of what to mend; small goes first."""
        kind = f"{self.where} {self.flag['severity']}"
        for place, names in enumerate(WEIGHTS):
            if self.flag["code"] in names or kind in names:
                return place
        return len(WEIGHTS)

    @property
    def needs_mending(self) -> bool:
        """Tell whether there is something to do about it."""
        is_loud = self.flag["severity"] != Severity.INFORMATION
        return is_loud and not self.flag["action"].startswith(HARMLESS)


def in_order(findings: Sequence[Finding]) -> "list[ProblemReport]":
    """Sort findings by weight and leave out what needs no mending or is said twice."""
    ordered = sorted((one for one in findings if one.needs_mending), key=lambda one: one.weight)
    seen: set[tuple[str, str, str]] = set()
    problems: list[ProblemReport] = []
    for one in ordered:
        key = (one.flag["code"], one.subject, one.flag["detail"])
        if key not in seen:
            seen.add(key)
            problems.append({**one.flag, "where": one.where, "subject": one.subject})
    return problems


def findings_of_study(
    looked_at: "tuple[StudyFiles, Selection, list[SeriesReport]]",
    regions: "list[RegionReport]",
    missing: list[Flag],
    lost: "tuple[QuarantineEntry, ...]",
) -> list[Finding]:
    """Gather what was noticed: in the study, its chosen series, its regions and its files."""
    study, selection, series = looked_at
    found = [Finding("study", "", one) for one in flag_reports((*study.flags, *selection.flags))]
    for report in series:
        if report["chosen_as"]:
            where, subject = report["chosen_as"], report["series_uid"][-12:]
            found += [Finding(where, subject, flag) for flag in report["flags"]]
    found += [Finding("reference", "", one) for one in flag_reports(missing)]
    found += [Finding("region", row["name"], flag) for row in regions for flag in row["flags"]]
    said = {flag.code for flag in study.flags}
    for entry in lost:
        if entry.code not in said:
            flag = flag_report(entry.code, "")
            flag["sentence"], flag["action"] = said_and_action(entry)
            found.append(Finding("file", entry.path, flag))
    return found


def said_and_action(entry: "QuarantineEntry") -> tuple[str, str]:
    """Return what an entry says and what to do about it, each once.

    A message that comes from an error holds its code and its next step as well.
    """
    message = entry.message.removeprefix(f"[{entry.code}] ")
    said, step, action = message.partition(" Next step: ")
    action = action.rstrip(".") + "." if step else CODES[entry.code].action
    if not step:  # an index entry may end with what to do
        said = message.removesuffix(f" {action}")
    return said, action[:1].upper() + action[1:]


def quarantine_report(one: "QuarantineEntry") -> "QuarantineReport":
    """Report what is not used, and why."""
    message, action = said_and_action(one)
    return {
        "path": one.path,
        "study_uid": one.study_uid,
        "code": one.code,
        "severity": str(CODES[one.code].severity),
        "message": message,
        "action": action,
    }
