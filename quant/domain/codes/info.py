"""What a code says: its severity, its meaning, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a flag weighs: an error means that something was not measured."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """What a code means and what to do about it."""

    severity: Severity
    sentence: str
    action: str


E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFORMATION  # noqa: E741 - read as a column
