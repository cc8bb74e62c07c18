"""Exit statuses of the command line."""

from enum import IntEnum


class Exit(IntEnum):
    """What the exit status of ``quant`` says."""

    OK = 0
    SOME_FAILED = 1
    USAGE = 2
    NOTHING_TO_MEASURE = 3
    OUT_IN_USE = 4
    INTERRUPTED = 130
