"""DICOM objects of a measured study, written beside its record; they never cost a study."""

import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from quant.dicom.objects.naming import Naming
from quant.domain.flags import CODES
from quant.domain.record import Status
from quant.domain.region import Region
from quant.errors import QuantError
from quant.pipeline.collector import collector_paused
from quant.pipeline.folder import MEASUREMENTS, OBJECTS, SEGMENTATION, STUDIES
from quant.report.writing import speaking_of, write_files

if TYPE_CHECKING:
    from pathlib import Path

    from quant.dicom.objects.identity import Patient
    from quant.domain.grid import Grid
    from quant.domain.sphere import Sphere
    from quant.domain.study import SeriesEntry
    from quant.pipeline.ledger import Ledger
    from quant.pipeline.study import StudyOutcome

logger = logging.getLogger(__name__)

NOTE = "objects"
"""Where the ledger keeps whom the objects of the folder name."""


def can_write_objects() -> bool:
    """Tell whether the extra ``dicom`` is installed."""
    return find_spec("highdicom") is not None


def naming_for(place: "Path", ledger: "Ledger", wanted: Naming) -> Naming:
    """Settle whom the objects of this run name, and take away those that name another.

    Objects of an earlier run with the other answer to ``--identifiers`` are removed, of all
    records in the folder: their studies are then measured anew. Without the extra ``dicom``
    there are none, which is said once.

    Parameters
    ----------
    place : Path
        The output folder, locked.
    ledger : Ledger
    wanted : Naming

    Returns
    -------
    Naming
        What the jobs of this run are told.
    """
    if wanted is not Naming.NONE and not can_write_objects():
        info = CODES["OBJECTS_UNAVAILABLE"]
        logger.info("OBJECTS_UNAVAILABLE: %s %s", info.sentence, info.action)
        return Naming.NONE
    before = ledger.note(NOTE) or _found(place, ledger)
    is_harmless = before == Naming.PSEUDONYM and wanted is Naming.NONE
    if before in ("", wanted) or is_harmless:
        now = before or wanted
    else:
        for path in sorted((place / STUDIES).glob("*/*.dcm")):
            if path.name in OBJECTS:
                with speaking_of(path):
                    path.unlink(missing_ok=True)
        logger.info("DICOM objects that name %s are made anew", before)
        now = wanted
    ledger.set_note(NOTE, "" if now == Naming.NONE else str(now))
    return wanted


def _found(place: "Path", ledger: "Ledger") -> str:
    """Look whom the objects name that a ledger made anew knows of; empty if there are none."""
    from quant.dicom.objects.identity import naming_of

    names = (name for entry in ledger.entries.values() for name in entry.seals)
    for name in names:
        if name.rsplit("/", 1)[-1] in OBJECTS:
            return str(naming_of(place / name))
    return ""


def write_objects(outcome: "StudyOutcome", name: str, folder: "Path", naming: Naming) -> None:
    """Write ``segmentation.dcm`` and ``measurements.dcm`` of a study.

    Whatever goes wrong with them is logged by its code; the study keeps its record without them.

    Parameters
    ----------
    outcome : StudyOutcome
        The study as measured; one without a volume, or that failed, has no objects.
    name : str
        Name of its record.
    folder : Path
        The study's own folder.
    naming : Naming
        Whom the objects name.

    Raises
    ------
    OutputError
        When the files cannot be written.
    """
    if naming is Naming.NONE or outcome.emission is None or outcome.volume is None:
        return
    if outcome.record.status is Status.FAILED or not can_write_objects():
        return
    try:
        with collector_paused():  # highdicom loads large tables of the standard
            files = _objects(outcome, name, naming)
    except Exception as error:  # an object is no reason to lose a study
        why = error.code if isinstance(error, QuantError) else type(error).__name__
        uid = outcome.record.study_uid
        logger.warning("OBJECTS_FAILED: study %s has no DICOM objects (%s)", uid, why)
        logger.debug("no objects of study %s", uid, exc_info=True)
        return
    write_files(folder, files)


def _objects(outcome: "StudyOutcome", name: str, naming: Naming) -> dict[str, bytes]:
    from quant.dicom.objects.form import Measured
    from quant.dicom.objects.measurements import write_measurements
    from quant.dicom.objects.segmentation import write_segmentation
    from quant.dicom.objects.segments import segments_of
    from quant.dicom.objects.source import source_of
    from quant.dicom.objects.standard import lighten

    lighten()
    if outcome.emission is None or outcome.volume is None:
        message = "a study without a volume"
        raise ValueError(message)
    grid = outcome.volume.grid
    patient = _patient(outcome.emission, outcome.record.subject_key, naming)
    measured = Measured(name, outcome.record, grid, source_of(outcome.emission), patient)
    balls = [
        (sphere, ball)
        for sphere in outcome.record.spheres
        if (ball := ball_region(grid, sphere)) is not None
    ]
    segments = segments_of(outcome.regions, balls)
    files: dict[str, bytes] = {}
    uid = ""
    if segments:
        files[SEGMENTATION], uid = write_segmentation(measured, segments)
    files[MEASUREMENTS] = write_measurements(measured, segments, uid)
    return files


def _patient(series: "SeriesEntry", subject_key: str, naming: Naming) -> "Patient":
    from quant.dicom.objects.identity import patient_of_source, pseudonym

    if naming is Naming.SOURCE:
        return patient_of_source(series.files[0].path)
    return pseudonym(subject_key)


def ball_region(grid: "Grid", sphere: "Sphere") -> Region | None:
    """Return a reference sphere as weights on the grid; None when it lies outside."""
    from quant.reference.boxes import as_index
    from quant.reference.stencil import sphere_stencil

    index = grid.to_index(sphere.centre_mm)
    voxel = np.rint(index)
    stencil = sphere_stencil(grid.axes_mm, sphere.radius_mm, grid.axes_mm @ (index - voxel))
    first = np.array(as_index(voxel + stencil.lower))
    low = np.maximum(first, 0)
    high = np.minimum(first + stencil.weights.shape, grid.shape)
    if (high <= low).any():
        return None
    k, j, i = (slice(int(a), int(b)) for a, b in zip(low - first, high - first, strict=True))
    weights = stencil.weights[k, j, i].astype(np.float32).clip(0.0, 1.0)
    if not weights.any():
        return None
    return Region(grid, as_index(low), weights, str(sphere.role), sphere.role)
