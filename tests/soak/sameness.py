"""Goal 9: the same input gives the same digest, whatever the run and the machine do."""

import os
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from quant.pipeline.digest import verify
from tests.soak.figures import Figure, figure
from tests.support.batches import write_batch
from tests.support.run import PLAIN

STUDIES = 3
SAMPLES = Path(__file__).parents[2] / "data-samples"

JOBS = (1, 2, 4)
THREADS = (1, 2, 4, 8)
HASH_SEEDS = (0, 1, 77, 4242, 99999)
ZONES = ("UTC", "Asia/Kolkata", "America/St_Johns")
LOCALES = ("C", "C.UTF-8", "POSIX")


@dataclass(frozen=True)
class Surroundings:
    """What must not matter."""

    jobs: int
    threads: int
    hash_seed: int
    zone: str
    locale: str
    order: int

    def environment(self) -> dict[str, str]:
        """Return the environment of such a run; a plain locale stays plain."""
        return dict(
            os.environ,
            NUMBA_NUM_THREADS=str(self.threads),
            OMP_NUM_THREADS=str(self.threads),
            PYTHONHASHSEED=str(self.hash_seed),
            TZ=self.zone,
            LC_ALL=self.locale,
            PYTHONCOERCECLOCALE="0",
            PYTHONUTF8="1" if self.locale == "C.UTF-8" else "0",
            QUANT_CACHE="off",
        )


def sameness(points: int, seed: int) -> list[Figure]:
    """Run the command in so many surroundings; every value of each kind has its turn."""
    rng = random.Random(seed)
    digests: dict[str, list[Surroundings]] = {}
    with tempfile.TemporaryDirectory() as made, figure(_title(points)) as row:
        for number, one in enumerate(islice(_all(), points)):
            folder = Path(made) / f"run{number}"
            _write_input(folder / "in", one.order, rng)
            digest, status = _digest_of(folder / "in", folder / "out", one)
            digests.setdefault(digest, []).append(one)
            right = status in (0, 1) and len(digests) == 1 and len(digest) == 64
            row.check(right, f"{one}: status {status}, digest {digest[:64]}")
            shutil.rmtree(folder)
    return [row]


def _title(points: int) -> str:
    values = sum(min(points, len(kind)) for kind in (JOBS, THREADS, HASH_SEEDS, ZONES, LOCALES))
    return f"one digest over {values} settings and {points} orders of files"


def _all() -> "zip[Surroundings]":
    kinds = zip(
        cycle(JOBS), cycle(THREADS), cycle(HASH_SEEDS), cycle(ZONES), cycle(LOCALES), range(10**6),
        strict=False,
    )  # fmt: skip
    return (Surroundings(*values) for values in kinds)  # type: ignore[return-value]


def _write_input(folder: Path, order: int, rng: random.Random) -> None:
    """Write the same files, each time in another order of time and place on the disk."""
    numbers = list(range(STUDIES))
    if order:
        rng.shuffle(numbers)
    write_batch(folder, STUDIES, numbers)
    names = ["broken.dcm", "Größe.dcm", "empty.dcm", "notes.txt"]
    if order:
        rng.shuffle(names)
    for name in names:
        (folder / name).write_bytes(b"" if name == "empty.dcm" else b"\x00" * 128 + b"DICM\xff\xff")


def _digest_of(folder: Path, out: Path, one: Surroundings) -> tuple[str, int]:
    """Run the command as a user does; return the digest of what it wrote and its status."""
    options = ["--jobs", str(one.jobs), *PLAIN]
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "quant.cli.app", "run", str(folder), "-o", str(out), *options],
        capture_output=True, check=False, encoding="utf-8", errors="replace", timeout=600,
        env=one.environment(),
    )  # fmt: skip
    if done.returncode not in (0, 1):
        return done.stderr, done.returncode
    verified = verify(out)
    return verified.digest if verified.is_whole else str(verified.damaged), done.returncode
