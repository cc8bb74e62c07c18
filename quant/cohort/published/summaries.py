"""Means with intervals, medians with quartiles and ranges."""

import itertools
import math

from quant.cohort.published.printed import Printed, slips
from quant.cohort.published.ratios import listed
from quant.cohort.published.rows import Finding, Row

NEVER_NEGATIVE = {"asphericity", "volume", "surface", "count", "ratio", "time", "age", "score"}
"""Quantities that have no values below 0."""

DAYS = {"days": 1.0, "weeks": 7.0, "months": 365.25 / 12.0, "years": 365.25}


def check_mean(row: Row) -> list[Finding]:
    """Check that a mean, restricted or not, is the midpoint of its interval."""
    mean, low, high = row.need("mean", "low", "high")
    if low.low >= high.high:
        return [Finding("limits in order", "AUDIT_INTERVAL_ORDER", f"{low.text} to {high.text}")]
    check = "mean is the midpoint of its interval"
    found = f"{mean.text} ({low.text} to {high.text})"
    middle = (low.value + high.value) / 2.0
    expected = f"{middle:.{max(low.decimals, high.decimals)}f}"
    if _is_midpoint(mean, low, high):
        return [Finding(check, found=found, expected=expected)]
    if _cut_off(middle, mean.decimals) == mean.value:
        rounded = f"{expected} rounds to {mean.write(middle)}"
        return [Finding(check, "AUDIT_MEAN_TRUNCATED", found, rounded)]
    return [Finding(check, "AUDIT_MEAN_MIDPOINT", found, expected, _mean_slips(row))]


def _is_midpoint(mean: Printed, low: Printed, high: Printed) -> bool:
    return mean.meets((low.low + high.low) / 2.0, (low.high + high.high) / 2.0)


def _cut_off(value: float, decimals: int) -> float:
    scale = 10.0**decimals
    return math.trunc(value * scale) / scale


def _mean_slips(row: Row) -> str:
    words = {"mean": "a mean", "low": "a lower limit", "high": "an upper limit"}
    found: list[str] = []
    for key, word in words.items():
        for other in slips(row.text(key)):
            changed = {name: row.text(name) for name in words} | {key: other}
            mean, low, high = (row.read(name, text) for name, text in changed.items())
            if low.value < mean.value < high.value and _is_midpoint(mean, low, high):
                found.append(f"{word} of {other}")
    return listed(found, "fits")


def check_summary(row: Row) -> list[Finding]:
    """Check a median with quartiles and range: order, sign, units, whole numbers."""
    keys = ("minimum", "q1", "median", "q3", "maximum")
    values = {key: value for key in keys if (value := row.number_of(key)) is not None}
    if not values:
        raise row.unreadable("no number", "median, q1, q3, minimum or maximum")
    days, findings = _common_unit(row, values)
    return (
        findings
        + _inside_quartiles(values, days)
        + _in_order(values, days)
        + (_sign(row, values) + _grid(row, values))
    )


def _common_unit(
    row: Row, values: dict[str, Printed]
) -> tuple[dict[str, tuple[float, float]], list[Finding]]:
    """Ranges of all numbers in one unit: parts of a row may have units of their own."""
    unit = row.text("unit")
    own = {
        "median": unit,
        "q1": row.text("quartile_unit") or unit,
        "q3": row.text("quartile_unit") or unit,
        "minimum": row.text("range_unit") or unit,
        "maximum": row.text("range_unit") or unit,
    }
    used = list(dict.fromkeys(own[key] for key in values))
    if len(used) < 2:
        return {key: (value.low, value.high) for key, value in values.items()}, []
    strange = [name for name in used if name not in DAYS]
    if strange:
        raise row.unreadable(f"units {', '.join(used)}", f"units among {', '.join(DAYS)}")
    scaled = {
        key: (value.low * DAYS[own[key]], value.high * DAYS[own[key]])
        for key, value in values.items()
    }
    found = ", ".join(f"{key} {value.text} {own[key]}" for key, value in values.items())
    return scaled, [Finding("one unit", "AUDIT_UNITS", found, f"all in {unit or used[0]}")]


def _inside_quartiles(
    values: dict[str, Printed], ranges: dict[str, tuple[float, float]]
) -> list[Finding]:
    if not {"median", "q1", "q3"} <= set(values):
        return []
    check = "median lies within its quartiles"
    found = f"{values['median'].text} ({values['q1'].text}, {values['q3'].text})"
    if ranges["q1"][0] <= ranges["median"][1] and ranges["median"][0] <= ranges["q3"][1]:
        return [Finding(check, found=found)]
    expected = f"{values['q1'].text} to {values['q3'].text}"
    return [Finding(check, "AUDIT_MEDIAN_OUTSIDE", found, expected)]


def _in_order(values: dict[str, Printed], ranges: dict[str, tuple[float, float]]) -> list[Finding]:
    keys = [key for key in ("minimum", "q1", "q3", "maximum") if key in values]
    if len(keys) < 2:
        return []
    check = "range and quartiles are in order"
    found = ", ".join(f"{key} {values[key].text}" for key in keys)
    if all(ranges[a][0] <= ranges[b][1] for a, b in itertools.pairwise(keys)):
        return [Finding(check, found=found)]
    return [Finding(check, "AUDIT_ORDER", found, " <= ".join(keys))]


def _sign(row: Row, values: dict[str, Printed]) -> list[Finding]:
    quantity = row.text("quantity").lower()
    if quantity not in NEVER_NEGATIVE:
        return []
    check = f"{quantity} is not negative"
    below = [f"{key} {value.text}" for key, value in values.items() if value.high < 0.0]
    if not below:
        return [Finding(check)]
    advice = ""
    if quantity == "asphericity":
        least = min(value.value for value in values.values())
        if least > -1.0:
            advice = f"{least:g} means a surface {1.0 + least:.2g} of that of the sphere of the "
            advice += "same volume, and no body has less: surface and volume come from unlike "
            advice += "boundaries, or the region was cut at its border"
    return [Finding(check, "AUDIT_NEGATIVE", ", ".join(below), "0 or more", advice)]


def _grid(row: Row, values: dict[str, Printed]) -> list[Finding]:
    median = values.get("median")
    if median is None or row.text("whole_numbers").lower() not in {"yes", "true", "1"}:
        return []
    check = "median of whole numbers"
    low, high = 2.0 * median.low, 2.0 * median.high
    if math.ceil(low - 1e-9) <= high + 1e-9:
        return [Finding(check, found=median.text)]
    return [Finding(check, "AUDIT_MEDIAN_GRID", median.text, "a multiple of 0.5")]
