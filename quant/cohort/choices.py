"""Settings that every question shares: levels, choices, replicates and the seed."""

from quant.errors import UsageError

SEED = 20250331
"""Seed of resampling where none is given; it is printed with every result."""


def require_level(level: float) -> None:
    """Raise a UsageError unless a level lies strictly between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise UsageError(
            "USAGE",
            "The level of an interval is not between 0 and 1.",
            found=str(level),
            needed="a fraction such as 0.95",
        )


def require_choice(name: str, value: str, known: "tuple[str, ...]") -> None:
    """Raise a UsageError unless a setting has one of the known values."""
    if value not in known:
        raise UsageError(
            "USAGE", f"{name} is not known.", found=str(value), needed=", ".join(known)
        )


def require_replicates(replicates: int, least: int = 1) -> None:
    """Raise a UsageError unless the number of replicates is a whole number of at least this."""
    if isinstance(replicates, bool) or int(replicates) != replicates or replicates < least:
        raise UsageError(
            "USAGE",
            "The number of replicates is too small, or no whole number.",
            found=str(replicates),
            needed=f"at least {least}",
        )
