"""How a volume is brought from its stated unit to another one."""

from dataclasses import dataclass, field

from quant.domain.flags import Flag
from quant.errors import UnitError


@dataclass(frozen=True, slots=True)
class Conversion:
    """What to multiply the values of every file with, and what that rests on.

    Parameters
    ----------
    factors : tuple of float
        One a file, in the order of the files.
    facts : dict of str to str
        Every input that was used; never a person's weight, height or sex.
    flags : tuple of Flag
    """

    factors: tuple[float, ...]
    facts: dict[str, str] = field(default_factory=dict)
    flags: tuple[Flag, ...] = ()

    def then(self, other: "Conversion") -> "Conversion":
        """Return this conversion followed by another one of the same files."""
        factors = tuple(a * b for a, b in zip(self.factors, other.factors, strict=True))
        return Conversion(factors, self.facts | other.facts, (*self.flags, *other.flags))


def unchanged(files: int) -> Conversion:
    """Return the conversion that changes nothing."""
    return Conversion((1.0,) * files)


def input_missing(found: str, needed: str) -> UnitError:
    """Return the error for a quantity that cannot be computed for want of an input."""
    return UnitError(
        "CALIBRATION_INPUT_MISSING",
        "The wanted quantity cannot be computed.",
        found=found,
        needed=needed,
        next_step="state it in the protocol, or export the series with it",
    )
