"""Run a batch in this process and read what it says, as a test does."""

import contextlib
import csv
import io
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.hostile.folders import FOLDERS, PACKED, Folder
from tests.soak.figures import Figure, figure
from tests.support.fuzzing import FAST, Failures, HangError, alarmed, in_memory, measured_here


@dataclass(frozen=True)
class Seen:
    """Exit status, what was printed, all codes of studies and quarantine, unforeseen traces."""

    status: int
    printed: str
    codes: frozenset[str]
    traces: tuple[str, ...]


def measured(
    source: Path, out: Path, protocol: Path | str = "zhou2025", *, plain: bool = False
) -> Seen:
    """Measure a folder in this process."""
    failures, logger, printed = Failures(), logging.getLogger("quant"), io.StringIO()
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(failures)
    try:
        with alarmed(), contextlib.redirect_stdout(printed):
            status = measured_here(source, out, str(protocol), plain=plain)
    finally:
        logger.removeHandler(failures)
        logger.setLevel(level)
    codes: set[str] = set()
    if status in (0, 1):
        codes = {row["code"] for row in rows(out / "quarantine.csv")}
        codes |= {code for row in rows(out / "studies.csv") for code in row["flags"].split(";")}
    return Seen(status, printed.getvalue(), frozenset(codes), tuple(failures.traces))


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def try_folder(case: Folder, base: Path) -> str:
    """Write a folder and measure it; return what is wrong, or nothing."""
    base.mkdir(parents=True)
    (base / "fast.toml").write_text(FAST)
    case.make(base / "in" / "case")
    try:
        seen = measured(base / "in", base / "out", base / "fast.toml", plain=True)
    except HangError:
        return "it hangs"
    wrong = []
    if seen.status != case.status:
        wrong.append(f"status {seen.status}, expected {case.status}")
    if missing := set(case.codes) - seen.codes:
        wrong.append(f"no {sorted(missing)} among {sorted(seen.codes)}")
    if seen.traces or "STUDY_FAILED" in seen.codes:
        wrong.append(f"an unforeseen failure: {seen.traces}")
    return "; ".join(wrong)


def folders(points: int, seed: int) -> list[Figure]:
    """Goal 3: so many folders made by hand; the seed plays no part."""
    del seed
    import tempfile

    with figure("folders made by hand: the expected code and status") as row:
        for number, case in enumerate((*FOLDERS, *PACKED)[:points]):
            with tempfile.TemporaryDirectory(dir=in_memory()) as name:
                wrong = try_folder(case, Path(name) / str(number))
            shutil.rmtree(name, ignore_errors=True)
            row.check(not wrong, f"{case.group}, {case.name}: {wrong}")
        row.notes = f"{len({one.group for one in FOLDERS})} groups"
    return [row]
