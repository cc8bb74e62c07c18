"""Damaged files through the whole engine, in a process of its own, counted.

``python -m tests.support.fuzzing --first 0 --count 5000`` prints one line of JSON and, for every
finding, its number and its trace. Files are read the way a study is: index, voxels with
calibration, regions; one in ``--every`` also becomes part of a batch with all that is written.
"""

import argparse
import contextlib
import faulthandler
import json
import logging
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from quant.errors import QuantError
from tests.support.mutator import Mutant, mutant
from tests.support.run import uncaged
from tests.support.seeds import siblings, study_files, write_study

if TYPE_CHECKING:
    from quant.domain.study import StudyIndex

HANG_S, STUCK_S = 20, 300
"""A case that takes more seconds of CPU hangs; after so many by the clock the process is ended.

CPU time, because a machine that is paused in between is no hang.
"""

BATCH, WITH_ALL = 250, 20
"""Studies of a batch; and how many of them once more with pictures and DICOM objects."""

MEMORY_BYTES = 3 << 30
BOMB_MB = 256
"""A file of at most 64 KiB that makes the process grow by more than this is a bomb let in."""

CASE_FOLDER = "case"


class HangError(BaseException):
    """Raised by the alarm; no handler of ours or of a library may swallow it."""


@dataclass
class Tally:
    """What became of the files."""

    first: int = 0
    count: int = 0
    files: int = 0
    used: int = 0
    duplicate: int = 0
    ignored: int = 0
    quarantined: int = 0
    volumes_read: int = 0
    regions_read: int = 0
    studies_measured: int = 0
    studies_with_values: int = 0
    batches: int = 0
    tracebacks: int = 0
    hangs: int = 0
    dead_batches: int = 0
    uncounted: int = 0
    memory_bombs: int = 0
    slowest_s: float = 0.0
    seconds: float = 0.0
    peak_mb: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    failing: list[int] = field(default_factory=list)

    def note(self, code: str) -> None:
        """Count a code."""
        self.codes[code] = self.codes.get(code, 0) + 1

    def blame(self, kind: str, number: int, error: BaseException | str) -> None:
        """Enter a finding, and print it."""
        setattr(self, kind, getattr(self, kind) + 1)
        self.failing.append(number)
        text = error if isinstance(error, str) else "".join(traceback.format_exception(error))
        sys.stderr.write(f"== {kind} {number}: {text}\n")


@contextlib.contextmanager
def alarmed() -> Iterator[None]:
    """Raise :class:`HangError` after :data:`HANG_S`; end the process if even that does not help."""
    before = signal.signal(signal.SIGPROF, _ring)
    signal.setitimer(signal.ITIMER_PROF, HANG_S)
    faulthandler.dump_traceback_later(STUCK_S, exit=True)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        faulthandler.cancel_dump_traceback_later()


def _ring(*_: object) -> None:
    raise HangError


def count_files(index: "StudyIndex", tally: Tally) -> bool:
    """Add up where the files went; tell whether each went to exactly one place."""
    paths = {one.path for s in index.studies for series in s.series for one in series.files}
    extras = [path for study in index.studies for path in study.extra_files]
    used = len(paths) + len(extras)
    tally.used += used
    tally.duplicate += index.duplicates
    tally.ignored += len(index.ignored)
    tally.quarantined += index.files_quarantined
    for one in index.quarantined:
        tally.note(one.code)
    kept = used + index.duplicates + len(index.ignored) + index.files_quarantined
    return kept == index.files_seen


def read_all(index: "StudyIndex", tally: Tally) -> None:
    """Read voxels and regions of every study; only the engine's own errors may be raised."""
    from quant.dicom.calibrate import calibrated
    from quant.dicom.volumes import read_volume
    from quant.pipeline.protocols import load_protocol
    from quant.regions.sources import gather_shapes

    settings = load_protocol("zhou2025").calibration
    for study in index.studies:
        for series in study.series:
            if series.modality not in ("NM", "PT", "CT"):
                continue
            try:
                volume = read_volume(series)
                if series.modality != "CT":
                    calibrated(volume, series, settings)
                tally.volumes_read += 1
            except QuantError as error:
                tally.note(error.code)
        found = gather_shapes(study)
        tally.regions_read += len(found.shapes)
        for one in found.quarantined:
            tally.note(one.code)


def one_file(case: Mutant, folder: Path, tally: Tally) -> None:
    """Index and read one damaged file on its own."""
    from quant.dicom.index import index_tree

    folder.mkdir()
    (folder / "file.dcm").write_bytes(case.content)
    others = siblings(case.seed.role)
    for name, content in others.items():
        (folder / f"{name}.dcm").write_bytes(content)
    tally.files += 1 + len(others)
    start, before = time.perf_counter(), peak_mb()
    try:
        with alarmed():
            index = index_tree(folder)
            if index.files_seen != 1 + len(others) or not count_files(index, tally):
                tally.blame("uncounted", case.number, f"{index.files_seen} files seen")
            read_all(index, tally)
    except HangError as error:
        tally.blame("hangs", case.number, error)
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        tally.blame("tracebacks", case.number, error)
    if peak_mb() > before + BOMB_MB:
        tally.blame("memory_bombs", case.number, f"{before} MB before, {peak_mb()} MB after")
    tally.slowest_s = max(tally.slowest_s, time.perf_counter() - start)
    shutil.rmtree(folder)


