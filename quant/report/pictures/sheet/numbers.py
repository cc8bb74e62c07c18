"""The numbers on the sheet: ratios with their intervals, tumour, shape and spheres."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quant.domain.region import Role
from quant.domain.units import Unit
from quant.report.pictures.sheet.canvas import BODY, INK, RULE, SOFT, STRONG, Box, Canvas, Style
from quant.report.pictures.sheet.layout import Panel
from quant.report.ratios import RATIO_LABELS

if TYPE_CHECKING:
    from quant.domain.record import StudyRecord

Rows = tuple[tuple[str, tuple[str, ...], str], ...]
"""For each row its label, the names of what stands in it, and its unit."""

ABSENT = "\u2013"
HEAD = Style(13, SOFT)
LINE = 25

TUMOUR_ROWS: Rows = (
    ("Tmax", ("tumour_max",), "unit"),
    ("Tpeak, 1 ml", ("tumour_peak",), "unit"),
    ("Tmean ± SD", ("tumour_mean", "tumour_sd"), "unit"),
    ("Volume", ("tumour_volume_ml",), "ml"),
    ("Largest diameter", ("max_diameter_mm",), "mm"),
)
SHAPE_ROWS: Rows = (
    ("Asphericity (IBSI)", ("asphericity",), ""),
    ("Floor: digital sphere", ("asphericity_floor", "asphericity_floor_sd"), ""),
    ("Excess over the floor", ("asphericity_excess",), ""),
    ("Asphericity, corrected", ("asphericity_corrected",), ""),
    ("Parts, cavities, tunnels", ("components", "holes", "tunnels"), ""),
)
SPHERE_ROWS = (
    (Role.LIVER, "Liver"),
    (Role.MUSCLE_LEFT, "Muscle, left"),
    (Role.MUSCLE_RIGHT, "Muscle, right"),
)
SPHERE_COLUMNS = (("mean", "mean", 4), ("sd", "SD", 3), ("max", "max", 4), ("volume_ml", "ml", 3))


def number(value: float | None, digits: int = 4) -> str:
    """Return a number for people, so many significant digits; a dash where absent."""
    if value is None:
        return ABSENT
    if isinstance(value, int):
        return f"{value:,}"
    if abs(value) >= 10**digits:
        return f"{value:,.0f}"
    return f"{value:#.{digits}g}".rstrip(".")


@dataclass(frozen=True, slots=True)
class Found:
    """A value of the record as text, and the code that says why there is none."""

    text: str
    why: str = ""


def found(record: "StudyRecord", names: tuple[str, ...], digits: int = 4) -> Found:
    """Return one value, a value ± SD, or several counts, as text."""
    values = []
    for name in names:
        try:
            one = record.measurement(name)
        except KeyError:
            return Found(ABSENT)
        if one.value is None:
            return Found(ABSENT, one.flags[0].code)
        values.append(one.value)
    texts = [number(value, digits) for value in values]
    if len(texts) == 2:
        decimals = len(texts[0].partition(".")[2])
        spread = number(values[1], 2) if "e" in texts[0] else f"{values[1]:,.{decimals}f}"
        return Found(f"{texts[0]} ± {spread}")
    return Found(", ".join(texts))


def ratio_table(canvas: Canvas, box: Box, record: "StudyRecord") -> Panel:
    """Write the six ratios, each with its interval over positions, drawn to one scale."""
    left, top, right, _ = box
    value_at, from_at = left + 190, left + 210
    canvas.text((left, top + 15), "Ratios", STRONG)
    if covered := _coverage(record):
        canvas.text((from_at, top + 15), f"{covered} of sphere positions", HEAD)
        canvas.text((right, top + 15), "± 20 %", HEAD, "rs")
    y = top + 24
    for name, label in RATIO_LABELS.items():
        y += LINE
        canvas.rule(left, right, y - 19)
        canvas.text((left, y), label, BODY)
        one = found(record, (name,))
        value = record.value(name) if one.text != ABSENT else None
        canvas.text((value_at, y), _ratio(value), STRONG, "rs")
        if one.why:
            canvas.text((from_at, y), canvas.fitted(one.why, right - from_at, HEAD), HEAD)
            continue
        interval = record.interval(name) if one.text != ABSENT else None
        if interval is not None:
            words = f"{_ratio(interval.low)} {ABSENT} {_ratio(interval.high)}"
            canvas.text((from_at, y), words, Style(16, SOFT))
            _whisker(canvas, (right - 92, right, y - 6), value, (interval.low, interval.high))
        elif one.text != ABSENT:
            canvas.text((from_at, y), "no interval", HEAD)
    return Panel("ratios", box)


def _ratio(value: float | None) -> str:
    """Return a ratio in the width of its column: below a thousandth there is nothing to read."""
    return f"{value:.3f}" if value is not None and abs(value) < 0.001 else number(value)


def _coverage(record: "StudyRecord") -> str:
    """Return the part that the intervals of the ratios cover, as the record says it."""
    covered = [
        one.interval.covers.split(" of ")[0]
        for one in record.measurements
        if one.name in RATIO_LABELS and one.interval is not None
    ]
    return covered[0] if covered else ""


def _whisker(
    canvas: Canvas,
    place: tuple[int, int, int],
    value: float | None,
    ends: tuple[float, float],
) -> None:
    """Draw an interval around its ratio, on a scale of ± 20 % of the ratio."""
    left, right, y = place
    if not value or value < 0.0:
        return
    middle, reach = (left + right) / 2, (right - left) / 2
    low, high = (middle + reach * max(-1.0, min(1.0, (end / value - 1.0) / 0.2)) for end in ends)
    canvas.rule(left, right, y, RULE)
    canvas.rectangle((round(low), y - 2, max(round(high), round(low) + 2), y + 3), fill=SOFT)
    canvas.rectangle((round(middle) - 1, y - 6, round(middle) + 2, y + 7), fill=INK)


def value_table(canvas: Canvas, box: Box, said: "tuple[str, StudyRecord, Rows]") -> None:
    """Write rows of one value each under a title."""
    title, record, rows = said
    left, top, right, _ = box
    canvas.text((left, top + 15), canvas.fitted(title, right - left, STRONG), STRONG)
    y = top + 24
    for label, names, unit in rows:
        y += LINE
        canvas.rule(left, right, y - 19)
        canvas.text((left, y), label, BODY)
        one = found(record, names)
        if one.why:
            words = canvas.fitted(one.why, right - left - 150, HEAD)
            canvas.text((right, y), words, HEAD, "rs")
            continue
        own = "" if record.unit == Unit.RELATIVE else record.unit
        words = " ".join(filter(None, (one.text, own if unit == "unit" else unit)))
        canvas.text((right, y), words if one.text != ABSENT else ABSENT, BODY, "rs")


def sphere_table(canvas: Canvas, box: Box, record: "StudyRecord") -> Panel:
    """Write the values of the three spheres."""
    left, top, right, _ = box
    canvas.text((left, top + 15), "Spheres", STRONG)
    columns = [left + 188, left + 244, left + 306, left + 356, right]
    heads = (*(head for _, head, _ in SPHERE_COLUMNS), "inside")
    for x, head in zip(columns, heads, strict=True):
        canvas.text((x, top + 15), head, HEAD, "rs")
    y = top + 24
    for role, label in SPHERE_ROWS:
        y += LINE
        canvas.rule(left, right, y - 19)
        canvas.text((left, y), label, BODY)
        cells = [found(record, (f"{role}_{what}",), digits) for what, _, digits in SPHERE_COLUMNS]
        if cells[0].why:
            canvas.text((right, y), canvas.fitted(cells[0].why, 280, HEAD), HEAD, "rs")
            continue
        for x, cell in zip(columns, cells, strict=False):
            canvas.text((x, y), cell.text, BODY, "rs")
        canvas.text((right, y), _inside(record, role), BODY, "rs")
    return Panel("spheres", box)


def _inside(record: "StudyRecord", role: Role) -> str:
    inside = [one.inside_fraction for one in record.spheres if one.role == role]
    return f"{100.0 * inside[0]:.0f} %" if inside and inside[0] is not None else ABSENT
