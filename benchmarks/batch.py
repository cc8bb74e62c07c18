"""What a batch costs beside measuring, and what a second worker buys.

``python benchmarks/batch.py --studies 200`` copies the sample study so often, each under a UID of
its own, and measures all of them in rounds, each round three ways one after the other: by calling
what measures a study and writes its record, meshes and pictures in a loop in this process, by a
batch with one caged worker, by a batch with two. (Measuring alone is timed too, and not judged.)
Ratios are of one round; the median of rounds is given, of wall time and of computing time (which
load from elsewhere changes less). Then the workers' peak of
memory is held against what they decoded, also with a CT of 512 x 512 x 400. Linux only.

Exits 1 when a goal is not met by wall time; with ``--shared`` by computing time, for machines that
are not free (the goal of the second worker is then not judged).
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rows import Row, json_option, write_rows

if TYPE_CHECKING:
    from quant.domain.study import StudyFiles, StudyIndex

SAMPLE = Path(__file__).resolve().parents[1] / "data-samples" / "torso"
ROUNDS = 5
TICKS = os.sysconf("SC_CLK_TCK")

OVERHEAD, SPEEDUP = 1.05, 1.8
BASE_BYTES, MULTIPLE, MOST_BYTES = 300 * 2**20, 6, 2 * 2**30

LARGE = (400, 512, 512)


@dataclass
class Times:
    """Seconds of each way, by round."""

    wall: dict[str, list[float]] = field(default_factory=dict)
    computing: dict[str, list[float]] = field(default_factory=dict)

    def add(self, way: str, wall: float, computing: float) -> None:
        """Enter one round of one way."""
        self.wall.setdefault(way, []).append(wall)
        self.computing.setdefault(way, []).append(computing)

    def ratio(self, of: str, over: str, *, computing: bool = False) -> float:
        """Median over rounds of the ratio of two ways."""
        times = self.computing if computing else self.wall
        return statistics.median(a / b for a, b in zip(times[of], times[over], strict=True))


def copies(root: Path, count: int) -> None:
    """Write the sample study so often, with study UIDs of the same length that differ."""
    files = [path for path in sorted(SAMPLE.rglob("*")) if path.is_file()]
    contents = {path: path.read_bytes() for path in files}
    uid = _study_uid()
    for number in range(count):
        other = uid[:-6] + f"{number:06d}".encode()
        for path, content in contents.items():
            target = root / f"{number:05d}" / path.relative_to(SAMPLE)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.replace(uid, other))


def large_study(root: Path) -> None:
    """Write the sample study with its CT on 512 x 512 x 400 voxels."""
    import numpy as np
    import pydicom
    from pydicom.uid import ExplicitVRLittleEndian

    places: dict[float, Path] = {}
    for path in sorted(SAMPLE.rglob("*.dcm")):
        data = pydicom.dcmread(path)
        if data.Modality == "CT":
            places[float(data.ImagePositionPatient[2])] = path
        else:
            shutil.copy(path, root / path.name)
    low, high = min(places), max(places)
    paths = [places[place] for place in sorted(places)]
    step = (high - low) / (LARGE[0] - 1)
    for number in range(LARGE[0]):
        data = pydicom.dcmread(paths[number * len(paths) // LARGE[0]])
        factors = LARGE[1] / data.Rows, LARGE[2] / data.Columns
        rows, columns = (
            (np.arange(size) / factor).astype(int)
            for size, factor in zip(LARGE[1:], factors, strict=True)
        )
        data.PixelData = np.ascontiguousarray(data.pixel_array[np.ix_(rows, columns)]).tobytes()
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data["PixelData"].is_undefined_length = False
        data.Rows, data.Columns = LARGE[1:]
        data.PixelSpacing = [
            f"{float(one) / factor:.8g}"
            for one, factor in zip(data.PixelSpacing, factors, strict=True)
        ]
        x, y, _ = data.ImagePositionPatient
        data.ImagePositionPatient = [x, y, f"{low + number * step:.8g}"]
        data.SliceThickness, data.InstanceNumber = f"{step:.8g}", number + 1
        data.SOPInstanceUID = f"{data.SOPInstanceUID[:40]}.{number}"
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
        data.save_as(root / f"ct{number:04d}.dcm", enforce_file_format=True)


def large_row(root: Path) -> Row:
    """Measure the large study in a fresh worker; return its peak of memory."""
    from quant.dicom.index import index_tree
    from quant.domain.record import Status
    from quant.pipeline.batch import run_batch
    from quant.pipeline.cage.cage import Cage
    from quant.pipeline.engines.caged import Caged
    from quant.pipeline.protocols import load_protocol

    (root / "large").mkdir()
    large_study(root / "large")
    index = index_tree(root / "large")
    with Cage(1) as cage:
        result = run_batch(index, root / "o", load_protocol("zhou2025"), engine=Caged(cage))
        row = _memory_row(
            "CT 512 x 512 x 400", peak_bytes(cage.pids[0]), decoded_bytes(index.studies[0])
        )
    is_measured = [record.status for record in result.records] == [Status.OK]
    return {
        **row,
        "is_met": row["is_met"] and is_measured and float(str(row["bytes"])) <= MOST_BYTES,
    }


def _study_uid() -> bytes:
    from quant.dicom.index import index_tree

    (study,) = index_tree(SAMPLE).studies
    return study.study_uid.encode()


def computing_s(pids: tuple[int, ...]) -> float:
    """Return the computing time of this process and of some others."""
    total = time.process_time()
    for pid in pids:
        parts = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        total += (int(parts[11]) + int(parts[12])) / TICKS
    return total


def peak_bytes(pid: int) -> int:
    """Return the most that was resident of a process."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(pid)


