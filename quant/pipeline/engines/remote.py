"""What runs on a worker of a cluster: one study, in a cage of that worker's own.

Only small things come and go: the pickled job (paths and header facts), and its result as a dict.
"""

import pickle
import threading
import zlib
from dataclasses import asdict
from typing import TYPE_CHECKING

from quant.errors import OutputError
from quant.pipeline.manifest import versions

if TYPE_CHECKING:
    from pathlib import Path

    from quant.pipeline.cage.cage import Cage
    from quant.pipeline.cage.limits import Limits
    from quant.pipeline.work import Job

_cages: "dict[int, Cage]" = {}
_lock = threading.Lock()


def packed(job: "Job") -> bytes:
    """Return a job as it travels: facts of many slices are much alike, so they shrink well."""
    return zlib.compress(pickle.dumps(job, pickle.HIGHEST_PROTOCOL), 1)


def measure_remotely(
    job: bytes, limits: "Limits", expected: dict[str, str], token: "tuple[Path, str]"
) -> dict[str, object]:
    """Measure one study; return its result as a dict, or why this worker must not measure it.

    Parameters
    ----------
    job : bytes
        From :func:`packed`.
    limits : Limits
    expected : dict of str to str
        Versions where the batch was started: others might give other digits.
    token : (Path, str)
        A file in the output folder and what it says, to tell that it is the same folder here.
    """
    if problem := _problem(expected, token):
        return {"refused": problem}
    unpacked: Job = pickle.loads(zlib.decompress(job))  # noqa: S301 - from the batch, by the scheduler
    lost = [str(path) for path in _files(unpacked)[:1] if not path.exists()]
    if lost:
        return {"lost": lost[0]}
    from quant.pipeline.cage.measuring import measuring, result_of

    try:
        return asdict(result_of(_cage(limits).call(measuring(unpacked, limits))))
    except OutputError as error:
        parts = [error.code, error.what, error.found, error.needed, error.next_step]
        return {"output_error": parts}


def close_cages() -> None:
    """End the caged processes of this worker."""
    with _lock:
        cages = list(_cages.values())
        _cages.clear()
    for cage in cages:
        cage.close()


def _cage(limits: "Limits") -> "Cage":
    """Return the cage of the thread that asks."""
    from quant.pipeline.cage.cage import Cage

    own = threading.get_ident()
    with _lock:
        if own not in _cages or _cages[own].limits != limits:
            _cages[own] = Cage(1, limits)
        return _cages[own]


def _problem(expected: dict[str, str], token: "tuple[Path, str]") -> str:
    here = versions()
    if here != expected:
        names = sorted(set(here) | set(expected))
        told = [
            f"{name} {here.get(name, 'absent')} instead of {expected.get(name, 'absent')}"
            for name in names
            if here.get(name) != expected.get(name)
        ]
        return f"a worker has {', '.join(told)}"
    path, content = token
    try:
        is_same = path.read_text(encoding="ascii") == content
    except (OSError, ValueError):
        is_same = False
    return "" if is_same else f"a worker does not see the output folder {path.parent}"


def _files(job: "Job") -> "list[Path]":
    """Return the files on disk of a job; an archive for its members."""
    from quant.domain.archive import ArchiveMember

    entries = (one.path for part in job.study.series for one in part.files)
    return [path.packed.archive if isinstance(path, ArchiveMember) else path for path in entries]
