"""Benchmarks can be loaded, gathered and drawn; memory stays within what is stated."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "benchmarks"
SCRIPTS = sorted(one.stem for one in HERE.glob("*.py"))


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Benchmarks import one another by their bare names."""
    monkeypatch.syspath_prepend(str(HERE))


def _load(name: str) -> ModuleType:
    return importlib.import_module(name)


def test_every_benchmark_can_be_loaded_without_its_peers() -> None:
    """Peers are imported where they are called; here no more than the test tools is needed."""
    code = (
        f"import sys; sys.path.insert(0, {str(HERE)!r}); import {', '.join(SCRIPTS)}\n"
        "print([m for m in ('vtk', 'mirp', 'radiomics', 'edt', 'cc3d') if m in sys.modules])"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )

    assert done.stdout.strip() == "[]"


def test_the_runner_runs_every_script_that_has_a_main() -> None:
    run = _load("run")
    has_main = {name for name in SCRIPTS if _text(name).count('if __name__ == "__main__":')}

    assert {one.stem for one in run.scripts([])} == has_main - {"run"}
    assert {one.stem for one in run.scripts(["growth", "memory"])} == {"growth", "memory"}


def _text(name: str) -> str:
    return (HERE / f"{name}.py").read_text(encoding="utf-8")


def test_rows_of_all_scripts_are_made_alike() -> None:
    """Whatever a script calls its columns, tables can be read by work, size and contender."""
    run = _load("run")

    one = run.alike(
        {"case": "explicit", "contender": "pydicom: dcmread", "ms_per_file": 2.0, "ratio": 4.0},
        "header_index",
    )

    assert one["work"] == "header index"
    assert one["size"] == "explicit"
    assert one["seconds"] == pytest.approx(0.002)
    assert one["version"].startswith("3.")
    assert (one["ratio"], one["floor"]) == (4.0, None)


def test_rows_of_scripts_that_did_not_run_are_kept(tmp_path: Path) -> None:
    run = _load("run")
    file = tmp_path / "speed.json"
    run.keep(file, [{"script": "a", "work": "w", "seconds": 1.0}, {"script": "b", "work": "w"}])

    run.keep(file, [{"script": "a", "work": "w", "seconds": 2.0}])

    rows = json.loads(file.read_text(encoding="utf-8"))["rows"]
    assert [(row["script"], row.get("seconds")) for row in rows] == [("b", None), ("a", 2.0)]


def test_ratios_are_to_ours_and_a_missing_peer_has_no_version() -> None:
    rows = _load("rows")

    ours, peer = rows.speed_rows("surface", "1 l", {"ours": 0.5, "nobody: call": 2.0}, 0.25)

    assert (ours["ratio"], peer["ratio"]) == (1.0, 4.0)
    assert (ours["version"] != "", peer["version"]) == (True, "")
    assert peer["floor"] == 0.25


@pytest.mark.parametrize(("power", "name"), [(1.0, "linear"), (2.0, "quadratic")])
def test_the_slope_is_the_exponent_of_the_upper_half(power: float, name: str) -> None:
    """Set-up costs flatten the lower half."""
    growth = _load("growth")
    x = [1e4, 1e5, 1e6, 1e7, 1e8]

    found = growth.slope((x, [1e-3 if v < 1e6 else 1e-9 * v**power for v in x]))

    assert found == pytest.approx(power), name


def test_growth_is_drawn(tmp_path: Path) -> None:
    growth = _load("growth")
    curve = ([1.0, 10.0, 100.0], [1.0, 9.0, 110.0])

    growth.draw({f"by {n}": {"work": curve} for n in range(3)}, tmp_path / "growth.svg")

    assert "exponent" in (tmp_path / "growth.svg").read_text(encoding="utf-8")


def test_every_kind_of_work_is_done_at_any_size_and_states_its_memory() -> None:
    works, memory = _load("works"), _load("memory")

    assert set(memory.STATED) == set(works.WORKS)
    for name, make in works.WORKS.items():
        small, large = make(16), make(24)
        assert small.call() is not None, name
        assert large.input_bytes / small.input_bytes == pytest.approx((24 / 16) ** 3, rel=0.2), name


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux tells the peak")
def test_memory_peaks_stay_within_what_is_stated() -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, str(HERE / "memory.py"), "--size", "96"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("\n") == 1 + len(_load("memory").STATED)


def test_airspeed_velocity_finds_our_wrappers() -> None:
    """``asv`` loads the folder as a package; set-up and call of every work must be there."""
    settings = json.loads((HERE / "asv.conf.json").read_text(encoding="utf-8"))
    assert (HERE / settings["benchmark_dir"] / "history.py").is_file()
    code = (
        f"import sys; sys.path.insert(0, {str(HERE / 'asv')!r}); import history\n"
        "one = history.Works()\n"
        "one.setup('surface of a mask', 32); one.time_work('surface of a mask', 32)\n"
        "print(len(one.params[0]), [n for n in dir(history.Start) if n.startswith('time_')])"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )

    found = len(_load("works").WORKS)
    assert done.stdout.strip() == f"{found} ['time_help', 'time_import']"
