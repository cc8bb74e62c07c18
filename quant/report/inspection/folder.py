"""What a folder holds, as a verdict that a physicist can act on; JSON-ready, nothing is written.

Descriptions, which may hold names, are not shown. The layout stands in
:mod:`quant.report.inspection.layout`.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from quant.domain.text import counted
from quant.report.inspection.layout import LAYOUT
from quant.report.inspection.mending import quarantine_report
from quant.report.inspection.study import inspect_study
from quant.version import VERSION

if TYPE_CHECKING:
    from quant.domain.protocol import StudyProtocol
    from quant.domain.study import QuarantineEntry, StudyFiles, StudyIndex
    from quant.report.inspection.layout import InspectReport, StudyReport

Tick = Callable[[int, int], None]

Looks = Callable[
    [Iterable["tuple[StudyFiles, tuple[QuarantineEntry, ...]]"]], Iterator["StudyReport"]
]


def inspect_index(
    index: "StudyIndex",
    protocol: "StudyProtocol",
    *,
    voxels: bool = True,
    tick: Tick | None = None,
    looks: Looks | None = None,
) -> "InspectReport":
    """Report on everything that one pass over a tree found.

    Parameters
    ----------
    index : StudyIndex
    protocol : StudyProtocol
        Gives regions their roles and says which volume is meant.
    voxels : bool
        Also read the emission volumes that would be measured: finds what headers do not tell.
    tick : callable, optional
        Called with (studies done, studies in all).
    looks : callable, optional
        Looks at studies, each given with what the index set aside of it, and yields a report of
        each in their order; :func:`inspect_study` when left out.

    Returns
    -------
    InspectReport
        Plain JSON values only.
    """
    asked = [
        (study, tuple(one for one in index.quarantined if one.study_uid == study.study_uid))
        for study in index.studies
    ]
    reports: Iterable[StudyReport] = (
        (inspect_study(one, protocol, lost, voxels=voxels) for one, lost in asked)
        if looks is None
        else looks(asked)
    )
    studies: list[StudyReport] = []
    for done, report in enumerate(reports, start=1):
        studies.append(report)
        if tick is not None:
            tick(done, len(asked))
    used = {entry.path for study in index.studies for one in study.series for entry in one.files}
    return {
        "layout": LAYOUT,
        "version": VERSION,
        "verdict": _verdict(studies),
        "files": {
            "seen": index.files_seen,
            "used": len(used) + sum(len(study.extra_files) for study in index.studies),
            "duplicates": index.duplicates,
            "ignored": len(index.ignored),
            "quarantined": index.files_quarantined,
        },
        "quarantined": [quarantine_report(one) for one in index.quarantined],
        "studies": studies,
    }


def _verdict(studies: "list[StudyReport]") -> str:
    if not studies:
        return "No study: INPUT holds no NM, PET or CT series that can be used."
    good = [one for one in studies if one["measurable"]]
    whole = sum(not one["missing"] for one in good)
    parts = (
        (whole, "can be measured in full"),
        (len(good) - whole, "can be measured in part"),
        (len(studies) - len(good), "cannot be measured"),
    )
    said = ", ".join(f"{count} {words}" for count, words in parts if count)
    return f"{counted(len(studies), 'study', 'studies')}: {said}."
