"""The command as a user gives it, interrupted, killed, and given again; with workers of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quant.pipeline.digest import verify
from tests.support.batches import write_batch
from tests.support.run import quant

STUDIES = 6
START_S, END_S = 120.0, 60.0

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a batch and measure it without interruption."""
    folder = tmp_path_factory.mktemp("interrupted")
    write_batch(folder / "in", STUDIES)
    status, _, stderr = quant(
        "run", folder / "in", "-o", folder / "whole", "--jobs", "2", "--no-dicom"
    )
    assert status == 0, stderr
    return folder


def _started(batch: Path, out: Path) -> "subprocess.Popen[str]":
    """Start the command and wait until it has measured something, but not all."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "quant.cli.app", "run", str(batch / "in"), "-o", str(out),
         "--jobs", "2", "--no-dicom"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", start_new_session=True,
    )  # fmt: skip
    start = time.monotonic()
    while not list(out.glob("records/*.json")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() - start < START_S
        time.sleep(0.01)
    return process


def _children(process: int) -> list[int]:
    path = Path(f"/proc/{process}/task/{process}/children")
    return [int(word) for word in path.read_text(encoding="ascii").split()]


def _all_gone(processes: list[int]) -> bool:
    start = time.monotonic()
    while time.monotonic() - start < END_S:
        if not any(Path(f"/proc/{one}/exe").exists() for one in processes):
            return True
        time.sleep(0.05)
    return False


def _goes_on(batch: Path, out: Path) -> None:
    """Give the command again: it keeps what is measured, and the results are those of one run."""
    measured = len(list(out.glob("records/*.json")))
    status, stdout, stderr = quant("run", batch / "in", "-o", out, "--jobs", "2", "--no-dicom")
    assert status == 0, f"{stdout}\n{stderr}\n{(out / 'quarantine.csv').read_text('utf-8')}"
    assert f"{STUDIES} studies, 0 failed" in stdout
    counts = json.loads((out / "run.json").read_bytes())["counts"]
    assert counts["studies_reused"] >= measured > 0
    assert verify(out).is_whole
    assert verify(out).digest == verify(batch / "whole").digest
    assert not list(out.rglob("*.part"))


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_the_run_in_order_and_says_how_to_go_on(
    batch: Path, tmp_path: Path, name: str
) -> None:
    """A terminal sends Ctrl-C to the workers too; a scheduler sends SIGTERM to the first only."""
    out = tmp_path / "out"
    with _started(batch, out) as process:
        workers = _children(process.pid)
        number = getattr(signal, name)
        (os.killpg if name == "SIGINT" else os.kill)(process.pid, number)
        _, stderr = process.communicate(timeout=END_S)

    assert process.returncode == 130
    assert f"interrupted by {name}" in stderr
    assert "the same command goes on from there" in stderr
    assert "Traceback" not in stderr
    assert workers
    assert _all_gone(workers)
    last = json.loads((out / "run.log.jsonl").read_text(encoding="ascii").splitlines()[-1])
    assert "ended early" in last["message"]
    if name == "SIGTERM":
        _goes_on(batch, out)


def test_the_second_signal_ends_at_once() -> None:
    """Also where the first one is being dealt with and takes long."""
    code = (
        "import os, signal, time\n"
        "from quant.cli.signals import ends_in_order\n"
        "with ends_in_order():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        time.sleep(60)\n"
        "    finally:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        time.sleep(60)\n"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], check=False, capture_output=True, timeout=50
    )

    assert done.returncode == 130
    assert b"the same command goes on" in done.stderr


def test_a_run_that_was_killed_leaves_no_worker_and_goes_on(batch: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with _started(batch, out) as process:
        workers = _children(process.pid)
        process.kill()
        process.communicate(timeout=END_S)

    assert process.returncode == -signal.SIGKILL
    assert _all_gone(workers)
    _goes_on(batch, out)
