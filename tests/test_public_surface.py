"""Importing the package is light, and its public names are exactly those promised."""

import subprocess
import sys

import pytest

import quant

HEAVY = (
    "numpy", "numba", "pydicom", "pandas", "pyarrow", "scipy", "skimage", "trimesh", "SimpleITK",
    "jinja2",
)  # fmt: skip


def test_the_public_names_are_the_promised_ones() -> None:
    assert sorted(quant.__all__) == [
        "QuantError",
        "StudyProtocol",
        "StudyRecord",
        "__version__",
        "load_protocol",
        "measure_study",
        "open_studies",
        "read_results",
    ]


@pytest.mark.parametrize(
    "code",
    [
        "import quant",
        "import quant.scoring, quant.cohort",
        "import sys; sys.argv = ['quant']; import quant.cli.app as a; a._register()",
    ],
)
def test_start_up_imports_nothing_heavy(code: str) -> None:
    check = f"{code}; import sys; print([m for m in {HEAVY!r} if m in sys.modules])"

    done = subprocess.run(  # noqa: S603 - our own interpreter, our own code
        [sys.executable, "-c", check], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
