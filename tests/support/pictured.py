"""Studies measured from DICOM, with their display copies, for tests of pictures."""

import io
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from quant.dicom.index import index_tree
from quant.domain.record import StudyRecord
from quant.phantom.bodies.solids import Ball
from quant.phantom.geometry import Layout
from quant.phantom.solid_studies import TUMOUR_AT, SolidCase, write_solid_study
from quant.pipeline.protocols import load_protocol
from quant.pipeline.study import StudyOutcome, measure_study
from quant.report.pictures.display.copies import Copies, read_copies, write_copies

TUMOUR_RADIUS_MM = 20.0


@dataclass(frozen=True)
class Pictured:
    """A study and what there is to look at."""

    outcome: StudyOutcome
    copies: Copies

    @property
    def record(self) -> StudyRecord:
        """Its record."""
        return self.outcome.record


def measured(folder: Path, copies_in: Path) -> Pictured:
    """Measure the one study below a folder and read its copies back."""
    (study,) = index_tree(folder).studies
    outcome = measure_study(study, load_protocol("zhou2025"))
    write_copies(outcome, copies_in)
    return Pictured(outcome, read_copies(copies_in))


@cache
def ball_in(layout: Layout) -> Pictured:
    """Return a study without any symmetry, stored in some layout.

    The liver is on the patient's right, a hot ball of 20 mm at ``TUMOUR_AT`` on the left, front and
    foot side of the liver.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        write_solid_study(
            folder / "in", SolidCase("ball", layout, Ball(TUMOUR_AT, TUMOUR_RADIUS_MM)), 5
        )
        return measured(folder / "in", folder / "out")


@lru_cache(maxsize=4)
def pixels_of(webp: bytes) -> NDArray[np.int16]:
    """(R, C, 3) int16: the pixels of a picture."""
    from PIL import Image

    with Image.open(io.BytesIO(webp)) as image:
        return np.asarray(image.convert("RGB")).astype(np.int16)
