"""How the command line ends: statuses, and what is said of what was not finished."""

from enum import IntEnum

RESUME = "What is measured is kept; the same command goes on from there."
"""Said to whoever ends a run before its end."""


class Exit(IntEnum):
    """What the exit status of ``quant`` says."""

    OK = 0
    SOME_FAILED = 1
    USAGE = 2
    NOTHING_TO_MEASURE = 3
    OUT_IN_USE = 4
    INTERRUPTED = 130
