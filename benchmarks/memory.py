"""Peak of memory of every kind of work, as a multiple of the arrays that it reads.

Compiled code allocates outside of Python, so the resident set is watched: the peak during a call
less what was resident before it, input included. Linux only.
"""

import ctypes
import gc
import sys
from pathlib import Path

from rows import Row, json_option, write_rows
from works import WORKS

SIZE = 192
SMALL = 32

STATED = {
    "surface of a mask": 0.1,
    "surfaces of 40 labels": 0.2,
    "isosurface": 0.1,
    "indexed mesh": 1.0,
    "maximum diameter": 1.0,
    "parts and cavities": 2.0,
    "statistics of 40 labels": 0.3,
    "statistics of a region": 0.6,
    "distance to the surface": 7.0,
    "sphere at all positions": 4.5,
    "label map on another grid": 7.0,
    "volume on another grid": 1.1,
}
"""Peak beyond the input, results included, as multiples of the input."""

SLACK_BYTES = 2 << 20
"""What the allocator and small tables may take besides."""


def _status(key: str) -> int:
    """Return a figure of the kernel on this process, bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    raise RuntimeError(key)


def peak(name: str, size: int) -> tuple[int, int]:
    """Bytes of the input, and the most that a call takes beyond it."""
    WORKS[name](SMALL).call()
    prepared = WORKS[name](size)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what is free goes back, so that taking it again is seen
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = _status("VmRSS")
    prepared.call()
    return prepared.input_bytes, max(0, _status("VmHWM") - before)


def main() -> None:
    """Print the table; exit 1 when a multiple is larger than stated."""
    parser = json_option(__doc__)
    parser.add_argument("--size", type=int, default=SIZE, help="voxels along each side")
    options = parser.parse_args()
    size: int = options.size
    if not Path("/proc/self/clear_refs").exists():
        print("skipped: memory is measured on Linux only")  # noqa: T201
        return
    rows: list[Row] = []
    beyond = []
    print(f"{f'work, {size}^3':30} {'input MB':>9} {'beyond it MB':>13} multiple stated")  # noqa: T201
    for name in WORKS:
        given, taken = peak(name, size)
        multiple = taken / given
        if taken > STATED[name] * given + SLACK_BYTES:
            beyond.append(name)
        print(  # noqa: T201
            f"{name:30} {given / 1e6:9.1f} {taken / 1e6:13.1f} {multiple:8.2f} {STATED[name]:6.2f}"
        )
        rows.append(
            {"work": f"memory: {name}", "size": f"{size}^3", "contender": "ours",
             "input_bytes": given, "peak_bytes": taken, "multiple": multiple,
             "stated": STATED[name]}
        )  # fmt: skip
    write_rows(options.json, rows)
    if beyond:
        sys.exit(f"more memory than stated: {', '.join(beyond)}")


if __name__ == "__main__":
    main()
