"""What the first page of a report shows of all studies."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quant.domain.flags import CODES, Severity
from quant.domain.record import Status, StudyRecord
from quant.report.columns import joined_flags
from quant.report.flagged import codes_of, worst_first
from quant.report.page import number
from quant.report.ratios import RATIO_LABELS
from quant.report.site.charts import Chart, Point, chart
from quant.report.site.published import NOT_ADVICE, PUBLISHED

if TYPE_CHECKING:
    from quant.domain.study import QuarantineEntry

SHAPE_HEADS = {"tumour_volume_ml": ("Volume", "ml"), "asphericity": ("Asphericity", "")}
HEADS = {**{name: (label, "") for name, label in RATIO_LABELS.items()}, **SHAPE_HEADS}
"""Columns of numbers by their names, with label and unit."""

CHARTS = {
    **{name: f"{label}, ratio" for name, label in RATIO_LABELS.items()},
    "asphericity": "Asphericity, a fraction (IBSI 25C7)",
}

MOST_FLAGS = 3
"""Flags that a row shows by name; of the others it says how many there are."""

SHOWN_AT_FIRST = 250
"""Rows of the table that are laid out at once, where scripts run; more come while scrolling."""


@dataclass(frozen=True, slots=True)
class Row:
    """A study's row in the table."""

    href: str
    study_uid: str
    subject: str
    status: str
    unit: str
    cells: tuple[str, ...]
    codes: tuple[str, ...]
    own: tuple[str, ...]
    """Those that are not of other lesions only, the worst first: a row shows these by name."""

    @property
    def short(self) -> str:
        """The end of the study's UID."""
        return self.study_uid[-12:]

    @property
    def loud(self) -> list[tuple[str, str]]:
        """The first of its own codes with their severity; not those that only inform."""
        known = [(code, CODES[code].severity) for code in self.own]
        loud = [(code, str(how)) for code, how in known if how is not Severity.INFORMATION]
        return loud[:MOST_FLAGS]

    @property
    def quiet(self) -> list[str]:
        """All other codes."""
        loud = {code for code, _ in self.loud}
        return [code for code in worst_first(self.codes) if code not in loud]


class Batch:
    """Gathers rows and values study by study, so that records need not stay in memory.

    Parameters
    ----------
    href : callable
        Gives the address of a study's page by the name of its record.
    """

    def __init__(self, href: Callable[[str], str]) -> None:
        self._href = href
        self._rows: list[Row] = []
        self._points: dict[str, list[Point]] = {name: [] for name in CHARTS}
        self._protocols: dict[str, None] = {}
        self._versions: dict[str, None] = {}

    def add(self, name: str, record: StudyRecord) -> None:
        """Take what the first page shows of a study."""
        names = {one.name for one in record.measurements}
        values = {key: record.value(key) if key in names else None for key in HEADS}
        href = self._href(name)
        codes = tuple(filter(None, joined_flags(record).split(";")))
        row = Row(
            href=href,
            study_uid=record.study_uid,
            subject=record.subject_key,
            status=str(record.status),
            unit=record.unit,
            cells=tuple(number(values[key]) for key in HEADS),
            codes=codes,
            own=tuple(code for code in codes_of(record)[0] if code in codes),
        )
        self._rows.append(row)
        for key, points in self._points.items():
            value = values[key]
            if value is not None:
                points.append(Point(float(value), f"study …{row.short}", href))
        self._protocols.setdefault(record.protocol_name)
        self._versions.setdefault(record.versions.get("spectct-quant", ""))

    def view(self, quarantine: "Sequence[QuarantineEntry]") -> dict[str, Any]:
        """Return what the template of the first page is filled with."""
        rows = sorted(self._rows, key=lambda row: row.study_uid)
        counts = Counter(code for row in rows for code in row.codes)
        refused = [(one, CODES[one.code]) for one in quarantine]
        known = {*counts, *(one.code for one in quarantine)}
        ranked = worst_first(known)
        states = Counter(row.status for row in rows)
        return {
            "rows": rows,
            "limit": SHOWN_AT_FIRST,
            "heads": list(HEADS.values()),
            "tally": [(str(one), states[one]) for one in Status if states[one]],
            "flags": sorted(counts.items()),
            "refused": refused,
            "codes": [(code, CODES[code], counts[code]) for code in ranked],
            "charts": self._charts(len(rows)),
            "published": PUBLISHED,
            "not_advice": NOT_ADVICE,
            "protocols": [one for one in self._protocols if one],
            "versions": [one for one in self._versions if one],
        }

    def _charts(self, studies: int) -> list[Chart]:
        return [
            chart(CHARTS[name], name, points, studies - len(points))
            for name, points in self._points.items()
            if points
        ]
