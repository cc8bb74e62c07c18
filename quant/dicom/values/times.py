"""DICOM dates and times as datetimes without a time zone; what is not stated is None.

References
----------
DICOM PS3.5 section 6.2 (DA, DT, TM), PS3.3 C.12.1.1.8 (Timezone Offset From UTC).
"""

import re
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from quant.dicom.files.facts import text

if TYPE_CHECKING:
    from quant.dicom.files.facts import Facts

_DATE = re.compile(r"(\d{4})([.-]?)(\d{2})\2(\d{2})")
_TIME = re.compile(r"(\d{2})(?:(:?)(\d{2})(?:\2(\d{2})(?:[.,](\d+))?)?)?")
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")
_DATETIME = re.compile(r"(\d{8})(\d{2}[\d.:,]*)([+-]\d{2}:?\d{2})?")

DAY = timedelta(days=1)

FIRST_YEAR, LAST_YEAR = 1000, 9000


def parse_date(stated: str) -> date | None:
    """Read a DA value: ``20240131``, also as ``2024.01.31`` or ``2024-01-31``.

    Anonymisers move years far; those near the ends of the calendar, where nothing can be added,
    are no dates.
    """
    match = _DATE.fullmatch(_clean(stated))
    if match is None or not FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
        return None
    try:
        return date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return None


def parse_time(stated: str) -> timedelta | None:
    """Read a TM value as the time since midnight.

    Truncated forms (``09``, ``0928``), fractions of any length and ``09:28:15`` are read; a leap
    second counts on.
    """
    match = _TIME.fullmatch(_clean(stated))
    if match is None:
        return None
    hours, minutes, seconds = (int(match[group] or 0) for group in (1, 3, 4))
    if hours > 23 or minutes > 59 or seconds > 60:
        return None
    micros = int((match[5] or "")[:6].ljust(6, "0"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=micros)


def parse_offset(stated: str) -> timedelta | None:
    """Read an offset from UTC: ``+0100``."""
    match = _OFFSET.fullmatch(_clean(stated))
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:
        return None
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return -offset if match[1] == "-" else offset


def parse_datetime(stated: str, local: timedelta | None = None) -> datetime | None:
    """Read a DT value that names a day and at least an hour.

    Parameters
    ----------
    stated : str
        For instance ``20240131092815.5+0100``.
    local : timedelta, optional
        Offset from UTC in which the file's dates and times are given
        (TimezoneOffsetFromUTC). A DT with another offset is brought to it. When it is not known,
        the clock time is taken as it stands: the offset says where that clock hung.
    """
    match = _DATETIME.fullmatch(_clean(stated))
    if match is None:
        return None
    moment = combine(parse_date(match[1]), parse_time(match[2]))
    if moment is None or not match[3] or local is None:
        return moment
    offset = parse_offset(match[3])
    return None if offset is None else moment - offset + local


def combine(day: date | None, since_midnight: timedelta | None) -> datetime | None:
    """Join a date and a time; None when one is missing."""
    if day is None or since_midnight is None:
        return None
    return datetime.combine(day, time()) + since_midnight


def local_offset(facts: "Facts") -> timedelta | None:
    """Return the offset from UTC of a file's dates and times; None when it is not stated."""
    return parse_offset(text(facts, "TimezoneOffsetFromUTC"))


def moment_of(facts: "Facts", stem: str) -> datetime | None:
    """Return ``<stem>Date`` with ``<stem>Time``, else ``<stem>DateTime``; None without either."""
    day, clock = parse_date(text(facts, f"{stem}Date")), parse_time(text(facts, f"{stem}Time"))
    return combine(day, clock) or datetime_of(facts, f"{stem}DateTime")


def datetime_of(facts: "Facts", keyword: str) -> datetime | None:
    """Return a DT attribute, brought to the time zone of the file where that is stated."""
    return parse_datetime(text(facts, keyword), local_offset(facts))


def _clean(stated: str) -> str:
    return stated.strip(" \0")
