"""Ratios with interval and p: hazard ratios, odds ratios, relative risks.

A Wald interval is symmetric on the scale of logarithms, so the ratio is the geometric mean of its
limits, and p follows from the ratio and the width. Every printed number stands for a range, so the
mean and p have ranges too; what is printed must lie in them.
"""

import math
from collections.abc import Callable
from itertools import product

from quant.cohort.distributions import normal_p, normal_quantile
from quant.cohort.published.printed import Printed, slips
from quant.cohort.published.rows import Finding, Row

TINY = 1e-300
MOST = 3
"""How many possible slips are listed."""

METHODS = {
    "logistic": ("OR",),
    "cox": ("HR",),
    "proportional hazards": ("HR",),
    "poisson": ("RR", "IRR"),
}
"""Words in the name of a method, and the measures that it gives."""


def check_ratio(row: Row) -> list[Finding]:
    """Check a ratio against its interval and p, its direction and its method."""
    estimate, low, high = row.need("estimate", "low", "high")
    if min(estimate.high, low.high, high.high) <= 0.0:
        raise row.unreadable("a ratio that is not above 0", "ratios, not logarithms")
    p, level = row.number_of("p"), _level(row)
    findings = [_order(estimate, low, high)]
    if not findings[0].code:
        findings.append(_midpoint(row, (estimate, low, high, p), level))
        if p is not None:
            findings.append(_wald(row, (estimate, low, high, p), level))
    if p is not None:
        findings += check_p(p)
    return findings + _direction(row, estimate) + _method(row)


def _level(row: Row) -> float:
    level = row.number_of("level")
    if level is None:
        return 0.95
    value = level.value if level.value < 1.0 else level.value / 100.0
    if not 0.0 < value < 1.0:
        raise row.unreadable(f"level = {level.text}", "a level such as 95")
    return value


def _order(estimate: Printed, low: Printed, high: Printed) -> Finding:
    if low.low <= estimate.high and estimate.low <= high.high and low.low < high.high:
        return Finding("estimate within interval")
    found = f"{estimate.text} ({low.text} to {high.text})"
    return Finding("estimate within interval", "AUDIT_INTERVAL_ORDER", found)


def _middle(low: Printed, high: Printed) -> tuple[float, float]:
    """Smallest and largest geometric mean of what the limits can have been."""
    smallest = math.sqrt(max(low.low, TINY)) * math.sqrt(max(high.low, TINY))
    return smallest, math.sqrt(max(low.high, TINY)) * math.sqrt(high.high)


def wald_p(ratio: float, low: float, high: float, level: float) -> float:
    """P of a ratio whose standard error is that of its interval."""
    width = math.log(max(high, TINY)) - math.log(max(low, TINY))
    if not width > 0.0:
        return 0.0 if ratio != 1.0 else 1.0
    return normal_p(2.0 * normal_quantile(level) * math.log(max(ratio, TINY)) / width)


def p_range(estimate: Printed, low: Printed, high: Printed, level: float) -> tuple[float, float]:
    """Smallest and largest Wald p of what the three numbers can have been."""
    ratios = [estimate.low, estimate.high]
    if estimate.low <= 1.0 <= estimate.high:
        ratios.append(1.0)
    widths = ((low.high, high.low), (low.low, high.high))
    reach = [wald_p(ratio, *limits, level) for ratio in ratios for limits in widths]
    return min(reach), max(reach)


Cells = tuple[Printed, Printed, Printed, Printed | None]


def _midpoint(row: Row, cells: Cells, level: float) -> Finding:
    estimate, low, high, _ = cells
    check = "ratio is the geometric mean of its interval"
    smallest, largest = _middle(low, high)
    middle = math.sqrt(low.value * high.value) if low.value > 0.0 else smallest
    found, expected = f"{estimate.text} ({low.text} to {high.text})", estimate.write(middle)
    if estimate.meets(smallest, largest):
        return Finding(check, found=found, expected=expected)
    return Finding(check, "AUDIT_RATIO_MIDPOINT", found, expected, _slips(row, cells, level))


def _wald(row: Row, cells: Cells, level: float) -> Finding:
    estimate, low, high, p = cells
    check = "p is the Wald p of ratio and interval"
    if p is None:
        return Finding(check)
    smallest, largest = p_range(estimate, low, high, level)
    value = wald_p(estimate.value, low.value, high.value, level)
    expected = f"{value:.4f} ({smallest:.4f} to {largest:.4f})"
    if p.meets(smallest, largest):
        return Finding(check, found=p.text, expected=expected)
    return Finding(check, "AUDIT_P_INTERVAL", p.text, expected, _slips(row, cells, level))


def _fits(cells: Cells, level: float) -> bool:
    estimate, low, high, p = cells
    if min(estimate.low, low.low) <= 0.0 or not low.value < estimate.value < high.value:
        return False
    middle = estimate.meets(*_middle(low, high))
    return middle and (p is None or p.meets(*p_range(estimate, low, high, level)))


