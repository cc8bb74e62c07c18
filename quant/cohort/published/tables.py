"""Counts behind percentages: two by two tables, sums, shares.

Sensitivity, specificity and predictive values of a known number of subjects and events come from
whole counts; all tables are tried.
"""

from quant.cohort.classification.proportions import Counts, shares
from quant.cohort.published.printed import Printed
from quant.cohort.published.rows import Finding, Row

MEASURES = ("sensitivity", "specificity", "ppv", "npv", "accuracy")
MOST_SUBJECTS = 5000
ROUNDING = 1e-12
"""Shares that differ from the edge of a range by float rounding only are inside."""


def check_accuracy(row: Row) -> list[Finding]:
    """Check that whole counts have the printed sensitivity, specificity, PPV and NPV."""
    n, events = row.whole("n"), row.whole("events")
    printed = {key: row.number_of(key) for key in MEASURES}
    there = {key: value for key, value in printed.items() if value is not None}
    if n is None or events is None or not there:
        raise row.unreadable("no n, events or measure", "n, events and at least one measure")
    if not 0 < events < n or n > MOST_SUBJECTS:
        raise row.unreadable(f"{events} events of {n}", f"0 < events < n <= {MOST_SUBJECTS}")
    findings = _units(there)
    if any(finding.code for finding in findings):
        return findings
    tables = _tables(there, n, events)
    check = "whole counts have these measures"
    found = ", ".join(f"{key} {value.text}" for key, value in there.items())
    if not tables:
        wanted = f"counts of {events} events and {n - events} others"
        advice = _without_one(there, n, events)
        return [*findings, Finding(check, "AUDIT_NO_TABLE", found, wanted, advice)]
    expected = f"{len(tables)} tables, the first {write(tables[0])}"
    if len(tables) == 1:
        expected = f"exactly one table: {write(tables[0])}"
    return [*findings, Finding(check, found=found, expected=expected)]


def write(table: Counts) -> str:
    """Write a table with its Youden index and the area under its single point."""
    tp, fp, fn, tn = table
    index = tp / (tp + fn) + tn / (fp + tn) - 1.0
    counts = f"TP {tp}, FP {fp}, FN {fn}, TN {tn}"
    return f"{counts} (Youden {index:.4f}, area through this point {(1 + index) / 2:.4f})"


def _units(there: dict[str, Printed]) -> list[Finding]:
    check = "measures are shares of one unit"
    found = ", ".join(f"{key} {value.text}" for key, value in there.items())
    if all(0.0 <= value.value <= 1.0 for value in there.values()):
        if len({value.percent for value in there.values()}) == 1:
            return [Finding(check, found=found)]
        return [Finding(check, "AUDIT_UNITS", found, "all percent or all fractions")]
    advice = "say unit = percent where percentages are meant"
    return [Finding(check, "AUDIT_PERCENT", found, "shares between 0 and 1", advice)]


def _tables(there: dict[str, Printed], n: int, events: int) -> list[Counts]:
    """All tables, by rising true positives; sensitivity and specificity are sieved first."""
    others = n - events
    tps = [k for k in range(events + 1) if _inside(there.get("sensitivity"), k, events)]
    fps = [k for k in range(others + 1) if _inside(there.get("specificity"), others - k, others)]
    rest = {key: value for key, value in there.items() if key in {"ppv", "npv", "accuracy"}}
    found: list[Counts] = []
    for tp in tps:
        for fp in fps:
            table = (tp, fp, events - tp, others - fp)
            parts = shares(table)
            if all(_inside(value, *parts[key]) for key, value in rest.items()):
                found.append(table)
    return found


def _inside(printed: Printed | None, part: int, whole: int) -> bool:
    if printed is None:
        return True
    if whole == 0:
        return False
    share = part / whole
    return printed.low - ROUNDING <= share <= printed.high + ROUNDING


def _without_one(there: dict[str, Printed], n: int, events: int) -> str:
    for key, printed in there.items():
        rest = {name: value for name, value in there.items() if name != key}
        tables = _tables(rest, n, events) if rest else []
        if len(tables) == 1:
            part, whole = shares(tables[0])[key]
            value = printed.write(part / whole) if whole else "undefined"
            return f"without {key} one table fits ({write(tables[0])}); it gives {key} {value}"
    return "no measure alone is at fault: check n, events and all measures"


def check_counts(row: Row) -> list[Finding]:
    """Check that parts add up to a total, and percentages belong to their counts."""
    parts, total = row.numbers_of("parts"), row.whole("total")
    if not parts:
        raise row.unreadable("no parts", "parts, parted by |")
    if any(part.decimals or part.value < 0 for part in parts):
        raise row.unreadable(f"parts = {row.text('parts')}", "counts, parted by |")
    findings: list[Finding] = []
    added = int(sum(part.value for part in parts))
    written = " + ".join(part.text for part in parts)
    if total is not None and row.text("complete").lower() != "no":
        findings.append(_sum(row, written, added, total))
    percents = row.numbers_of("percents")
    if percents and len(percents) != len(parts):
        raise row.unreadable("as many percents as parts are needed", "one percent for each part")
    if percents and total is None:
        raise row.unreadable("percents without a total", "the total that they are of")
    for part, percent in zip(parts, percents, strict=False):
        findings.append(_percent(part, percent, total or 0))
    return findings


def _sum(row: Row, written: str, added: int, total: int) -> Finding:
    check = "parts add up to the total"
    if added == total:
        return Finding(check, found=f"{written} = {added}", expected=str(total))
    known = [text.partition("=") for text in row.list_of("known")]
    fits = [name.strip() for name, _, value in known if value.strip() == str(added)]
    advice = f"{added} is the number of {' or '.join(fits)}" if fits else ""
    return Finding(check, "AUDIT_COUNTS", f"{written} = {added}", str(total), advice)


def _percent(part: Printed, percent: Printed, total: int) -> Finding:
    check = "percentage is that of its count"
    found = f"{part.text} of {total}, {percent.text} %"
    if total <= 0:
        return Finding(check, "AUDIT_PERCENT", found, "a total above 0")
    share = part.value / total
    expected = percent.write(share)
    if percent.low - ROUNDING <= share <= percent.high + ROUNDING:
        return Finding(check, found=found, expected=expected)
    return Finding(check, "AUDIT_PERCENT", found, expected)
