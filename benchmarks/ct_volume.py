"""A CT of 400 slices from files to float32: ours against pydicom, SimpleITK and plain reading."""

import argparse
import copy
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK
from numpy.typing import NDArray
from pydicom.data import get_testdata_file
from timing import as_lines, fastest_s

from quant.dicom.index import index_tree
from quant.dicom.volumes import read_volume
from quant.domain.study import SeriesEntry

SLICES, SIZE = 400, 512
ROUNDS = 4

CLOCKS: dict[str, Callable[[], float]] = {
    "wall": time.perf_counter,
    "CPU": time.process_time,
}
"""On a virtual machine the first touch of 400 MB may cost the host more than all reading: the wall
clock then compares hosts, the CPU time of all threads readers."""

PEAK = """
import sys
from pathlib import Path
from quant.dicom.index import index_tree
from quant.dicom.volumes import read_volume

def kilobytes(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))

(series,) = index_tree(Path(sys.argv[1])).studies[0].series
before = kilobytes("VmRSS")
volume = read_volume(series)
print((kilobytes("VmHWM") - before) * 1024 / volume.values.nbytes)
"""


def write_series(folder: Path) -> None:
    """Write slices of 512 x 512 int16 with the 262 header elements of a real GE CT."""
    template = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
    del template.DataSetTrailingPadding
    rng = np.random.default_rng(1)
    for number in range(SLICES):
        data = copy.copy(template)
        data.Rows = data.Columns = SIZE
        data.PixelSpacing = [0.976562, 0.976562]
        data.SOPInstanceUID = f"1.2.826.0.1.3680043.10.999.{number + 1}"
        data.InstanceNumber = number + 1
        data.ImagePositionPatient = [-250.0, -250.0, 1.25 * number]
        data.PixelData = rng.integers(-1000, 3072, (SIZE, SIZE)).astype("<i2").tobytes()
        data.save_as(folder / f"IM{number:04d}.dcm", enforce_file_format=True)


def by_pydicom(folder: Path) -> NDArray[np.float32]:
    """Read, sort and rescale slice by slice."""
    files = [pydicom.dcmread(path) for path in folder.iterdir()]
    files.sort(key=lambda data: float(data.ImagePositionPatient[2]))
    values = np.empty((len(files), SIZE, SIZE), dtype=np.float32)
    for k, data in enumerate(files):
        values[k] = data.pixel_array * float(data.RescaleSlope) + float(data.RescaleIntercept)
    return values


def by_simpleitk(folder: Path) -> object:
    """Read with the series reader, from the names that GDCM sorts."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def by_readinto(places: list[tuple[Path, int]]) -> NDArray[np.int16]:
    """Read stored values at known offsets, and do nothing else."""
    values = np.empty((len(places), SIZE, SIZE), dtype=np.int16)
    for k, (path, offset) in enumerate(places):
        with path.open("rb", buffering=0) as handle:
            handle.seek(offset)
            handle.readinto(values[k].reshape(-1).view(np.uint8))
    return values


def compare(folder: Path) -> dict[str, dict[str, Callable[[], object]]]:
    """Return what is compared, by case and name; ours first."""

    def series() -> SeriesEntry:
        (one,) = index_tree(folder).studies[0].series
        return one

    indexed = series()
    places = [
        (Path(str(one.path)), int(str(one.facts["PixelOffset"])))
        for one in sorted(indexed.files, key=lambda one: str(one.path))
    ]
    if not np.array_equal(read_volume(indexed).values, by_pydicom(folder)):
        message = "values differ from those of pydicom"
        raise AssertionError(message)
    return {
        "headers and pixels": {
            "ours: index_tree and read_volume": lambda: read_volume(series()),
            "pydicom: dcmread, pixel_array, rescale": lambda: by_pydicom(folder),
            "SimpleITK: ImageSeriesReader": lambda: by_simpleitk(folder),
        },
        "pixels alone": {
            "ours: read_volume, float32": lambda: read_volume(indexed),
            "readinto at known offsets, int16": lambda: by_readinto(places),
        },
    }


def memory_peak(folder: Path) -> float:
    """Return the peak of reading beyond the process before it, as a multiple of the volume."""
    done = subprocess.run(  # noqa: S603 - our own interpreter on our own lines
        [sys.executable, "-c", PEAK, str(folder)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main() -> None:
    """Print a table for each case, and write its rows where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    options = parser.parse_args()
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_series(folder)
        for case, contenders in compare(folder).items():
            for measure, clock in CLOCKS.items():
                times = fastest_s(contenders, ROUNDS, clock=clock)
                title = f"{SLICES} slices of {SIZE} x {SIZE}, {case}, {measure}"
                print("\n".join(as_lines(title, times)))  # noqa: T201
                own = next(iter(times.values()))
                rows += [
                    {
                        "case": f"{case}, {measure}",
                        "contender": name,
                        "seconds": s,
                        "ratio": s / own,
                    }
                    for name, s in times.items()
                ]
        peak = memory_peak(folder)
    print(f"memory peak of reading: {peak:.2f} x the float32 volume")  # noqa: T201
    rows.append({"case": "memory", "contender": "ours", "volumes": peak})
    if options.json is not None:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
