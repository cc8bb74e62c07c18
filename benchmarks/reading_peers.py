"""What public readers make of awkward files: truth, ours, theirs, all in one run.

Converters take part when they are on the PATH (``pip install dcm2niix dicom2nifti`` into an
environment of their own). The cases are those of ``tests/peers``. "right" means within 0.001 of the
truth; a place is given as its distance from the truth.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.support import discs  # noqa: E402 - the checkout must be on the path first
from tests.support.peer_cases import CASES, CONTROLS, PLACE, Case  # noqa: E402
from tests.support.peer_real import (  # noqa: E402
    SARCOMA,
    largest_difference,
    sarcoma_by_others,
    sphere_to_background,
)
from tests.support.peers import PEERS, Absent, Picture, Reader, Refused, ours  # noqa: E402

READERS: dict[str, Reader] = {"ours": ours, **PEERS}
REFERENCE = Path(os.environ.get("QUANT_REFERENCE", str(ROOT.parent / "shared" / "reference")))


def answer(reader: Reader, folder: Path, say: Callable[[list[Picture]], str]) -> str:
    """Ask one reader; a refusal and an absence are answers too."""
    try:
        return say(reader(folder))
    except Refused as error:
        if "zeros" in str(error):
            return "zeros only"
        return f"refuses ({error})" if reader is ours else "refuses"
    except Absent:
        return "-"


def said(case: Case, pictures: list[Picture]) -> str:
    """Put the best of a reader's answers into a cell."""
    best = case.best(pictures)
    if case.truth is None:
        return f"gives {best[0]:g} slices"
    off = case.off(best)
    if off <= case.tolerance:
        return "right"
    return f"{off:.1f} mm off" if case.question == PLACE else ", ".join(f"{v:g}" for v in best)


def row(case: Case, folder: Path) -> list[str]:
    """One line of the table."""
    case.build(folder)
    truth = ", ".join(f"{value:g}" for value in case.truth) if case.truth else "refuse"
    name = case.name + (" (control)" if case in CONTROLS else "")
    cells = [
        answer(reader, folder, lambda pictures: said(case, pictures)) for reader in READERS.values()
    ]
    return [name, f"{case.question}: {truth}", *cells]


def real_rows() -> list[list[str]]:
    """Real files, where their sets are at hand."""
    rows = []
    phantom = REFERENCE / "nema_iec_pet"
    if phantom.is_dir():
        cells = [
            answer(
                reader,
                phantom / "pet_recon_1",
                lambda pictures: f"{sphere_to_background(pictures, phantom):.2f}",
            )
            for reader in READERS.values()
        ]
        rows.append(["NEMA phantom in MONOCHROME1", "sphere to background: about 10", *cells])
    image = SARCOMA / "dicom" / "image"
    if image.is_dir():
        truth = sarcoma_by_others()
        cells = [answer(reader, image, _agreement(truth)) for reader in READERS.values()]
        rows.append(["real PET, 59 slopes (STS_001)", "the publishers' NIfTI", *cells])
    return rows


def _agreement(truth: Picture) -> Callable[[list[Picture]], str]:
    def say(pictures: list[Picture]) -> str:
        off = largest_difference(pictures, truth)
        return "right" if off < 1e-6 else f"{100 * off:.2g} % off"

    return say


def disc_rows(folder: Path) -> list[list[str]]:
    """Area of a disc of 15 mm radius by three ways of filling: mean excess and SD, percent."""
    exact = discs.outline_area_mm2()
    rows = []
    for pixel in (4.42, 0.98):
        few, many = discs.centres(10, pixel), discs.centres(100, pixel)
        areas = {
            "ours": [discs.our_area_mm2(c, pixel, folder) for c in few],
            "vertices rounded to pixels, outline filled": [
                discs.rounded_area_mm2(c, pixel) for c in many
            ],
            "pixel centres": [discs.centre_area_mm2(c, pixel) for c in many],
        }
        for name, found in areas.items():
            part = np.array(found) / exact - 1.0
            cell = f"{100 * part.mean():+.1f} % (SD {100 * part.std():.1f} %)"
            rows.append([f"{pixel:g} mm pixels", name, cell])
    return rows


def as_table(head: list[str], rows: list[list[str]]) -> str:
    """Write a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def versions() -> str:
    """Name the peers that take part, with their versions."""
    found = [f"{name} {version(name)}" for name in ("SimpleITK", "highdicom", "pydicom")]
    for program in ("dcm2niix", "dicom2nifti"):
        place = shutil.which(program)
        if place is None:
            found.append(f"{program} not on the PATH")
            continue
        said = subprocess.run(  # noqa: S603 - a fixed program
            [place, "--version"], check=False, capture_output=True, text=True
        )
        words = said.stdout.split()
        number = next((word for word in words if word[:1] == "v" and word[1:2].isdigit()), "")
        found.append(f"{program} {number.removeprefix('v')}".strip())
    return ", ".join(found)


def main() -> None:
    """Print the tables."""
    print(versions(), end="\n\n")  # noqa: T201
    with tempfile.TemporaryDirectory() as name:
        cases = [*CONTROLS, *CASES]
        rows = [row(case, Path(name) / f"case{n}") for n, case in enumerate(cases)]
        rows += real_rows()
        print(as_table(["case", "truth", *READERS], rows))  # noqa: T201
        print("\nArea of a drawn disc, radius 15 mm\n")  # noqa: T201
        print(as_table(["grid", "filled by", "excess"], disc_rows(Path(name))))  # noqa: T201


if __name__ == "__main__":
    main()
