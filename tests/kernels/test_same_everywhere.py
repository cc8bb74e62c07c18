"""Results do not depend on the number of threads, and hardly on the compiler."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.kernel_jobs import INNER, JOBS, Numbers, all_results, results_of_threads

ROOT = Path(__file__).resolve().parents[2]
THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

SAMPLE = """
import sys, quant
for study in quant.open_studies("data-samples"):
    for one in quant.measure_study(study).measurements:
        print(one)
"""

UNCALLED = """
from quant_kernels import inventory
from tests.support.kernel_jobs import all_results
all_results()
inventory.load_all()
print(*[one.name for one in inventory.states() if one.is_public and not one.signatures])
"""


@pytest.fixture(scope="module")
def here() -> dict[str, Numbers]:
    return all_results()


def _elsewhere(file: Path, **environment: str) -> dict[str, Numbers]:
    """Do all jobs in a process of its own."""
    subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-m", "tests.support.kernel_jobs", str(file)],
        check=True,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    with np.load(file) as found:
        return {name: found[name] for name in found.files}


def _same_bits(one: dict[str, Numbers], other: dict[str, Numbers]) -> list[str]:
    assert list(one) == list(other) == list(JOBS)
    return [name for name in one if one[name].tobytes() != other[name].tobytes()]


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_results_are_the_same_bits_for_any_number_of_threads(
    here: dict[str, Numbers], tmp_path: Path, threads: int
) -> None:
    found = _elsewhere(tmp_path / "found.npz", **dict.fromkeys(THREADS, str(threads)))

    assert _same_bits(here, found) == []


def test_results_are_the_same_bits_in_several_threads_at_once(here: dict[str, Numbers]) -> None:
    """Kernels let go of the lock: none may write where another one reads."""
    for found in results_of_threads(4):
        assert _same_bits(here, found) == []


def test_the_sample_study_has_the_same_bits_for_any_number_of_threads() -> None:
    """Every measurement with all its digits, intervals and flags."""
    told = [
        subprocess.run(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-c", SAMPLE],
            check=True,
            cwd=ROOT,
            env={**os.environ, **dict.fromkeys(THREADS, str(threads))},
            capture_output=True,
            text=True,
        ).stdout
        for threads in (1, 2, 4)
    ]

    assert "tmax_lmax" in told[0]
    assert told[1] == told[0]
    assert told[2] == told[0]


def test_results_without_the_compiler_agree(here: dict[str, Numbers], tmp_path: Path) -> None:
    """Plain Python rounds each operation as written; compiled code may fuse and reorder."""
    found = _elsewhere(tmp_path / "found.npz", NUMBA_DISABLE_JIT="1")

    assert list(found) == list(JOBS)
    for name, numbers in here.items():
        np.testing.assert_allclose(found[name], numbers, rtol=1e-6, atol=1e-6, err_msg=name)


def test_jobs_measure_something(here: dict[str, Numbers]) -> None:
    """An empty or constant result would be the same everywhere."""
    for name, numbers in here.items():
        assert np.count_nonzero(numbers[np.isfinite(numbers)]) > 0, name


def test_jobs_call_every_kernel() -> None:
    """A kernel that no job calls would be looked at by none of these tests."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", UNCALLED], check=True, cwd=ROOT, capture_output=True, text=True
    )

    assert set(done.stdout.split()) - INNER == set()
