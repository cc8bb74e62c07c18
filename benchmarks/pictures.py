"""What the pictures of one study cost: display copies and the sheet for its quality check.

``python benchmarks/pictures.py [--repeats 20] [--json FILE]`` measures the sample study once, then
writes its copies and draws its sheet again and again: the least CPU seconds, the size of each file,
and by how much the memory of the process has grown by then. Beside it the same pictures, without
outlines or tables, by matplotlib. Exits 1 when a sheet takes more than 1.5 s of CPU.
"""

import argparse
import io
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from quant.domain.region import Role  # noqa: E402 - after the path
from quant.report.pictures.sheet.page import draw_sheet  # noqa: E402
from quant.report.pictures.sheet.planes import VIEWS, plane_at  # noqa: E402
from quant.report.pictures.sheet.scene import Scene  # noqa: E402
from quant.report.pictures.sheet.views import ct_grey, fused_pixels  # noqa: E402

LIMIT_S = 1.5


def least_cpu_s(work: Callable[[], object], repeats: int) -> float:
    """Least CPU seconds of some repetitions."""
    found = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def by_matplotlib(scene: Scene) -> None:
    """Draw sixteen pictures and four charts of the same size, as matplotlib does it."""
    import matplotlib as mpl
    import matplotlib.patches

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(5, 4, figsize=(20.0, 14.14), dpi=100)
    liver = next(one for one in scene.record.spheres if one.role == Role.LIVER)
    planes = [plane_at(view, scene.middle_mm, 1.2, (256, 306)) for view in VIEWS]
    for n, panel in enumerate(panels.flat):
        if n < 16 and scene.copies.ct is not None:
            plane = planes[n % 3]
            panel.imshow(ct_grey(scene.copies.ct, plane), cmap="gray")
            panel.imshow(fused_pixels(scene, plane, 300.0) / 255.0, alpha=0.5)
            panel.add_patch(mpl.patches.Circle(plane.pixel(liver.centre_mm), 20.0, fill=False))
        elif n >= 16:
            panel.hist(scene.copies.spheres[0].values, 24)
    stream = io.BytesIO()
    figure.savefig(stream, format="webp")
    plt.close(figure)


def main() -> int:
    """Print the table; 0 when a sheet keeps its limit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    from quant.report.pictures.display.copies import read_copies, write_copies
    from tests.support.pictured import measured

    with TemporaryDirectory() as name:
        folder = Path(name)
        study = measured(REPOSITORY / "data-samples" / "torso", folder)
        scene = Scene(study.record, study.copies)
        few = max(3, options.repeats // 4)
        rows = {
            "copies_cpu_s": least_cpu_s(lambda: write_copies(study.outcome, folder), few),
            "read_cpu_s": least_cpu_s(lambda: read_copies(folder), few),
        }
        draw_sheet(study.record, study.copies)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        rows["sheet_cpu_s"] = least_cpu_s(
            lambda: draw_sheet(study.record, study.copies), options.repeats
        )
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        rows["memory_grown_mb"] = (after - before) / 1024.0
        rows["matplotlib_cpu_s"] = least_cpu_s(lambda: by_matplotlib(scene), 3)
        rows["matplotlib_over_sheet"] = rows["matplotlib_cpu_s"] / rows["sheet_cpu_s"]
        rows["sheet_kb"] = len(draw_sheet(study.record, study.copies).webp) / 1000.0
        rows |= {f"{one.name}_kb": one.stat().st_size / 1000.0 for one in sorted(folder.iterdir())}
    for what, value in rows.items():
        print(f"{what:28} {value:10.3f}")  # noqa: T201
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return int(rows["sheet_cpu_s"] > LIMIT_S)


if __name__ == "__main__":
    raise SystemExit(main())