def peak_mb() -> int:
    """Return the largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


class Failures(logging.Handler):
    """Keeps the traces that the engine writes at debug level when a study fails unforeseen."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.traces: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record that has a trace."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, QuantError):
            self.traces.append("".join(traceback.format_exception(error)))


def renamed(content: bytes, number: int) -> bytes:
    """Give our UIDs another stem of the same length, so that every case is a study of its own."""
    return content.replace(b"1.2.826.0.1.", b"1.2.%07d." % (1_000_000 + number % 9_000_000))


def place_case(case: Mutant, folder: Path) -> int:
    """Write a mini study with the damaged file in its place; return the number of files."""
    number = case.number
    files = study_files() | siblings(case.seed.role)
    whole = {name: renamed(content, number) for name, content in files.items()}
    name = {"ct": "ct0", "": "other"}.get(case.seed.role, case.seed.role)
    write_study(folder, **(whole | {name: renamed(case.content, number) or b" "}))
    return len(list(folder.iterdir()))


def one_batch(cases: list[Mutant], base: Path, tally: Tally) -> None:
    """Measure many damaged studies in one batch, and see that it ends and that the books agree."""
    written = sum(place_case(case, base / "in" / f"{CASE_FOLDER}{case.number}") for case in cases)
    failures = Failures()
    logger = logging.getLogger("quant")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(failures)
    tally.batches += 1
    try:
        with alarmed(), contextlib.redirect_stdout(None):
            signal.setitimer(signal.ITIMER_PROF, HANG_S * len(cases))
            is_plain = len(cases) > WITH_ALL
            measured_here(base / "in", base / "out", str(fast_protocol(base)), plain=is_plain)
        _look_at(base / "out", written, tally)
    except HangError as error:
        tally.blame("hangs", cases[0].number, error)
    except Exception as error:  # noqa: BLE001
        tally.blame("dead_batches", cases[0].number, error)
    finally:
        logger.removeHandler(failures)
    for trace in failures.traces:
        tally.blame("tracebacks", cases[0].number, trace)
    shutil.rmtree(base)


def in_memory() -> Path | None:
    """Return a folder in memory: thousands of files, each forced to disk, would take minutes."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder in it, made by tempfile
    return memory if os.access(memory, os.W_OK) else None


def measured_here(source: Path, out: Path, protocol: str, *, plain: bool = False) -> int:
    """Run the command's own function in this process, without its cage; return the exit status.

    The cage would catch what is looked for here, and starting it takes longer than the measuring.
    With ``plain`` neither pictures nor DICOM objects are made, which take nine tenths of the time.
    """
    from quant.cli import run

    wishes = run.Wishes(objects=not plain, pictures=not plain)
    with mock.patch("quant.cli.run.opened", uncaged):
        return int(run.measure_folder(source, out, protocol, wishes))


FAST = """name = "fast"
extends = "zhou2025"
[liver_sphere]
refine = false
[muscle_sphere]
refine = false
"""
"""The default protocol without the refinement of spheres, which takes most of the time."""


def fast_protocol(base: Path) -> Path:
    """Write :data:`FAST`."""
    path = base / "fast.toml"
    path.write_text(FAST)
    return path


def _look_at(out: Path, written: int, tally: Tally) -> None:
    counts = json.loads((out / "run.json").read_text(encoding="utf-8"))["counts"]
    parts = ("files_used", "files_duplicate", "files_ignored", "files_quarantined")
    if counts["files_seen"] != written or sum(counts[part] for part in parts) != written:
        tally.blame("uncounted", tally.first, f"{written} files written, {counts}")
    tally.studies_measured += counts["studies"]
    tally.studies_with_values += counts["studies"] - counts["studies_failed"]


def hunt(first: int, count: int, every: int, state: Path | None = None) -> Tally:
    """Put a range of numbers through the engine.

    Where the process dies, ``state`` holds the number that it had in hand.
    """
    tally = Tally(first, count)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="hostile", dir=in_memory()) as name:
        base, chosen = Path(name), list[Mutant]()
        for number in range(first, first + count):
            if state is not None:
                state.write_text(str(number))
            case = mutant(number)
            one_file(case, base / "one", tally)
            if number % every == 0:
                chosen.append(case)
            if len(chosen) >= BATCH or (number == first + count - 1 and chosen):
                for part in (chosen, chosen[:: BATCH // WITH_ALL]):
                    (base / "batch").mkdir()
                    one_batch(part, base / "batch", tally)
                chosen = []
    tally.seconds = round(time.perf_counter() - start, 1)
    tally.peak_mb = peak_mb()
    return tally


def main() -> None:
    """Run the hunt and print what was counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--every", type=int, default=20)
    parser.add_argument("--state", type=Path)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.enable()
    warnings.simplefilter("ignore")
    tally = hunt(options.first, options.count, options.every, options.state)
    sys.stdout.write(json.dumps(asdict(tally)) + "\n")
    sys.exit(1 if tally.failing else 0)


if __name__ == "__main__":
    main()
