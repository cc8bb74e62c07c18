"""The output folder: made, locked, swept, and nothing else's."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quant.errors import OutputError, UsageError
from quant.pipeline.lock import LOCK_NAME, OWNER_NAME, only_run
from quant.report.writing import IS_PART, PART, make_folder, require_inside

RECORDS, STUDIES = "records", "studies"
SEGMENTATION, MEASUREMENTS = "segmentation.dcm", "measurements.dcm"

OBJECTS = (SEGMENTATION, MEASUREMENTS)
"""Files of a study's folder that other systems take in: they repeat the record."""

LOG_NAME, MANIFEST_NAME = "run.log.jsonl", "run.json"


@contextmanager
def opened_folder(out: Path) -> Iterator[Path]:
    """Make an output folder ready for one run and hold its lock.

    Parts of files that an interrupted run left are removed. A folder that was made for this run
    and stayed empty is removed again.

    Parameters
    ----------
    out : Path

    Yields
    ------
    Path
        The folder without links in its path.

    Raises
    ------
    UsageError
        ``USAGE`` when it cannot be made.
    OutputError
        ``OUT_IN_USE``, ``OUT_NOT_WRITABLE``, ``OUT_NO_SPACE`` or ``OUT_LINK``.
    """
    is_new = not out.is_dir()
    _make(out)
    place = out.resolve()
    with only_run(place):
        for name in (RECORDS, STUDIES):
            require_inside(place / name, place)
        sweep(place)
        try:
            yield place
        finally:
            if is_new:
                _remove_if_empty(place)


def _make(out: Path) -> None:
    try:
        make_folder(out)
    except (OSError, OutputError) as error:
        raise UsageError(
            "USAGE",
            "The output folder cannot be made.",
            found=f"{type(error).__name__} for {out}",
            needed="a folder that can be written",
            next_step="choose another folder with -o",
        ) from error


def has_run(place: Path) -> bool:
    """Tell whether a run has ended in a folder: the next may find nothing to do."""
    return (place / MANIFEST_NAME).is_file()


def sweep(place: Path) -> int:
    """Remove the parts of files that an interrupted run left behind; return how many."""
    swept = 0
    for folder in (str(place), str(place / RECORDS), *_folders_in(place / STUDIES)):
        with contextlib.suppress(FileNotFoundError):
            # 10,000 folders of a dozen files: names only, no objects of entries or paths
            for name in os.listdir(folder):  # noqa: PTH208
                if name.endswith(PART) and IS_PART(name):
                    with contextlib.suppress(OSError):  # a folder of such a name stays
                        os.unlink(f"{folder}/{name}")  # noqa: PTH108
                        swept += 1
    return swept


def _folders_in(folder: Path) -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                require_inside(Path(entry.path), folder)
            if entry.is_dir(follow_symlinks=False):
                yield entry.path


def _remove_if_empty(place: Path) -> None:
    """Remove a folder that holds nothing but the lock and the log."""
    with contextlib.suppress(OSError):
        if set(os.listdir(place)) <= {LOCK_NAME, OWNER_NAME, LOG_NAME}:  # noqa: PTH208 - names
            for name in (LOG_NAME, LOCK_NAME):
                (place / name).unlink(missing_ok=True)
            place.rmdir()
