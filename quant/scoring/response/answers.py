"""The answers of response criteria, and the settings with which they are found."""

from dataclasses import dataclass, fields
from enum import StrEnum
from fractions import Fraction

LENGTHS_SUFFIX = "_mm"


class Response(StrEnum):
    """An answer of RECIST 1.1 or of the INRC."""

    CR = "CR"
    PR = "PR"
    MR = "MR"
    """Minor response (INRC, overall)."""
    MD = "MD"
    """Minimal disease (INRC, marrow)."""
    SD = "SD"
    NON_CR_NON_PD = "non-CR/non-PD"
    PD = "PD"
    NE = "NE"
    """Not evaluable."""
    NI = "NI"
    """Not involved (INRC)."""


@dataclass(frozen=True, slots=True)
class RecistSettings:
    """Thresholds of RECIST 1.1; the defaults are those of the paper.

    Parameters
    ----------
    longest_min_mm, node_min_mm, x_ray_min_mm : Fraction
        Least longest diameter, short axis of a node, and diameter on a chest X-ray of a target at
        baseline.
    node_normal_mm : Fraction
        A node with a smaller short axis is normal.
    thick_slice_mm : Fraction
        Above this slice thickness, the least size is twice the thickness.
    too_small_mm : Fraction
        Stands for a target that is there, but too small to measure.
    progression_mm, progression_percent, response_percent : Fraction
        Rise above the smallest sum, in mm and in percent, and fall below the baseline.
    max_targets, max_per_organ : int
    confirm_days : int
        Least days between a response and its confirmation (4 weeks).
    sd_min_days : int
        Least days from baseline for stable disease; the paper leaves it to the protocol
        ("in general not less than 6 to 8 weeks").
    confirm_through_ne : bool
        Whether PR, NE, PR is a confirmed PR.
    """

    longest_min_mm: Fraction = Fraction(10)
    node_min_mm: Fraction = Fraction(15)
    x_ray_min_mm: Fraction = Fraction(20)
    node_normal_mm: Fraction = Fraction(10)
    thick_slice_mm: Fraction = Fraction(5)
    too_small_mm: Fraction = Fraction(5)
    progression_mm: Fraction = Fraction(5)
    progression_percent: Fraction = Fraction(20)
    response_percent: Fraction = Fraction(30)
    max_targets: int = 5
    max_per_organ: int = 2
    confirm_days: int = 28
    sd_min_days: int = 42
    confirm_through_ne: bool = True

    def scaled(self, factor: Fraction) -> "RecistSettings":
        """Return the settings with every length multiplied by ``factor``."""
        lengths = {
            one.name: getattr(self, one.name) * factor
            for one in fields(self)
            if one.name.endswith(LENGTHS_SUFFIX)
        }
        others = {
            one.name: getattr(self, one.name) for one in fields(self) if one.name not in lengths
        }
        return RecistSettings(**lengths, **others)

    def as_dict(self) -> dict[str, int | float | bool]:
        """Return the settings as JSON holds them."""
        found: dict[str, int | float | bool] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            found[one.name] = float(value) if isinstance(value, Fraction) else value
        return found


RECIST_1_1 = RecistSettings()
"""The settings of the paper."""