def _slips(row: Row, cells: Cells, level: float) -> str:
    """Single digits that would make ratio, interval and p fit together."""
    names = ("estimate", "low", "high", "p")
    words = {"estimate": "a ratio", "low": "a lower limit", "high": "an upper limit", "p": "a p"}
    found: list[str] = []
    for place, key in enumerate(names):
        if cells[place] is None:
            continue
        for other in slips(row.text(key)):
            changed = [*cells]
            changed[place] = row.read(key, other)
            first, second, third, fourth = changed
            if first and second and third and _fits((first, second, third, fourth), level):
                found.append(f"{words[key]} of {other}")
    return listed(found, "fits all" if cells[3] else "fits")


def listed(found: list[str], verb: str) -> str:
    """Say what one changed digit would do."""
    if not found:
        return "no single digit mends it"
    more = f" (and {len(found) - MOST} more)" if len(found) > MOST else ""
    return f"one digit: {' or '.join(found[:MOST])}{more} {verb}"


def check_p(p: Printed) -> list[Finding]:
    """Check the notation of a p value."""
    if p.low > 1.0 or p.high < 0.0:
        return [Finding("p between 0 and 1", "AUDIT_P_RANGE", p.text, "0 to 1")]
    if p.value == 0.0 and not p.bound:
        least = f"p < {10.0 ** -max(1, p.decimals):.{max(1, p.decimals)}f}"
        return [
            Finding("p is not printed as zero", "AUDIT_P_ZERO", p.text, least, f"print {least}")
        ]
    return []


def _direction(row: Row, estimate: Printed) -> list[Finding]:
    claim = row.text("claim").lower()
    if not claim:
        return []
    truth = "worse" if estimate.value > 1.0 else "better"
    check = "direction follows the ratio"
    if claim not in {"better", "worse"}:
        raise row.unreadable(f"claim = {claim}", "better or worse, of higher values")
    if claim == truth:
        return [Finding(check, found=claim, expected=truth)]
    found = f"higher values are {claim}"
    expected = f"{estimate.text}: higher values are {truth}"
    return [Finding(check, "AUDIT_DIRECTION", found, expected)]


def _method(row: Row) -> list[Finding]:
    method, measure = row.text("method").lower(), row.text("measure").upper()
    fitting = [measures for word, measures in METHODS.items() if word in method]
    if not method or not measure or not fitting:
        return []
    check = "method gives the measure"
    if any(measure in measures for measures in fitting):
        return [Finding(check, found=f"{method}: {measure}")]
    makers = [word for word, measures in METHODS.items() if measure in measures]
    expected = f"{measure} comes from {' or '.join(makers) or 'another method'}"
    return [Finding(check, "AUDIT_METHOD", f"{method}: {measure}", expected)]


def check_claim(row: Row) -> list[Finding]:
    """Check a sentence about a ratio: its direction, or the method that it came from."""
    estimate = row.number_of("estimate")
    findings = _method(row) + (_direction(row, estimate) if estimate is not None else [])
    if not findings:
        raise row.unreadable("nothing to check", "estimate and claim, or measure and method")
    return findings


def check_p_row(row: Row) -> list[Finding]:
    """Check a p value that stands alone."""
    (p,) = row.need("p")
    return check_p(p) or [Finding("p is printed as a p", found=p.text)]


def check_fold(row: Row) -> list[Finding]:
    """Check "an n-fold rise from a to b" against the ratio per unit."""
    ratio, start, end, claimed = row.need("ratio", "from", "to", "claimed")
    if ratio.low <= 0.0:
        raise row.unreadable(f"ratio = {ratio.text}", "a ratio above 0")
    corners_of: Callable[[Printed], tuple[float, float]] = lambda number: (number.low, number.high)  # noqa: E731
    reach = [
        rate ** (last - first)
        for rate, first, last in product(corners_of(ratio), corners_of(start), corners_of(end))
    ]
    check = "multiple is ratio to the power of the difference"
    units = end.value - start.value
    value = ratio.value**units
    expected = f"{value:.3g} = {ratio.text}^{units:g}"
    if claimed.meets(min(reach), max(reach)):
        return [Finding(check, found=claimed.text, expected=expected)]
    suggestion = ""
    if claimed.value > 0.0 and units:
        suggestion = f"{claimed.text}-fold needs a ratio of {claimed.value ** (1.0 / units):.3f}"
    other = row.number_of("other_ratio")
    if other is not None:
        suggestion += f"; {row.text('other_name') or 'the other ratio'} ({other.text}) gives "
        suggestion += f"{other.value**units:.2g}"
    return [Finding(check, "AUDIT_FOLD", f"{claimed.text}-fold", expected, suggestion)]
