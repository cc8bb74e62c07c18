"""A Dask cluster of this machine's processes gives the records of the cage, and clear refusals."""

import os
import re
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from quant.domain.study import StudyIndex
from quant.errors import UsageError
from quant.pipeline.cage.limits import Limits
from quant.pipeline.engines import cluster, remote
from quant.pipeline.engines.remote import measure_remotely, packed
from quant.pipeline.manifest import versions
from quant.pipeline.protocols import load_protocol
from quant.pipeline.work import Job
from tests.support.run import quant, run, run_here

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")

DOCS = Path(__file__).parents[3] / "docs"
ZHOU = load_protocol("zhou2025")


@dataclass
class Running:
    """A scheduler and its workers, in processes of their own."""

    file: Path
    worker: "subprocess.Popen[bytes]"


def _started(command: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - Dask's own commands
        command,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("dask")
    file = folder / "scheduler.json"
    common = ("--scheduler-file", str(file), "--no-dashboard")
    here = ("--host", "127.0.0.1")
    command = [sys.executable, "-m", "dask"]
    with _started([*command, "scheduler", *common, *here, "--port", "0"]) as scheduler:
        while not file.is_file():
            time.sleep(0.05)
        workers = ("--nworkers", "2", "--nthreads", "1", "--local-directory", str(folder))
        with _started([*command, "worker", *common, *here, *workers]) as worker:
            yield Running(file, worker)
            os.killpg(worker.pid, signal.SIGKILL)
        scheduler.kill()


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for name in ("records", "studies")
        for path in (folder / name).rglob("*")
        if path.is_file()
    }


def test_the_records_are_those_of_this_machine_bit_for_bit(
    dask: Running, ball_index: StudyIndex, tmp_path: Path
) -> None:
    here = run_here(ball_index.root, tmp_path / "here")
    there = run(ball_index.root, tmp_path / "there", "--scheduler-file", dask.file)

    assert (here.status, there.status) == (0, 0)
    assert contents(there.out) == contents(here.out) != {}
    assert not list(there.out.glob(".cluster*"))


def test_a_worker_of_other_versions_refuses(ball_index: StudyIndex, tmp_path: Path) -> None:
    job = packed(Job(ball_index.studies[0], ZHOU, tmp_path))

    answer = measure_remotely(
        job, Limits(), {**versions(), "numpy": "1.0"}, (tmp_path / "token", "x")
    )

    assert re.fullmatch(r"a worker has numpy .* instead of 1\.0", str(answer["refused"]))


def test_a_worker_that_does_not_see_the_folders_refuses(
    ball_index: StudyIndex, tmp_path: Path
) -> None:
    job = packed(Job(ball_index.studies[0], ZHOU, tmp_path))
    (tmp_path / "token").write_text("of another folder", encoding="ascii")

    answer = measure_remotely(job, Limits(), versions(), (tmp_path / "token", "x"))

    assert "does not see the output folder" in str(answer["refused"])


def test_jobs_travel_without_voxels(ball_index: StudyIndex, tmp_path: Path) -> None:
    assert len(packed(Job(ball_index.studies[0], ZHOU, tmp_path))) < 20_000


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://host:1", ""])
def test_a_scheduler_that_is_not_there_is_told_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 0.5)
    start = time.monotonic()

    with (
        pytest.raises(UsageError, match="ENGINE_UNAVAILABLE"),
        cluster.connected(address or tmp_path / "scheduler.json", Limits()),
    ):
        pass

    assert time.monotonic() - start < 15


def test_without_the_extra_the_error_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)

    with (
        pytest.raises(UsageError, match=r"pip install 'spectct-quant\[cluster\]'"),
        cluster.connected("tcp://127.0.0.1:1", Limits()),
    ):
        pass


def test_jobs_and_scheduler_exclude_each_other(tmp_path: Path) -> None:
    status, _, stderr = _quant_run(tmp_path, "--jobs", "2", "--scheduler", "tcp://127.0.0.1:1")

    assert (status, "Only one of" in stderr) == (2, True)


def test_the_job_script_for_slurm_is_that_of_the_page() -> None:
    recipe = runpy.run_path(str(DOCS / "slurm_cluster.py"))
    described = recipe["cluster"]("normal", None, 4)
    try:
        script = described.job_script()
    finally:
        described.close()
    page = (DOCS / "cluster.md").read_text(encoding="utf-8")

    stated = page.partition("```bash\n")[2].partition("```")[0]

    script = re.sub(r"^\S+ -m (\S+) tcp://\S+", r"PYTHON -m \1 ADDRESS", script, flags=re.MULTILINE)
    assert script.strip() == stated.strip()


def test_cages_of_a_worker_are_closed_when_the_run_ends() -> None:
    cage = remote._cage(Limits())  # noqa: SLF001 - what stays behind is what is looked at
    cage.start()
    assert cage.pids

    remote.close_cages()

    assert cage.pids == ()


def _quant_run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    (folder / "in").mkdir()
    return quant("run", folder / "in", "-o", folder / "out", *arguments)
