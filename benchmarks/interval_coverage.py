"""How often intervals hold the truth, over simulated studies with known uptake.

``python benchmarks/interval_coverage.py [studies] [--json FILE]`` prints the table and exits 1 when
the interval under placement and noise leaves 85 to 95 % for a ratio of means or of the peak, where
liver and muscle have one uptake each. Where the liver is uneven the truth itself depends on the
position; that table is shown and not judged. How the studies are made, and what the truth of a
ratio is: simulated_studies.py.
"""

import sys
import time

import numpy as np
from rows import Row, json_option, write_rows
from simulated_studies import INTERVALS, JUDGED, SEED, UNEVEN_SD, Study, coverage, study

from quant.measure.ratios import RATIOS

STUDIES = 200
WANTED = (0.85, 0.95)


def table(studies: list[Study]) -> list[str]:
    """Rows: per interval how often it holds the truth, mean error of its value, half width."""
    title = "".join(f"{name:>28}" for name in INTERVALS)
    lines = [f"  {'':12}{title}", f"  {'':12}" + f"{'holds   error  half width':>28}" * 3]
    for ratio in (*JUDGED, *(one.name for one in RATIOS if one.name not in JUDGED)):
        cells = []
        for interval in INTERVALS:
            found = [one[ratio][interval] for one in studies]
            off = 100.0 * float(np.mean([one.off for one in found]))
            width = 100.0 * float(np.mean([one.half_width for one in found]))
            held = 100.0 * coverage(studies, ratio, interval)
            cells.append(f"{held:9.1f} %{off:+6.1f} %{width:7.1f} %  ")
        lines.append(f"  {ratio:12}" + "".join(cells))
    return lines


def rows(studies: list[Study], scene_name: str) -> list[Row]:
    """Rows of the table, one for each ratio and interval."""
    found: list[Row] = []
    for ratio in (one.name for one in RATIOS):
        for interval in INTERVALS:
            of_one = [one[ratio][interval] for one in studies]
            found.append(
                {"work": f"interval of {ratio}", "size": f"{len(studies)} studies, {scene_name}",
                 "contender": f"ours: {interval}", "wanted": list(WANTED),
                 "judged": ratio in JUDGED and interval == "both",
                 "held": coverage(studies, ratio, interval),
                 "error": float(np.mean([one.off for one in of_one])),
                 "half_width": float(np.mean([one.half_width for one in of_one]))}
            )  # fmt: skip
    return found


def main() -> None:
    """Print the table of both scenarios; exit 1 outside of what is wanted."""
    parser = json_option(__doc__)
    parser.add_argument("studies", nargs="?", type=int, default=STUDIES)
    options = parser.parse_args()
    failures = 0
    written: list[Row] = []
    for name, uneven in (("even liver", 0.0), (f"uneven liver, SD {UNEVEN_SD:.0%}", UNEVEN_SD)):
        start = time.process_time()
        studies = [study(number, uneven) for number in range(options.studies)]
        seconds = time.process_time() - start
        print(f"{name}: {options.studies} studies, seed {SEED}, {seconds:.0f} s of CPU")  # noqa: T201
        print("\n".join(table(studies)), flush=True)  # noqa: T201
        written += rows(studies, name)
        held = [coverage(studies, ratio, "both") for ratio in JUDGED]
        if uneven == 0.0:
            failures += sum(not WANTED[0] <= one <= WANTED[1] for one in held)
    write_rows(options.json, written)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
