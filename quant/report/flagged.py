"""The codes of a study as people read them: the worst first, and each with whose it is."""

from collections.abc import Iterable

from quant.domain.flags import CODES, Flag, Severity
from quant.domain.record import LESION_ROLES, StudyRecord

MOST_FOUND = 4
"""Details that stand beside a code; of the others it is said how many there are."""


def worst_first(codes: Iterable[str]) -> list[str]:
    """Return codes by severity, errors first, then by name."""
    weights = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFORMATION: 2}
    return sorted(codes, key=lambda code: (weights[CODES[code].severity], code))


def codes_of(record: StudyRecord) -> tuple[list[str], list[str]]:
    """Return every code of a study once, the worst first; apart, those of other lesions only."""
    lesions = {one.name for one in record.regions if one.role in LESION_ROLES}
    lesions -= {one.name for one in record.regions if one.is_primary}
    flags = {flag.code: None for flag in record.flags}
    flags |= {one.code: None for one in record.quarantine}
    others: dict[str, None] = {}
    for one in record.measurements:
        (others if one.roi in lesions else flags).update({flag.code: None for flag in one.flags})
    return worst_first(flags), worst_first(set(others) - set(flags))


def explained(record: StudyRecord) -> list[Flag]:
    """Return each code once, the worst first, with all that was found: of which region, and what.

    The first detail of a region speaks for it: its other measurements repeat the flag.
    """
    details: dict[str, list[str]] = {}
    for flag in record.flags:
        details.setdefault(flag.code, []).append(flag.detail)
    named: dict[tuple[str, str], str] = {}
    for one in record.measurements:
        for flag in one.flags:
            named.setdefault((flag.code, one.roi), flag.detail)
    for (code, roi), detail in named.items():
        said = details.setdefault(code, [])
        if not detail or detail not in said:
            is_named = not roi or detail.startswith(roi)
            said.append(detail if is_named else f"{roi}: {detail}" if detail else roi)
    return [Flag(code, _joined(details[code])) for code in worst_first(details)]


def _joined(found: list[str]) -> str:
    said = [one for one in dict.fromkeys(found) if one]
    more = len(said) - MOST_FOUND
    return "; ".join(said[:MOST_FOUND]) + (f"; and {more} more" if more > 0 else "")
