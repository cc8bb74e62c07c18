"""What a paper says about its numbers: cut-offs, models, names, one number at several places."""

from quant.cohort.published.printed import Printed
from quant.cohort.published.rows import Finding, Row

ENOUGH = 10.0
"""Events per variable below which estimates are called unstable."""

EQUALITY = {"<=", ">=", "≤", "≥"}


def check_same(row: Row) -> list[Finding]:
    """Check that one number is the same wherever it is printed."""
    values = row.numbers_of("values")
    if len(values) < 2:
        raise row.unreadable("fewer than two values", "values, parted by |")
    places = row.list_of("places")
    check = "one number, one value"
    found = ", ".join(
        f"{value.text}" + (f" ({places[index]})" if index < len(places) else "")
        for index, value in enumerate(values)
    )
    finest = max(values, key=lambda value: value.decimals)
    if all(value.meets(finest.low, finest.high) for value in values):
        return [Finding(check, found=found), *_units(values, found)]
    return [Finding(check, "AUDIT_CONTRADICTED", found, "one value", row.text("note"))]


def _units(values: list[Printed], found: str) -> list[Finding]:
    if len({value.percent for value in values}) == 1:
        return []
    return [Finding("one unit", "AUDIT_UNITS", found, "all percent or all fractions")]


def check_cutoff(row: Row) -> list[Finding]:
    """Check how a cut-off is printed, its operators, and what it was chosen on."""
    values = row.numbers_of("values")
    if not values:
        raise row.unreadable("no values", "the cut-off as printed, places parted by |")
    found = ", ".join(value.text for value in values)
    finest = max(values, key=lambda value: value.decimals)
    findings: list[Finding] = []
    if not all(value.meets(finest.low, finest.high) for value in values):
        findings.append(Finding("one cut-off", "AUDIT_CONTRADICTED", found, finest.text))
    elif any(value.value != finest.value for value in values):
        advice = f"print {finest.text} everywhere"
        findings.append(Finding("one cut-off", "AUDIT_CUT_ROUNDED", found, finest.text, advice))
    else:
        findings.append(Finding("one cut-off", found=found))
    findings += _units(values, found)
    return findings + _operators(row) + _chosen(row)


def _operators(row: Row) -> list[Finding]:
    operators = row.list_of("operators")
    if not operators:
        return []
    found = " and ".join(operators)
    if len(operators) < 2 or any(sign in EQUALITY for sign in operators):
        return [Finding("every value has a side", found=found)]
    return [Finding("every value has a side", "AUDIT_CUT_EQUAL", found, "> and <=, or >= and <")]


def _chosen(row: Row) -> list[Finding]:
    same = row.text("chosen_on").lower() == "same data"
    if not same:
        return []
    printed = [name for name in ("corrected_p", "auc") if row.has(name)]
    if len(printed) == 2:
        return [Finding("choice of the cut-off is accounted for", found=", ".join(printed))]
    absent = [name for name in ("corrected_p", "auc") if name not in printed]
    expected = " and ".join(name.replace("_", " ") for name in absent) + " printed"
    check = "choice of the cut-off is accounted for"
    return [Finding(check, "AUDIT_CUT_CHOSEN", "chosen on the same data", expected)]


def check_model(row: Row) -> list[Finding]:
    """Check events per variable and the names of what a model kept."""
    events = row.whole("events")
    findings: list[Finding] = []
    for key in ("candidates", "kept"):
        count = row.whole(key)
        if count and events is not None:
            findings.append(_per_variable(events, count, key))
    named, kept = row.list_of("claimed_names"), row.list_of("model_names")
    if named and kept:
        findings.append(_names(named, kept))
    if not findings:
        raise row.unreadable("nothing to check", "events with candidates or kept, or both names")
    return findings


def _per_variable(events: int, count: int, key: str) -> Finding:
    check = f"events per variable ({key})"
    found = f"{events} events, {count} {key}: {events / count:.1f}"
    if events / count >= ENOUGH:
        return Finding(check, found=found)
    return Finding(check, "AUDIT_FEW_EVENTS", found, f"at least {ENOUGH:g}")


def _names(named: list[str], kept: list[str]) -> Finding:
    check = "names are those of the model"
    strange = [name for name in named if name.lower() not in {other.lower() for other in kept}]
    found = ", ".join(named)
    if not strange:
        return Finding(check, found=found, expected=", ".join(kept))
    advice = f"not in the model: {', '.join(strange)}"
    return Finding(check, "AUDIT_NAMES", found, ", ".join(kept), advice)
