"""Header facts: attributes of a file as plain Python values, and how they are read back.

Facts are keyed by DICOM keyword; attributes inside sequences by their path, for example
``DetectorInformationSequence.0.ImagePositionPatient``, and the sequence's own keyword holds the
number of its items. Nothing here is a name, a birth date or a free comment. Which attributes are
kept, and how they are read: :mod:`quant.dicom.files.wanted`.
"""

import math
from collections.abc import Mapping

Facts = Mapping[str, object]
"""Plain values (str, int, float, tuples of them) by DICOM keyword or path."""

PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")

MAX_ITEMS = 64
"""Items of one sequence that are looked at."""

PERSONAL = frozenset({"PatientWeight", "PatientSize", "PatientSex"})
"""Facts of a person: read for SUV, and never written to a record, a table, a page or a message."""


def numbers(facts: Facts, keyword: str) -> tuple[float, ...]:
    """Return a fact as floats; empty when it is absent or not numeric."""
    value = facts.get(keyword)
    if isinstance(value, tuple):
        is_numeric = all(isinstance(part, (int, float)) for part in value)
        return tuple([float(part) for part in value]) if is_numeric else ()
    return (float(value),) if isinstance(value, (int, float)) else ()


def number(facts: Facts, keyword: str) -> float | None:
    """Return a single finite number, or None when it is absent, not numeric or not finite."""
    value = facts.get(keyword)
    if isinstance(value, tuple):
        value = value[0] if len(value) == 1 else None
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def whole(facts: Facts, keyword: str) -> int | None:
    """Return a single whole number, or None."""
    value = number(facts, keyword)
    return int(value) if value is not None and value == int(value) else None


def words(facts: Facts, keyword: str) -> tuple[str, ...]:
    """Return a fact as upper-case words; empty when it is absent."""
    value = facts.get(keyword)
    if value is None:
        return ()
    parts = value if isinstance(value, tuple) else (value,)
    return tuple(str(part).strip().upper() for part in parts)


def text(facts: Facts, keyword: str) -> str:
    r"""Return a fact as text, several values joined by a backslash; empty when absent."""
    value = facts.get(keyword)
    if value is None:
        return ""
    return "\\".join(str(part) for part in value) if isinstance(value, tuple) else str(value)


def tail(uid: str) -> str:
    """Return the end of a UID, enough to find it by."""
    return uid if len(uid) <= 12 else f"...{uid[-12:]}"
