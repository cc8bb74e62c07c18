"""Drawings of a run: a time line a patient, a skeleton a patient and time point."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from quant.scoring.drawings.skeleton import skeletons_svg
from quant.scoring.drawings.timeline import timeline_svg
from quant.scoring.readings.order import by_patient, time_points
from quant.scoring.readings.totals import Reading

FOLDER = "figures"
_OURS = re.compile(r"[0-9a-f]{16}-(timeline|skeleton)\.svg")


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing and what it shows.

    Parameters
    ----------
    patient : str
    time : str
        Empty for a time line.
    kind : str
        ``timeline`` or ``skeleton``.
    path : str
        Relative to the output folder.
    """

    patient: str
    time: str
    kind: str
    path: str


def write_figures(out: Path, readings: Iterable[Reading]) -> tuple[Figure, ...]:
    """Write every drawing below ``figures/``; those of an earlier run are removed first."""
    from quant.report.writing import write_text

    folder = out / FOLDER
    if folder.is_dir():
        for old in folder.iterdir():
            if _OURS.fullmatch(old.name):
                old.unlink()
    found = []
    for patient, group in by_patient(readings).items():
        drawings = [("", "timeline", timeline_svg(group))]
        for time in time_points(group)[1]:
            mine = [one for one in group if one.key.time == time]
            drawings.append((time, "skeleton", skeletons_svg(mine)))
        for time, kind, text in drawings:
            path = f"{FOLDER}/{_name(patient, time)}-{kind}.svg"
            write_text(out / path, text)
            found.append(Figure(patient, time, kind, path))
    return tuple(found)


def _name(patient: str, time: str) -> str:
    """Name that holds no identifier and fits every file system."""
    return hashlib.sha256(f"{patient}\n{time}".encode()).hexdigest()[:16]
