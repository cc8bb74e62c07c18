"""One run at a time in an output folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quant.errors import UsageError

LOCK_NAME = ".lock"


@contextmanager
def only_run(out: Path) -> Iterator[None]:
    """Hold the output folder's lock; it is free again when the process ends, however it ends.

    Raises
    ------
    UsageError
        ``OUT_IN_USE`` when another run holds it.
    """
    try:
        import fcntl
    except ImportError:  # not a POSIX system: there is no lock to take
        yield
        return
    with (out / LOCK_NAME).open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(
                "OUT_IN_USE",
                "The output folder is in use by another run.",
                found=f"a locked {LOCK_NAME}",
                needed="one run at a time in an output folder",
                next_step="wait until it has finished, or choose another folder with -o",
            ) from error
        stream.truncate(0)
        stream.write(f"{os.getpid()}\n")
        stream.flush()
        yield
