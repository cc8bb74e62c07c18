"""Regions and spheres as one label map with names and colours, for viewers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.domain.region import INSIDE_WEIGHT, Region, Role
from quant.report.pictures.display.nifti import Stored
from quant.report.pictures.display.stored import thinned_grid, thinning

if TYPE_CHECKING:
    from quant.domain.grid import Grid
    from quant.domain.sphere import Sphere

ROLE_COLOURS: dict[str, str] = {
    Role.LIVER: "#56b4e9",
    Role.LIVER_SEGMENT: "#8fcbee",
    Role.VERTEBRA_L2: "#f0e442",
    Role.MUSCLE_LEFT: "#e69f00",
    Role.MUSCLE_RIGHT: "#e69f00",
    Role.EXCLUDE: "#9a9a9a",
    Role.LESION: "#d55e00",
    Role.TUMOUR: "#cc79a7",
}
"""Okabe and Ito's palette, which people with any colour vision tell apart.

References
----------
Okabe, Ito: Color Universal Design (2008), https://jfly.uni-koeln.de/color/.
"""

SPHERE_COLOURS: dict[str, str] = {
    Role.LIVER: "#0072b2",
    Role.MUSCLE_LEFT: "#009e73",
    Role.MUSCLE_RIGHT: "#009e73",
}

MOST_LABELS = 255
ORDER = (
    Role.LIVER, Role.LIVER_SEGMENT, Role.MUSCLE_LEFT, Role.MUSCLE_RIGHT, Role.VERTEBRA_L2,
    Role.EXCLUDE, Role.LESION, Role.TUMOUR,
)  # fmt: skip
"""Later ones are painted over earlier ones; spheres last."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a number of the label map means.

    ``kind`` is ``region`` or ``sphere``; ``role`` one of :class:`~quant.domain.region.Role`;
    ``colour`` is ``#rrggbb``.
    """

    value: int
    name: str
    role: str
    kind: str
    colour: str

    def as_dict(self) -> dict[str, object]:
        """Return it for JSON."""
        return asdict(self)


def label_map(
    grid: "Grid", regions: Sequence[Region], spheres: "Sequence[Sphere]"
) -> tuple[Stored, tuple[Label, ...]]:
    """Paint regions and spheres into one map: voxels at least half inside, later over earlier.

    Parameters
    ----------
    grid : Grid
        Of the emission volume; the map lies on the grid of its display copy.
    regions : sequence of Region
    spheres : sequence of Sphere

    Returns
    -------
    Stored, tuple of Label
        The map, (K, J, I) uint8, and its names in the order of their numbers.
    """
    painted = np.zeros(grid.shape, dtype=np.uint8)
    names: list[Label] = []
    known = [one for one in regions if one.role in ORDER]
    for region in sorted(known, key=lambda one: ORDER.index(one.role))[: MOST_LABELS - 3]:
        names.append(_label(len(names) + 1, region.name, region.role, "region"))
        painted[region.box][region.weights >= INSIDE_WEIGHT] = len(names)
    for sphere in spheres:
        names.append(_label(len(names) + 1, f"{sphere.role} sphere", sphere.role, "sphere"))
        box, inside = ball_in(grid, sphere)
        painted[box][inside] = len(names)
    factors = thinning(grid.shape)
    middle = tuple(slice(factor // 2, None, factor) for factor in factors)
    there = thinned_grid(grid, factors)
    k, j, i = there.shape
    values = np.ascontiguousarray(painted[middle][:k, :j, :i])
    words = "regions and spheres for display; names and colours in display.json"
    return Stored(there, values, words=words, window=(0.0, float(len(names)))), tuple(names)


def _label(value: int, name: str, role: str, kind: str) -> Label:
    colours = SPHERE_COLOURS if kind == "sphere" else ROLE_COLOURS
    return Label(value, name, str(role), kind, colours[role])


def ball_in(grid: "Grid", sphere: "Sphere") -> tuple[tuple[slice, slice, slice], NDArray[np.bool_]]:
    """Return a box around a sphere and which of its voxel centres lie within the sphere."""
    centre = grid.to_index(sphere.centre_mm)
    reach = sphere.radius_mm * np.linalg.norm(np.linalg.inv(grid.axes_mm), axis=1)
    low = np.clip(np.floor(centre - reach), 0, grid.shape).astype(int)
    high = np.clip(np.ceil(centre + reach) + 1, low, grid.shape).astype(int)
    index = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1)
    distance = np.linalg.norm(grid.to_mm(index) - np.array(sphere.centre_mm), axis=-1)
    k, j, i = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    inside: NDArray[np.bool_] = distance <= sphere.radius_mm
    return (k, j, i), inside
