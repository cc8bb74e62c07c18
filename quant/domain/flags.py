"""Flags of results, and the one registry of codes: severity, sentence, what to do.

A flag is a code and what was found; the registry holds what the code means. Codes are stable:
results, quarantine lists and scripts bind to them.
"""

from dataclasses import dataclass

from quant.domain.codes.calibration import CALIBRATION
from quant.domain.codes.cohort import COHORT
from quant.domain.codes.info import CodeInfo, Severity
from quant.domain.codes.lesion_scoring import LESION_SCORING
from quant.domain.codes.measuring import MEASURES, RUN, SPHERES
from quant.domain.codes.objects import OBJECTS
from quant.domain.codes.reading import READING, SELECTION
from quant.domain.codes.regions import REGIONS
from quant.domain.codes.response import RESPONSE
from quant.domain.codes.scoring import SCORING
from quant.domain.text import plain

__all__ = ["CODES", "CodeInfo", "Flag", "Severity"]

CODES: dict[str, CodeInfo] = {
    **READING,
    **CALIBRATION,
    **SELECTION,
    **REGIONS,
    **SPHERES,
    **MEASURES,
    **RUN,
    **OBJECTS,
    **COHORT,
    **SCORING,
    **RESPONSE,
    **LESION_SCORING,
}
"""Every code that a result, a quarantine list or an error may carry."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A registered code together with what was found in this case."""

    code: str
    detail: str = ""

    def __post_init__(self) -> None:
        """Refuse a code that nobody can look up; keep the detail printable."""
        if self.code not in CODES:
            message = f"code {self.code!r} is not in the registry quant.domain.flags.CODES"
            raise ValueError(message)
        object.__setattr__(self, "detail", plain(self.detail))

    @property
    def severity(self) -> Severity:
        """Severity of the code."""
        return CODES[self.code].severity
