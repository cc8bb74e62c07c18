"""Run all benchmarks, one after another, each in a process of its own, and gather their rows.

``python benchmarks/run.py [--only WORD ...] [--results FOLDER]`` prints every table and writes
``speed.json`` and ``accuracy.json``. Exits 1 when a benchmark fails or leaves its committed bands.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rows import Row, missing_peers, version_of

HERE = Path(__file__).resolve().parent
HELPERS = {"run", "rows", "timing", "works", "bodies", "simulated_studies"}

ACCURACY = {
    "accuracy", "asphericity", "interval_coverage", "cohort_coverage", "cohort_agreement",
    "sample_truth", "reading_peers",
}  # fmt: skip
"""Scripts whose rows are about right and wrong; those of all others are about time and memory."""

ORDER = ("surface", "sphere", "labels", "statistics", "resampling", "diameter", "growth", "memory")
"""Scripts that run first, in this order; the rest by name."""


def scripts(words: list[str]) -> list[Path]:
    """Find the benchmarks whose name holds one of the words; all without words."""
    found = [
        one
        for one in HERE.glob("*.py")
        if one.stem not in HELPERS and (not words or any(word in one.stem for word in words))
    ]
    place = {name: number for number, name in enumerate(ORDER)}
    return sorted(found, key=lambda one: (place.get(one.stem, len(ORDER)), one.stem))


def takes_json(script: Path) -> bool:
    """Tell whether a script writes its rows."""
    text = script.read_text(encoding="utf-8")
    return '"--json"' in text or "json_option(" in text


def run(script: Path, file: Path) -> tuple[int, list[Row]]:
    """Run one benchmark, let it print, and read its rows."""
    command = [sys.executable, str(script)]
    if takes_json(script):
        command += ["--json", str(file)]
    done = subprocess.run(command, check=False, cwd=HERE.parent, env=_environment())  # noqa: S603
    rows = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    return done.returncode, [alike(row, script.stem) for row in rows]


def _environment() -> dict[str, str]:
    """Return the environment, with imports among benchmarks and from the checkout."""
    paths = [str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def alike(row: Row, script: str) -> Row:
    """Give a row the names that all rows share; what else it says stays."""
    given = dict(row)
    if "case" in given:
        given["size"] = given.pop("case")
    if "ms_per_file" in given:
        given["seconds"] = float(str(given.pop("ms_per_file"))) / 1e3
    contender = str(given.get("contender", "ours"))
    first: Row = {
        "script": script,
        "work": given.pop("work", script.replace("_", " ")),
        "size": given.pop("size", ""),
        "contender": contender,
        "version": given.pop("version", "") or version_of(contender),
    }
    given.pop("contender", None)
    if script in ACCURACY:
        return {**first, **given}
    for name in ("seconds", "ratio", "floor"):
        first[name] = given.pop(name, None)
    return {**first, **given}


def machine() -> Row:
    """Say what the absolute times depend on."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "numba": version_of("numba") or _version("numba"),
        "numpy": _version("numpy"),
    }


def _version(name: str) -> str:
    from importlib.metadata import version

    return version(name)


def main() -> None:
    """Run, print, gather."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="parts of names of benchmarks")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    options = parser.parse_args()
    results: Path = options.results
    results.mkdir(parents=True, exist_ok=True)
    gathered: dict[str, list[Row]] = {"speed": [], "accuracy": []}
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        for script in scripts(options.only):
            print(f"\n== {script.stem}", flush=True)  # noqa: T201
            start = time.perf_counter()
            code, rows = run(script, Path(folder) / f"{script.stem}.json")
            print(f"   ({time.perf_counter() - start:.0f} s)", flush=True)  # noqa: T201
            gathered["accuracy" if script.stem in ACCURACY else "speed"] += rows
            failed += [script.stem] if code else []
    for name, rows in gathered.items():
        if rows:
            keep(results / f"{name}.json", rows)
    for name, how in missing_peers().items():
        print(f"skipped: {name} is not installed ({how})")  # noqa: T201
    if failed:
        sys.exit(f"failed, or outside committed bands: {', '.join(failed)}")


def keep(file: Path, rows: list[Row]) -> None:
    """Write rows; those of scripts that did not run this time stay as they were."""
    fresh = {row["script"] for row in rows}
    kept: list[Row] = []
    if file.is_file():
        old = json.loads(file.read_text(encoding="utf-8"))["rows"]
        kept = [row for row in old if row["script"] not in fresh]
    lines = ",\n".join(f"  {json.dumps(row)}" for row in [*kept, *rows])
    text = f'{{\n "machine": {json.dumps(machine())},\n "rows": [\n{lines}\n ]\n}}\n'
    file.write_text(text, encoding="utf-8")
    print(f"{len(rows)} rows -> {file}")  # noqa: T201


if __name__ == "__main__":
    main()
