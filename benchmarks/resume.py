"""How long a batch of many already-measured studies takes to find that there is nothing to do.

``python benchmarks/resume.py [--studies 10000] [--json FILE]`` writes that many small studies (an
emission volume, organs, a tumour: three files each), enters a record for each as the engine writes
them, and times the command ``quant run`` on them: a whole process, from its start to its end, the
headers and digests of files kept as after any run. Beside it the least that any program must do:
one look at every file (``os.scandir`` and ``os.stat``). Exits 1 beyond 5 s of CPU time for 10,000.

The records are those of one study, measured once, under the other studies' identity; in the place
of pictures, DICOM objects and pages lies a byte each. What takes time here is finding them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

LIMIT_S = 5.0
"""For 10,000 studies, CPU seconds of the process and its children."""

SETTLE_S = 2.5
"""Files younger than this are not kept in the cache of headers."""


def prepared(folder: Path, studies: int) -> None:
    """Write the studies, and the output folder of a run that has measured them all."""
    from quant.dicom.files.cache import opened_cache
    from quant.dicom.index import index_tree
    from quant.pipeline.batch import run_batch
    from quant.pipeline.how import Reuse
    from tests.support.batches import QUICK, as_measured, write_batch

    write_batch(folder / "in", studies)
    measure = as_measured(index_tree(folder / "in" / "s00000").studies[0])
    os.environ["QUANT_CACHE"] = str(folder / "cache")  # after the kernels were loaded from theirs
    time.sleep(SETTLE_S)
    with opened_cache() as cache:
        index = index_tree(folder / "in", cache=cache)
        with (
            mock.patch("quant.pipeline.study.measure_study", measure),
            mock.patch("quant.report.pictures.study.write_pictures", pictures),
            mock.patch("quant.pipeline.objects.write_objects", objects),
            mock.patch("quant.pipeline.derived.write_site", site),
            mock.patch("os.fsync"),  # this folder need not outlive a power cut
        ):
            run_batch(index, folder / "out", QUICK, reuse=Reuse(digests=cache))


def pictures(_outcome: object, folder: Path) -> None:
    """Put a byte in the place of each picture and display copy."""
    names = ("display.json", "emission.nii.gz", "regions.nii.gz", "outlines.npz", "qc.webp")
    for name in names:
        (folder / name).write_bytes(b"x")


def objects(_outcome: object, _name: str, folder: Path, _naming: object) -> None:
    """Put a byte in the place of each DICOM object."""
    for name in ("segmentation.dcm", "measurements.dcm"):
        (folder / name).write_bytes(b"x")


def site(source: Any, _form: object) -> int:  # noqa: ANN401 - what the report is made from
    """Put a byte in the place of each page."""
    (source.out / "report.html").write_bytes(b"x")
    (source.out / "report").mkdir()
    for name in source.names:
        for ending in ("html", "js"):
            (source.out / "report" / f"{name}.{ending}").write_bytes(b"x")
    return 2 * len(source.names)


def resumed(folder: Path) -> tuple[float, float]:
    """Run the command again; return its wall and CPU seconds."""
    command = [sys.executable, "-m", "quant.cli.app", "run"]
    before, start = os.times(), time.perf_counter()
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, str(folder / "in"), "-o", str(folder / "out")],
        capture_output=True, check=True, encoding="utf-8", cwd=REPOSITORY,
    )  # fmt: skip
    wall_s, after = time.perf_counter() - start, os.times()
    if "nothing to do" not in done.stdout:
        sys.exit(f"it found something to do:\n{done.stdout}{done.stderr}")
    cpu_s = after.children_user + after.children_system
    return wall_s, cpu_s - before.children_user - before.children_system


def looked_at(folder: Path) -> tuple[float, float]:
    """Look at every file once; return wall and CPU seconds."""
    start, cpu = time.perf_counter(), time.process_time()
    folders = [str(folder)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
    return time.perf_counter() - start, time.process_time() - cpu


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        start = time.perf_counter()
        prepared(folder, options.studies)
        print(f"{options.studies} studies prepared in {time.perf_counter() - start:.0f} s")  # noqa: T201
        ours = min((resumed(folder) for _ in range(options.rounds)), key=lambda one: one[1])
        least = min((looked_at(folder) for _ in range(options.rounds)), key=lambda one: one[1])
    rows = []
    for contender, (wall_s, cpu_s) in (("ours", ours), ("one look at every file", least)):
        print(f"  {contender:24} {wall_s:8.2f} s   {cpu_s:8.2f} s CPU   {cpu_s / ours[1]:6.2f}x")  # noqa: T201
        rows.append(
            {"work": "resume to nothing to do", "size": f"{options.studies} studies",
             "contender": contender, "version": "", "seconds": cpu_s, "wall_s": wall_s,
             "ratio": cpu_s / ours[1], "floor": least[1]}
        )  # fmt: skip
    if options.json:
        options.json.write_text(json.dumps(rows), encoding="utf-8")
    if ours[1] > LIMIT_S * max(options.studies / 10_000, 0.3):
        sys.exit(f"{ours[1]:.1f} s CPU for {options.studies} studies, {LIMIT_S} s are allowed")


if __name__ == "__main__":
    main()
