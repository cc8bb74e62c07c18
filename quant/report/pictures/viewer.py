"""What the viewer of a study is given: its display copies, regions, spheres and places, as JSON."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.record import LESION_ROLES, Status, StudyRecord
from quant.domain.region import INSIDE_WEIGHT, Region
from quant.report.meshes import MESH
from quant.report.pictures import CT, EMISSION, VIEWER
from quant.report.pictures.display.copies import NO_COPY, Copies, read_copies
from quant.report.pictures.display.labels import ORDER, ROLE_COLOURS, SPHERE_COLOURS
from quant.report.pictures.display.nifti import Stored, gzipped, nifti_bytes
from quant.report.pictures.display.outlines import STEPS
from quant.report.writing import read_own, write_bytes

if TYPE_CHECKING:
    from quant.domain.sphere import Sphere


TAIL = ";\n"

HOW_TO_GET_COPIES = (
    "this study has no display copies, as after quant run --no-pictures; the same command without "
    "--no-pictures makes pictures"
)

HARD_TO_SEE = {"exclude"}
"""Roles of regions that no one looks for: they get no outline."""


def write_viewer(record: StudyRecord, folder: Path, copies: Copies) -> None:
    """Write what the viewer of a study shows as a script; none where there is nothing to look at.

    Parameters
    ----------
    record : StudyRecord
    folder : Path
        The study's own folder, of the record's name.
    copies : Copies
        The display copies in it.

    Raises
    ------
    OutputError
        When the file cannot be written.
    """
    data = viewer_json(record, folder, copies)
    if data:
        write_bytes(folder / VIEWER, f"{_head(folder)}{data}{TAIL}".encode())
    else:
        (folder / VIEWER).unlink(missing_ok=True)


def written_json(folder: Path) -> str:
    """Return what :func:`write_viewer` wrote as JSON; empty if it wrote nothing."""
    try:
        text = read_own(folder / VIEWER).decode("utf-8")
    except (OSError, ValueError):
        return ""
    return text.removeprefix(_head(folder)).removesuffix(TAIL)


def _head(folder: Path) -> str:
    return f"(window.quantStudies ??= {{}})[{json.dumps(folder.name)}] = "


def viewer_json(record: StudyRecord, folder: Path, copies: Copies) -> str:
    """Return all that the viewer of a study needs; empty where there is nothing to look at.

    Parameters
    ----------
    record : StudyRecord
    folder : Path
        The study's own folder.
    copies : Copies
        The display copies in it.
    """
    if copies.emission is None:
        return ""
    data = {
        "emission": _emission(copies.emission, copies.unit, folder),
        "ct": _ct(copies.ct, copies.emission.grid, folder),
        **_regions(copies, record),
        "mesh": _encoded(folder / MESH),
        "spheres": [_sphere(one) for one in record.spheres],
        "places": _places(record, copies, copies.emission),
    }
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


def why_not(record: StudyRecord, folder: Path) -> str:
    """Return why a study has no viewer."""
    why = read_copies(folder).missing.get("emission", "")
    return HOW_TO_GET_COPIES if why == NO_COPY and record.status is not Status.FAILED else why


def _encoded(path: Path) -> str | None:
    try:
        return base64.b64encode(read_own(path)).decode("ascii")
    except OSError:
        return None


def _emission(emission: Stored, unit: str, folder: Path) -> dict[str, object]:
    low, high = _extent(emission.grid)
    largest = emission.slope * float(emission.values.max()) + emission.intercept
    return {
        "data": _encoded(folder / EMISSION),
        "unit": unit,
        "window": list(emission.window),
        "largest": largest,
        "spacing": round(min(emission.grid.spacing_mm), 4),
        "low": low,
        "high": high,
    }


def _ct(ct: Stored | None, around: Grid, folder: Path) -> dict[str, object] | None:
    """Return the CT; the viewer shows only what lies in it, so it is made as large as ``around``.

    What is added lies at the lowest value of its window: air.
    """
    if ct is None:
        return None
    whole = covering(ct, around)
    if whole is ct:
        data = _encoded(folder / CT)
    else:
        data = base64.b64encode(nifti_bytes(whole)).decode("ascii")
    return {"data": data, "window": list(ct.window)}


def covering(image: Stored, around: Grid) -> Stored:
    """Return an image with so many empty voxels added that its grid covers another one."""
    index = image.grid.to_index(around.corners_mm())
    before = np.ceil(np.maximum(0.0, -0.5 - index.min(axis=0)) - 0.5).astype(int)
    last = np.array(image.grid.shape) - 0.5
    after = np.ceil(np.maximum(0.0, index.max(axis=0) - last) - 0.5).astype(int)
    before, after = np.maximum(before, 0), np.maximum(after, 0)
    if not before.any() and not after.any():
        return image
    values: NDArray[np.uint8] = np.pad(image.values, list(zip(before, after, strict=True)))
    affine = image.grid.affine.copy()
    affine[:3, 3] = image.grid.to_mm(-before)
    k, j, i = values.shape
    grid = Grid((k, j, i), affine, image.grid.frame_of_reference_uid)
    return Stored(grid, values, image.slope, image.intercept, image.words, image.window)


def _extent(grid: Grid) -> tuple[list[float], list[float]]:
    corners = grid.corners_mm()
    low, high = corners.min(axis=0), corners.max(axis=0)
    return np.round(low, 3).tolist(), np.round(high, 3).tolist()


def _regions(copies: Copies, record: StudyRecord) -> dict[str, Any]:
    """Return the regions with their weights, 0 to 255, one after another and compressed."""
    primary = record.primary
    shown = [one for one in copies.regions if one.role in ORDER and one.role not in HARD_TO_SEE]
    shown.sort(key=lambda one: ORDER.index(one.role))
    packed = b"".join(np.rint(one.weights * STEPS).astype(np.uint8).tobytes() for one in shown)
    affine = copies.regions[0].grid.affine if copies.regions else np.eye(4)
    return {
        "affine": affine[:3].tolist(),
        "weights": base64.b64encode(gzipped(packed)).decode("ascii"),
        "regions": [
            {
                "name": one.name,
                "role": str(one.role),
                "kind": "lesion" if one.role in LESION_ROLES else "organ",
                "primary": primary is not None and one.name == primary.name,
                "colour": ROLE_COLOURS[one.role],
                "corner": [int(x) for x in one.corner],
                "shape": list(one.weights.shape),
            }
            for one in shown
        ],
    }


def _sphere(sphere: "Sphere") -> dict[str, object]:
    return {
        "name": f"{str(sphere.role).replace('_', ' ')} sphere",
        "role": str(sphere.role),
        "kind": "sphere",
        "colour": SPHERE_COLOURS[sphere.role],
        "centre": [round(float(x), 3) for x in sphere.centre_mm],
        "radius": round(sphere.radius_mm, 3),
    }


def _places(record: StudyRecord, copies: Copies, emission: Stored) -> Sequence[dict[str, object]]:
    """Return where to look: maxima of the lesions, the primary tumour's first, and the spheres."""
    primary = record.primary
    lesions = [one for one in copies.regions if one.role in LESION_ROLES]
    lesions.sort(key=lambda one: primary is None or one.name != primary.name)
    places: list[dict[str, object]] = []
    for one in lesions:
        place = _hottest(one, emission)
        if place is not None:
            places.append({"name": f"{one.name}: maximum", "at": place})
    places += [{"name": one["name"], "at": one["centre"]} for one in map(_sphere, record.spheres)]
    middle = emission.grid.to_mm([(size - 1) / 2 for size in emission.grid.shape])
    places.append({"name": "middle of the field", "at": np.round(middle, 3).tolist()})
    return places


def _hottest(region: Region, emission: Stored) -> list[float] | None:
    """LPS mm of the largest value in a region, on the display copy; None outside of it."""
    if region.grid.shape != emission.grid.shape:  # the copy is coarser: the middle has to do
        inside = np.argwhere(region.weights >= INSIDE_WEIGHT)
        if not len(inside):
            return None
        centre = region.grid.to_mm(inside.mean(axis=0) + np.array(region.corner))
        return [round(float(x), 3) for x in centre]
    inside = np.where(region.weights >= INSIDE_WEIGHT, emission.values[region.box].astype(int), -1)
    if inside.max() < 0:
        return None
    hottest = np.argwhere(inside == inside.max())
    middlemost = np.linalg.norm(hottest - hottest.mean(axis=0), axis=1).argmin()
    centre = region.grid.to_mm(hottest[middlemost] + np.array(region.corner))
    return [round(float(x), 3) for x in centre]
