"""Display copies of a study's images: for looking, never for numbers.

They lie in the study's own folder and are all that pictures, pages and viewers need beside the
record, so that these can be made again without the DICOM files.
"""

import json
import logging
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from quant.domain.grid import Grid
from quant.domain.region import Region
from quant.errors import QuantError
from quant.report.pictures import CT, DISPLAY, EMISSION, LABELS, OUTLINES
from quant.report.pictures.display.labels import Label, label_map
from quant.report.pictures.display.nifti import Stored, nifti_bytes, read_nifti
from quant.report.pictures.display.outlines import SphereValues, pack, sphere_values, unpack
from quant.report.pictures.display.stored import as_stored, stored_ct
from quant.report.writing import read_own, write_bytes, write_text

if TYPE_CHECKING:
    from quant.domain.record import StudyRecord
    from quant.domain.study import SeriesEntry
    from quant.domain.volume import Volume

logger = logging.getLogger(__name__)

LAYOUT = 1
"""Of these files; of another one nothing is read."""

NO_COPY = "there is no display copy"


class Measured(Protocol):
    """What copies are made of: a study as it was measured."""

    @property
    def record(self) -> "StudyRecord":
        """Its record."""
        ...  # pragma: no cover

    @property
    def volume(self) -> "Volume | None":
        """The emission volume."""
        ...  # pragma: no cover

    @property
    def regions(self) -> tuple[Region, ...]:
        """All regions on its grid."""
        ...  # pragma: no cover

    @property
    def ct(self) -> "SeriesEntry | None":
        """The CT that goes with it."""
        ...  # pragma: no cover


_DAMAGE = (
    OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, QuantError,
    zipfile.BadZipFile,
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Copies:
    """What there is to look at; what is missing is None or empty, and ``missing`` says why.

    Parameters
    ----------
    emission, ct : Stored or None
        Values in ``unit``, and in HU.
    labels : Stored or None
        Label map on the grid of ``emission``; ``names`` says what its numbers mean.
    names : tuple of Label
    regions : tuple of Region
        Weights in steps of 1/255 on the emission volume's own grid, for outlines between voxels.
    spheres : tuple of SphereValues
    unit : str
    missing : dict of str to str
        Why there is no ``emission`` or ``ct``.
    """

    emission: Stored | None = None
    ct: Stored | None = None
    labels: Stored | None = None
    names: tuple[Label, ...] = ()
    regions: tuple[Region, ...] = ()
    spheres: tuple[SphereValues, ...] = ()
    unit: str = ""
    missing: dict[str, str] = field(default_factory=dict)


def write_copies(outcome: Measured, folder: Path) -> None:
    """Write the display copies of a study; of one without a volume, none.

    Parameters
    ----------
    outcome : Measured
        The study as measured; its CT is read here, coarsely.
    folder : Path
        The study's own folder.

    Raises
    ------
    OutputError
        When the files cannot be written.
    """
    if outcome.volume is None:
        return
    about: dict[str, object] = {"layout": LAYOUT, "unit": outcome.record.unit}
    missing: dict[str, str] = {}
    _write_emission(outcome, outcome.volume, folder, about)
    if (ct := _ct_of(outcome, outcome.volume.grid, missing)) is not None:
        write_bytes(folder / CT, nifti_bytes(ct))
        about["ct"] = {"file": CT, "unit": "HU", "window": list(ct.window), "words": ct.words}
    about["missing"] = missing
    write_text(folder / DISPLAY, json.dumps(about, indent=1, sort_keys=True) + "\n")


def _write_emission(
    outcome: Measured, volume: "Volume", folder: Path, about: dict[str, object]
) -> None:
    """Write the emission volume, the label map and the outlines; add to ``about``."""
    emission = as_stored(volume)
    write_bytes(folder / EMISSION, nifti_bytes(emission))
    about["emission"] = {
        "file": EMISSION,
        "unit": str(volume.unit),
        "window": list(emission.window),
        "words": emission.words,
        "grid": {"shape": list(volume.grid.shape), "affine": volume.grid.affine.tolist()},
    }
    labels, names = label_map(volume.grid, outcome.regions, outcome.record.spheres)
    write_bytes(folder / LABELS, nifti_bytes(labels))
    about["labels"] = {"file": LABELS, "names": [one.as_dict() for one in names]}
    values = [sphere_values(volume, sphere) for sphere in outcome.record.spheres]
    about["regions"], packed = pack(outcome.regions, values)
    write_bytes(folder / OUTLINES, packed)


def _ct_of(outcome: Measured, grid: Grid, missing: dict[str, str]) -> Stored | None:
    """Read the CT, or say in ``missing`` why there is none to show."""
    if outcome.ct is None:
        codes = [f.code for f in outcome.record.flags if f.code in ("NO_CT", "CT_UNUSABLE")]
        missing["ct"] = "no CT goes with this study" + (f" ({codes[0]})" if codes else "")
        return None
    try:
        return stored_ct(outcome.ct, grid)
    except QuantError as error:
        missing["ct"] = f"the CT cannot be shown ({error.code})"
    except (OSError, ValueError, IndexError, MemoryError):
        logger.debug("no CT for display", exc_info=True)
        missing["ct"] = "the CT cannot be shown"
    return None


def read_copies(folder: Path) -> Copies:
    """Read the display copies of a study; whatever is lost or damaged is missing, with a reason.

    Parameters
    ----------
    folder : Path
        The study's own folder.
    """
    try:
        about = json.loads(read_own(folder / DISPLAY))
        is_known = about["layout"] == LAYOUT
        missing = {str(what): str(why) for what, why in about["missing"].items()}
        unit = str(about["unit"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        about, is_known, missing, unit = {}, False, {}, ""
    if not is_known:
        return Copies(missing=dict.fromkeys(("emission", "ct"), NO_COPY))
    emission = _image(folder / EMISSION, "emission", missing)
    ct = _image(folder / CT, "ct", missing)
    labels = _image(folder / LABELS, "labels", missing)
    names: tuple[Label, ...] = ()
    regions: tuple[Region, ...] = ()
    spheres: tuple[SphereValues, ...] = ()
    if emission is not None:
        try:
            names = tuple(Label(**one) for one in about["labels"]["names"])
            regions, spheres = unpack(folder / OUTLINES, _grid(about), about["regions"])
        except _DAMAGE:
            missing["regions"] = "the outlines are damaged or lost"
    return Copies(emission, ct, labels, names, regions, spheres, unit, missing)


def _grid(about: dict[str, Any]) -> Grid:
    grid = about["emission"]["grid"]
    return Grid(tuple(grid["shape"]), np.array(grid["affine"]))


def _image(path: Path, what: str, missing: dict[str, str]) -> Stored | None:
    if what in missing:
        return None
    try:
        return read_nifti(path)
    except FileNotFoundError:
        missing[what] = NO_COPY
    except (OSError, ValueError, QuantError):
        missing[what] = "the display copy is damaged"
    return None
