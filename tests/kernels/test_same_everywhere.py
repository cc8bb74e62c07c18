"""Results do not depend on the number of threads, and hardly on the compiler."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.support.kernel_jobs import JOBS, Numbers, all_results, results_of_threads

ROOT = Path(__file__).resolve().parents[2]
THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

EVERYTHING = """
import sys
import numpy as np
from quant_kernels import inventory
from tests.support.kernel_jobs import all_results
np.savez(sys.argv[1], **all_results())
inventory.load_all()
print(*[one.name for one in inventory.states() if one.is_public and not one.signatures])

import quant
for study in quant.open_studies("data-samples"):
    for one in quant.measure_study(study).measurements:
        print(one)
"""
"""Results of all jobs into a file; kernels that no job calls, and the sample's measurements."""


@pytest.fixture(scope="module")
def here() -> dict[str, Numbers]:
    return all_results()


@dataclass(frozen=True)
class Found:
    """What a process with so many threads found: results, uncalled kernels, measurements."""

    results: dict[str, Numbers]
    uncalled: set[str]
    measurements: list[str]


@pytest.fixture(scope="module")
def threaded(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Found]:
    """Do all jobs and measure the sample study, in a process for each number of threads."""
    found = {}
    for threads in (1, 2, 4):
        file = tmp_path_factory.mktemp("threads") / "found.npz"
        done = subprocess.run(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-c", EVERYTHING, str(file)],
            check=True,
            cwd=ROOT,
            env={**os.environ, **dict.fromkeys(THREADS, str(threads))},
            capture_output=True,
            text=True,
        )
        uncalled, *measurements = done.stdout.splitlines()
        found[threads] = Found(_read(file), set(uncalled.split()), measurements)
    return found


def _read(file: Path) -> dict[str, Numbers]:
    with np.load(file) as found:
        return {name: found[name] for name in found.files}


def _same_bits(one: dict[str, Numbers], other: dict[str, Numbers]) -> list[str]:
    assert list(one) == list(other) == list(JOBS)
    return [name for name in one if one[name].tobytes() != other[name].tobytes()]


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_results_are_the_same_bits_for_any_number_of_threads(
    here: dict[str, Numbers], threaded: dict[int, Found], threads: int
) -> None:
    assert _same_bits(here, threaded[threads].results) == []


def test_results_are_the_same_bits_in_several_threads_at_once(here: dict[str, Numbers]) -> None:
    """Kernels let go of the lock: none may write where another one reads."""
    for found in results_of_threads(4):
        assert _same_bits(here, found) == []


def test_the_sample_study_has_the_same_bits_for_any_number_of_threads(
    threaded: dict[int, Found],
) -> None:
    """Every measurement with all its digits, intervals and flags."""
    assert any("tmax_lmax" in line for line in threaded[1].measurements)
    assert threaded[2].measurements == threaded[1].measurements
    assert threaded[4].measurements == threaded[1].measurements


def test_results_without_the_compiler_agree(here: dict[str, Numbers], tmp_path: Path) -> None:
    """Plain Python rounds each operation as written; compiled code may fuse and reorder."""
    file = tmp_path / "found.npz"
    subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-m", "tests.support.kernel_jobs", str(file)],
        check=True,
        cwd=ROOT,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    )
    found = _read(file)

    assert list(found) == list(JOBS)
    for name, numbers in here.items():
        np.testing.assert_allclose(found[name], numbers, rtol=1e-6, atol=1e-6, err_msg=name)


def test_jobs_measure_something(here: dict[str, Numbers]) -> None:
    """An empty or constant result would be the same everywhere."""
    for name, numbers in here.items():
        assert np.count_nonzero(numbers[np.isfinite(numbers)]) > 0, name


def test_jobs_call_every_kernel(threaded: dict[int, Found]) -> None:
    """A kernel that no job calls would be looked at by none of these tests."""
    assert threaded[1].uncalled == set()