def decoded_bytes(study: "StudyFiles") -> int:
    """Sum up the voxels of a study's volumes, as they are stored."""
    total = 0
    for part in study.series:
        for one in part.files:
            rows, columns = one.facts.get("Rows"), one.facts.get("Columns")
            if isinstance(rows, int) and isinstance(columns, int):
                frames = one.facts.get("NumberOfFrames") or 1
                bits = one.facts.get("BitsAllocated") or 16
                total += rows * columns * int(str(frames)) * int(str(bits)) // 8
    return total


def chunks(index: "StudyIndex", rounds: int) -> Iterator["StudyIndex"]:
    """Split an index into parts of its studies."""
    size = max(1, len(index.studies) // rounds)
    for start in range(0, size * rounds, size):
        yield replace(index, studies=index.studies[start : start + size])


def measured(root: Path, rounds: int) -> tuple[Times, list[Row]]:
    """Do the rounds; return their times, and rows about resuming and memory."""
    from quant.dicom.index import index_tree
    from quant.pipeline.batch import run_batch
    from quant.pipeline.cage.cage import Cage
    from quant.pipeline.engines.caged import Caged
    from quant.pipeline.protocols import load_protocol
    from quant.pipeline.study import measure_study
    from quant.pipeline.work import Job, carry_out

    protocol, times, rows = load_protocol("zhou2025"), Times(), []
    index = index_tree(root / "in")
    first = replace(index, studies=index.studies[:2])
    out = root / "out"
    measure_study(index.studies[0], protocol)
    with Cage(1) as one, Cage(2) as two:
        for name, cage in (("one", one), ("two", two)):  # starting and loading are not counted
            run_batch(first, root / f"warm {name}", protocol, engine=Caged(cage))
        for number, part in enumerate(chunks(index, rounds)):
            start, before = time.perf_counter(), computing_s(())
            for study in part.studies:
                measure_study(study, protocol)
            times.add("measuring alone", time.perf_counter() - start, computing_s(()) - before)
            (out / f"w{number}" / "records").mkdir(parents=True)
            start, before = time.perf_counter(), computing_s(())
            for study in part.studies:
                carry_out(Job(study, protocol, out / f"w{number}"))
            times.add("loop", time.perf_counter() - start, computing_s(()) - before)
            for name, cage in (("one worker", one), ("two workers", two)):
                start, before = time.perf_counter(), computing_s(cage.pids)
                run_batch(part, out / f"{name} {number}", protocol, engine=Caged(cage))
                spent = computing_s(cage.pids) - before
                times.add(name, time.perf_counter() - start, spent)
            sys.stderr.write(f"round {number + 1} of {rounds} done\n")
        decoded = max(map(decoded_bytes, index.studies))
        rows += [
            _memory_row(f"{len(index.studies)} studies", max(map(peak_bytes, cage.pids)), decoded)
            for cage in (one, two)
        ]
    return times, rows


def _memory_row(size: str, peak: int, decoded: int) -> Row:
    allowed = BASE_BYTES + MULTIPLE * decoded
    return {
        "work": f"batch: peak of a worker, {size}", "size": size, "contender": "ours",
        "bytes": peak, "decoded_bytes": decoded, "allowed_bytes": allowed,
        "is_met": peak <= allowed,
    }  # fmt: skip


def speed_rows(times: Times, studies: int, *, is_shared: bool) -> list[Row]:
    """Return the goals of speed, and whether they are met."""
    rows: list[Row] = []
    for name, of, over, goal in (
        ("one worker over the loop", "one worker", "loop", OVERHEAD),
        ("one worker over two", "one worker", "two workers", SPEEDUP),
    ):
        wall, computing = times.ratio(of, over), times.ratio(of, over, computing=True)
        judged = computing if is_shared else wall
        is_met = judged <= goal if goal == OVERHEAD else is_shared or wall >= goal
        rows.append({
            "work": f"batch: {name}", "size": f"{studies} studies", "contender": "ours",
            "ratio": wall, "ratio_computing": computing, "goal": goal, "is_met": is_met,
        })  # fmt: skip
    return rows


def lines(times: Times, rows: list[Row], each: int) -> Iterator[str]:
    """Yield the figures in words."""
    for way in times.wall:
        wall, computing = (1e3 * statistics.median(one[way]) / each for one in vars(times).values())
        yield f"{way:18} {wall:8.1f} ms a study, {computing:8.1f} ms of computing"
    for row in rows:
        if "goal" in row:
            sign = "<=" if row["goal"] == OVERHEAD else ">="
            said = f"wall {row['ratio']:.3f}, computing {row['ratio_computing']:.3f}"
            yield f"{row['work']:44} {said}; goal {sign} {row['goal']}"
            continue
        peak, decoded, allowed = (
            float(str(row[key])) / 2**20 for key in ("bytes", "decoded_bytes", "allowed_bytes")
        )
        said = f"{peak:.0f} MiB, decoded {decoded:.1f} MiB; goal <= {allowed:.0f} MiB"
        yield f"{row['work']:44} {said}"


def main() -> None:
    """Print the figures; exit 1 when a goal is not met."""
    parser = json_option(__doc__)
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--shared", action="store_true", help="judge by computing time")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="batch-"))
    try:
        copies(root / "in", options.studies)
        times, rows = measured(root, options.rounds)
        rows.append(large_row(root))
    finally:
        shutil.rmtree(root)
    rows += speed_rows(times, options.studies, is_shared=options.shared)
    each = options.studies // options.rounds
    sys.stdout.write("\n".join(lines(times, rows, each)) + "\n")
    write_rows(options.json, rows)
    sys.exit(0 if all(row["is_met"] for row in rows) else 1)


if __name__ == "__main__":
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    main()
