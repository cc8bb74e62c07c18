"""How long the report of a large batch takes to build, and its first page to open.

``python benchmarks/report_site.py [--studies 200] [--rows 2000] [--json FILE]`` measures the sample
study once, gives its record and display copies to so many studies with other values, and

- builds the folder report and the single file of 200 studies, each in a process of its own: wall
  and CPU seconds, largest memory, size on disk;
- builds a folder report of 2,000 studies without images and opens its first page in headless
  Chromium from disk: until the page is loaded and its script has run, and until it is sorted by
  another column. Exits 1 beyond 60 s or 1 GB for 200 studies, or 1 s
  of CPU time of the page until the table can be used.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

LIMIT_S, LIMIT_BYTES, LIMIT_OPEN_S = 60.0, 1_000_000_000, 1.0


def build(out: Path, form: str) -> None:
    """Build the report of a folder, in this process, and print what it took."""
    from quant.report.site.build import Form
    from tests.support.reports import built

    names = sorted(path.stem for path in (out / "records").iterdir())
    start, cpu = time.perf_counter(), time.process_time()
    built(out, names, Form(form))
    took = {"wall_s": time.perf_counter() - start, "cpu_s": time.process_time() - cpu}
    took["bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(took))  # noqa: T201


def in_process(out: Path, form: str) -> dict[str, float]:
    """Build in a process of its own; return its seconds, its memory, and the size on disk."""
    command = [sys.executable, __file__, "--build", str(out), "--form", form]
    done = subprocess.run(command, check=True, capture_output=True, encoding="utf-8")  # noqa: S603
    took: dict[str, float] = json.loads(done.stdout)
    pages = [out / "report.html", *(out / "report").rglob("*")]
    took["disk"] = sum(path.stat().st_size for path in pages if path.is_file())
    return took


def opened(page: Path) -> dict[str, float]:
    """Open a page from disk in Chromium; return the seconds until it is there, and sorted."""
    from playwright.sync_api import sync_playwright

    from tests.support.browser import SWITCHES, chromium

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=SWITCHES)
        view = browser.new_context(offline=True, viewport={"width": 1280, "height": 900}).new_page()
        meter = view.context.new_cdp_session(view)
        meter.send("Performance.enable", {"timeDomain": "threadTicks"})
        start = time.perf_counter()
        view.goto(page.as_uri())
        view.locator("#shown").wait_for()
        loaded_s = time.perf_counter() - start
        metrics = meter.send("Performance.getMetrics")["metrics"]
        cpu_s = next(one["value"] for one in metrics if one["name"] == "TaskDuration")
        sorted_ms: Any = view.evaluate(
            """() => { const start = performance.now();
            document.querySelectorAll('#studies thead button')[3].click();
            document.body.offsetHeight;
            return performance.now() - start; }"""
        )
        rows = view.locator("#studies tbody tr").count()
        browser.close()
    return {"loaded_s": loaded_s, "cpu_s": cpu_s, "sorted_s": sorted_ms / 1000.0, "rows": rows}


def sample(folder: Path) -> Path:
    """Measure the sample study; return its output folder."""
    command = [sys.executable, "-m", "quant.cli.app", "run", "data-samples", "-o", str(folder)]
    subprocess.run(command, check=True, capture_output=True, cwd=REPOSITORY)  # noqa: S603
    return folder


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--form", default="folder", help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.build:
        build(options.build, options.form)
        return
    from tests.support.reports import multiply

    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as made:
        folder = Path(made)
        one = sample(folder / "one")
        with mock.patch(
            "os.fsync"
        ):  # the studies need not outlive a power cut; the report is forced
            multiply(one, folder / "many", options.studies)
            multiply(one, folder / "rows", options.rows, images=False)
        results = {form: in_process(folder / "many", form) for form in ("folder", "single")}
        results["rows"] = in_process(folder / "rows", "folder")
        size = (folder / "rows" / "report.html").stat().st_size
        shown = opened(folder / "rows" / "report.html")
    for form, took in results.items():
        count = options.rows if form == "rows" else options.studies
        print(  # noqa: T201
            f"{form:7} {count:5} studies  {took['wall_s']:6.1f} s  {took['cpu_s']:6.1f} s CPU  "
            f"{took['bytes'] / 1e6:6.0f} MB memory  {took['disk'] / 1e6:7.1f} MB on disk"
        )
    print(  # noqa: T201
        f"first page of {shown['rows']} rows ({size / 1e6:.1f} MB): usable after "
        f"{shown['loaded_s']:.2f} s ({shown['cpu_s']:.2f} s CPU of its main thread), sorted "
        f"in {shown['sorted_s']:.2f} s"
    )
    if options.json:
        options.json.write_text(json.dumps({**results, "open": shown}), encoding="utf-8")
    slow = max(results[form]["wall_s"] for form in ("folder", "single")) > LIMIT_S
    large = max(took["bytes"] for took in results.values()) > LIMIT_BYTES
    if slow or large or shown["cpu_s"] > LIMIT_OPEN_S:
        sys.exit("a limit is exceeded")


if __name__ == "__main__":
    main()
