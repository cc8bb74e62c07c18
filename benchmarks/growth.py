"""How cost grows with the bytes of the box, the number of labels and the radius of the sphere.

``--picture FILE`` draws it on log axes (``docs/growth.svg``).
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rows import Row, json_option, write_rows
from works import WORKS, Prepared, label_statistics, label_surfaces, sweep

SIZES = (32, 48, 64, 96, 128, 192, 256)
COUNTS = (1, 8, 64, 512, 4096)
COUNTED_IN = 128
RADII = (2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)
SWEPT_IN = 80
LEAST_S = 0.05
ROUNDS = 3

Curve = tuple[list[float], list[float]]


def seconds(prepared: Prepared) -> float:
    """Least time of a call over some rounds, after one call that is not counted."""
    prepared.call()
    start = time.perf_counter()
    prepared.call()
    once = time.perf_counter() - start
    calls = max(1, int(LEAST_S / max(once, 1e-9)))
    best = once
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(calls):
            prepared.call()
        best = min(best, (time.perf_counter() - start) / calls)
    return best


def slope(curve: Curve) -> float:
    """Exponent of growth over the upper half of the curve, where set-up no longer counts."""
    x, y = (np.log(np.array(one)) for one in curve)
    upper = x >= x[len(x) // 2]
    return float(np.polyfit(x[upper], y[upper], 1)[0])


def by_bytes() -> dict[str, Curve]:
    """Seconds over the bytes that are read, for every kind of work."""
    curves: dict[str, Curve] = {}
    for name, make in WORKS.items():
        prepared = [make(size) for size in SIZES]
        curves[name] = ([float(one.input_bytes) for one in prepared], [*map(seconds, prepared)])
    return curves


def by(make: Callable[[float], Prepared], steps: tuple[float, ...]) -> Curve:
    """Seconds over something else that is made larger."""
    return list(steps), [seconds(make(one)) for one in steps]


def curves() -> dict[str, dict[str, Curve]]:
    """Return all curves by what grows and by what is done."""
    counts = tuple(float(one) for one in COUNTS)
    return {
        "bytes of the box": by_bytes(),
        f"labels in {COUNTED_IN}^3": {
            "statistics": by(lambda n: label_statistics(COUNTED_IN, int(n)), counts),
            "surfaces": by(lambda n: label_surfaces(COUNTED_IN, int(n)), counts),
        },
        f"radius in voxels, in {SWEPT_IN}^3": {
            "sphere at all positions": by(lambda radius: sweep(SWEPT_IN, radius), RADII)
        },
    }


def draw(found: dict[str, dict[str, Curve]], file: Path) -> None:
    """Draw all curves on log axes."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "growth"
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(15, 5.2), width_ratios=(1.5, 1, 1))
    marks = "os^vD<>pP*Xh"
    for axis, (what, ones) in zip(axes, found.items(), strict=True):
        for number, (name, curve) in enumerate(ones.items()):
            label = f"{name}: {slope(curve):.2f}"
            axis.loglog(*curve, marker=marks[number % len(marks)], ms=4, lw=1, label=label)
        axis.set(xlabel=what, ylabel="seconds, one thread")
        axis.grid(visible=True, which="major", alpha=0.3)
        axis.legend(fontsize=7, title="work: exponent", title_fontsize=7)
    figure.suptitle("How cost grows; exponents over the upper half of each curve")
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None, "Creator": None})


def main() -> None:
    """Print exponents and rates; write rows and picture where asked."""
    parser = json_option(__doc__)
    parser.add_argument("--picture", type=Path, help="draw the curves to this file")
    options = parser.parse_args()
    found = curves()
    rows: list[Row] = []
    for what, ones in found.items():
        print(f"{what}")  # noqa: T201
        for name, curve in ones.items():
            times = "  ".join(f"{1e3 * y:.3g}" for y in curve[1])
            print(f"  {name:28} exponent {slope(curve):5.2f}   ms: {times}")  # noqa: T201
            rows += [
                {"work": f"growth with {what}: {name}", "size": x, "contender": "ours",
                 "seconds": y, "exponent": slope(curve)}
                for x, y in zip(*curve, strict=True)
            ]  # fmt: skip
    write_rows(options.json, rows)
    if options.picture is not None:
        draw(found, options.picture)


if __name__ == "__main__":
    main()
