"""Rows of results, alike for all benchmarks: what was done, on what, by whom, and how long.

A row of speed holds ``work``, ``size``, ``contender``, ``version``, ``seconds``, ``ratio`` (to the
first contender of the same work and size, which is ours) and ``floor``: seconds of reading the
input once in the same run, None where that is no yardstick. A row of accuracy holds ``work``,
``size``, ``contender``, ``version`` and what its script says of error and spread.
"""

import argparse
import json
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

Row = dict[str, object]

PEERS = {
    "skimage": ("scikit-image", "BSD-3-Clause", "comes with the engine"),
    "scipy": ("scipy", "BSD-3-Clause", "comes with the engine"),
    "SimpleITK": ("SimpleITK", "Apache-2.0", "comes with the engine"),
    "trimesh": ("trimesh", "MIT", "comes with the engine"),
    "pydicom": ("pydicom", "MIT", "comes with the engine"),
    "highdicom": ("highdicom", "MIT", "pip install -e '.[dicom]'"),
    "vtk": ("vtk", "BSD-3-Clause", "pip install -e '.[bench]'"),
    "zmesh": ("zmesh", "LGPL-3.0", "pip install zmesh"),
    "mcubes": ("PyMCubes", "BSD-3-Clause", "pip install PyMCubes"),
    "cc3d": ("connected-components-3d", "LGPL-3.0", "pip install connected-components-3d"),
    "edt": ("edt", "LGPL-3.0", "pip install edt"),
    "statsmodels": ("statsmodels", "BSD-3-Clause", "pip install -e '.[stats]'"),
    "lifelines": ("lifelines", "MIT", "pip install lifelines (needs pandas < 3)"),
    "sksurv": ("scikit-survival", "GPL-3.0", "pip install scikit-survival"),
    "mirp": ("mirp", "EUPL-1.2", "pip install mirp"),
    "radiomics": (
        "pyradiomics",
        "BSD-3-Clause",
        "pip install --no-build-isolation pyradiomics==3.0.1 (needs numpy, versioneer, a compiler)",
    ),
}
"""Module, distribution, licence, and how to install it."""

OURS = "spectct-quant"

SAID = {"ours": OURS, "scikit-image": "scikit-image", "pyradiomics": "pyradiomics"}
"""First words of contenders that are not the name of a module."""


def version_of(contender: str) -> str:
    """Version of the distribution that a contender's first words name; empty when none does."""
    first = contender.split(":", maxsplit=1)[0].strip()
    word = first.split()[0].rstrip(",") if first else ""
    names = {module.lower(): one[0] for module, one in PEERS.items()}
    names |= {one[0].lower(): one[0] for one in PEERS.values()} | SAID | {"numpy": "numpy"}
    try:
        return version(names[word.lower()])
    except (KeyError, PackageNotFoundError):
        return ""


def speed_rows(
    work: str, size: str, times_s: dict[str, float], floor_s: float | None = None
) -> list[Row]:
    """Rows of one table; the first contender is ours."""
    own = next(iter(times_s.values()))
    return [
        {
            "work": work,
            "size": size,
            "contender": name,
            "version": version_of(name),
            "seconds": seconds,
            "ratio": seconds / own,
            "floor": floor_s,
        }
        for name, seconds in times_s.items()
    ]


def missing_peers() -> dict[str, str]:
    """Peers that are not installed, and how to install them."""
    return {
        name: f"{licence}; {how}"
        for module, (name, licence, how) in PEERS.items()
        if find_spec(module) is None
    }


def json_option(about: str | None) -> argparse.ArgumentParser:
    """Return a parser with the option that all benchmarks share."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    return parser


def write_rows(file: Path | None, rows: list[Row]) -> None:
    """Write rows where asked."""
    if file is not None:
        file.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
