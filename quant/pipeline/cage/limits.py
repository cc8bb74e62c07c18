"""What a worker may use, and how it is held to that."""

import math
import os
import signal
from contextlib import suppress
from dataclasses import dataclass

MEBIBYTE = 2**20

PREPARE_S = 900.0
"""Computing and wall time for loading libraries and compiling kernels, which no study pays for."""

ONE_THREAD = dict.fromkeys((
    "NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
), "1")  # fmt: skip
"""Environment of a worker: studies are what runs side by side, never threads within one."""

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker, and one study in it, may use.

    Parameters
    ----------
    memory_mib : int
        Address space of a worker. 0 for no limit.
    file_mib : int
        Size of any file that it writes.
    study_s : float
        Computing time of a study, seconds; on top comes ``study_s_per_mib`` for each MiB of its
        files. The wall time may be a third longer, and ``wall_s_per_mib``; time in which others
        had all cores does not count.
    header_s : float
        Computing time for the header of one file; twice that in wall time.
    """

    memory_mib: int = 3072
    file_mib: int = 4096
    study_s: float = 15.0
    study_s_per_mib: float = 0.1
    wall_s_per_mib: float = 0.5
    header_s: float = 4.0

    def of_study(self, size_bytes: int, *, effort: float = 1.0) -> tuple[float, float]:
        """Return computing and wall time, seconds, for a study whose files have a size."""
        size_mib = size_bytes / MEBIBYTE
        computing_s = (self.study_s + self.study_s_per_mib * size_mib) * effort
        return computing_s, computing_s * 4.0 / 3.0 + self.wall_s_per_mib * size_mib

    def of_header(self) -> tuple[float, float]:
        """Return computing and wall time, seconds, for the header of one file."""
        return self.header_s, 2.0 * self.header_s


def lock_in(memory_mib: int, file_mib: int) -> None:
    """Limit this process, for good. What a platform does not know is left out."""
    import resource

    sizes = [("RLIMIT_CORE", 0), ("RLIMIT_FSIZE", file_mib * MEBIBYTE)]
    if memory_mib:
        sizes.append(("RLIMIT_AS", memory_mib * MEBIBYTE))
    for name, size in sizes:
        with suppress(AttributeError, ValueError, OSError):
            _, hard = resource.getrlimit(getattr(resource, name))
            most = size if hard == resource.RLIM_INFINITY else min(size, hard)
            resource.setrlimit(getattr(resource, name), (most, most))


def allow_computing(seconds: float) -> None:
    """Let this process compute for so long from now on; then SIGXCPU ends it."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    until = math.ceil(used.ru_utime + used.ru_stime + seconds)
    with suppress(ValueError, OSError):
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        if hard != resource.RLIM_INFINITY:
            until = min(until, hard)
        resource.setrlimit(resource.RLIMIT_CPU, (until, hard))


def die_with(parent: int) -> None:
    """Have the system end this process when the thread that started it ends (Linux)."""
    import ctypes

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it had ended before
        os._exit(1)
