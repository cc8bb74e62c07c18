"""The overview of a run of scores: one HTML file, opened from disk, without network or script."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from quant.domain.flags import CODES, Severity
from quant.scoring.analysis.agreement import Agreement
from quant.scoring.analysis.comparisons import TOTAL, Comparison
from quant.scoring.analysis.cutoffs import Answer, CutoffResult
from quant.scoring.drawings.timeline import TITLES
from quant.scoring.readings.order import by_patient, time_points
from quant.scoring.readings.segments import segment_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

    from quant.scoring.analysis.relative import RelativeScore
    from quant.scoring.drawings.figures import Figure
    from quant.scoring.readings.totals import Reading
    from quant.scoring.results import ScoreResults

ABSENT = "\u2013"
"""An en dash stands for an absent value."""

Row = TypeVar("Row", Comparison, Agreement)

TEMPLATE = Path(__file__).parent / "score.html.j2"


@dataclass(frozen=True, slots=True)
class ReadingView:
    """A reading as the page shows it."""

    reading: "Reading"
    relative: "RelativeScore | None"
    answers: tuple[CutoffResult, ...]
    refused: tuple[CutoffResult, ...]

    @property
    def system(self) -> str:
        """Name of the system for people."""
        return TITLES[self.reading.system]

    @property
    def unseen(self) -> str:
        """Labels of the segments without a score."""
        keys = self.reading.total.not_assessable
        return ", ".join(segment_of(self.reading.system, key).label for key in keys)

    @property
    def borders(self) -> str:
        """Segments with two admissible scores."""
        return ", ".join(
            f"{segment_of(one.system, one.segment).label} {one.score} or {one.alternative}"
            for one in self.reading.segments
            if one.alternative is not None
        )

    @property
    def codes(self) -> list[str]:
        """Codes of this reading that are more than information."""
        flags = [flag for one in self.reading.segments for flag in one.flags]
        flags += [*self.reading.total.flags, *(self.relative.flags if self.relative else ())]
        loud = {flag.code for flag in flags if flag.severity is not Severity.INFORMATION}
        return sorted(loud)


def write_score_page(
    results: "ScoreResults", figures: "Sequence[Figure]", tables: Sequence[str], out: Path
) -> None:
    """Write ``score.html``; everything in it is escaped.

    Parameters
    ----------
    results : ScoreResults
    figures : sequence of Figure
    tables : sequence of str
        Names of the tables beside it.
    out : Path
    """
    from jinja2 import Environment, StrictUndefined

    from quant.report.writing import write_text

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["breakable"] = _breakable
    environment.filters["p"] = _p
    environment.filters["share"] = _share
    environment.filters["shown"] = _shown
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    views = _views(results)
    codes = sorted({code for group in views.values() for one in group for code in one.codes})
    html = template.render(
        patients=[
            {
                "name": patient,
                "order": time_points([one.reading for one in group])[0],
                "readings": group,
                "figures": [one for one in figures if one.patient == patient],
            }
            for patient, group in views.items()
        ],
        comparisons=_compared(results.comparisons),
        agreement=_agreed(results.agreement),
        response=_response(results),
        tables=tables,
        codes=[(code, CODES[code]) for code in codes],
    )
    write_text(out / "score.html", html)


def _views(results: "ScoreResults") -> dict[str, list[ReadingView]]:
    relative = {(one.reading.key, one.reading.system): one for one in results.relative}
    put: dict[object, list[CutoffResult]] = {}
    for one in results.cutoffs:
        put.setdefault((one.reading.key, one.reading.system), []).append(one)
    views: dict[str, list[ReadingView]] = {}
    for patient, group in by_patient(results.readings).items():
        views[patient] = []
        for reading in group:
            key = reading.key, reading.system
            mine = put.get(key, [])
            views[patient].append(
                ReadingView(
                    reading,
                    relative.get(key),
                    tuple(one for one in mine if one.answer is not Answer.NOT_APPLIED),
                    tuple(one for one in mine if one.answer is Answer.NOT_APPLIED),
                )
            )
    return views


def _compared(rows: Sequence[Comparison]) -> list[tuple[str, list[tuple[str, Comparison]]]]:
    """Comparisons under one heading a group."""

    def heading(one: Comparison) -> str:
        group = one.group
        return (
            f"{TITLES[group.system]}: {group.second} against {group.first}, {group.nuclide}, "
            f"phase {group.phase}, reader {group.reader}"
        )

    return _under_headings(rows, heading)


def _agreed(rows: Sequence[Agreement]) -> list[tuple[str, list[tuple[str, Agreement]]]]:
    """Agreement between readers under one heading a group."""

    def heading(one: Agreement) -> str:
        group = one.group
        return (
            f"{TITLES[group.system]}: readers {', '.join(group.readers)}, {group.modality}, "
            f"{group.nuclide}, phase {group.phase}"
        )

    return _under_headings(rows, heading)


def _under_headings(
    rows: Sequence[Row], heading: "Callable[[Row], str]"
) -> list[tuple[str, list[tuple[str, Row]]]]:
    """Rows by their heading, each with the label of its segment."""
    groups: dict[str, list[tuple[str, Row]]] = {}
    for one in rows:
        system = one.group.system
        name = "Total" if one.item == TOTAL else segment_of(system, one.item).label
        groups.setdefault(heading(one), []).append((name, one))
    return list(groups.items())


def _response(results: "ScoreResults") -> list[tuple[str, list[str], list[list[object]]]]:
    if results.response is None:
        return []
    return [
        (name, list(rows[0]), [list(row.values()) for row in rows])
        for name, rows in results.response.tables().items()
        if rows
    ]


def _share(value: float | None) -> str:
    return ABSENT if value is None else f"{100 * value:.0f} %"


def _p(value: float | None) -> str:
    if value is None:
        return ABSENT
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _breakable(code: str) -> "Markup":
    """Let a long code break after its underscores, and nowhere else."""
    from markupsafe import Markup, escape

    return escape(code).replace("_", Markup("_<wbr>"))


def _shown(value: object) -> str:
    if value is None or value == "":
        return ABSENT
    if isinstance(value, float):
        return f"{round(value, 3) + 0.0:.3f}".rstrip("0").rstrip(".")
    return str(value)
