"""The digital skeleton in memory: bones and lesions as regions on any grid."""

from functools import cache
from typing import TYPE_CHECKING

from quant.domain.region import Region, Role
from quant.phantom.bodies.occupancy import centre_mask
from quant.phantom.geometry import Layout
from quant.phantom.skeleton.bones import BONES, close_box
from quant.phantom.skeleton.cases import LESION_SETS
from quant.phantom.skeleton.studies import skeleton_grid
from quant.scoring.readings.segments import System
from quant.scoring.spatial import mask_region

if TYPE_CHECKING:
    from quant.domain.grid import Grid
    from quant.phantom.bodies.solids import Body
    from quant.scoring.spatial import LesionScores

FRAME = "1.2.3"

Admissible = tuple[int | None, int | None, int | None]
"""Score, lowest and highest admissible score; None when not assessable."""


def drawn(name: str, body: "Body", grid: "Grid", role: Role = Role.OTHER) -> Region:
    """Draw a body on a grid by its voxels' centres; only its own part of the grid is made."""
    boxed = close_box(body)
    low, high = boxed.bounds_mm()
    corners = [[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1])
               for z in (low[2], high[2])]  # fmt: skip
    index = grid.to_index(corners)
    first = [max(int(n) - 1, 0) for n in index.min(axis=0)]
    last = [min(int(n) + 3, size) for n, size in zip(index.max(axis=0), grid.shape, strict=True)]
    k, j, i = (b - a for a, b in zip(first, last, strict=True))
    part = grid.cropped((first[0], first[1], first[2]), (k, j, i))
    return mask_region(name, centre_mask(boxed, part), part, role)


@cache
def bones_of(name: str, layout: Layout, spacing_mm: float) -> tuple[Region, ...]:
    """Draw the bones that a set of lesions is supplied with."""
    lesions = LESION_SETS[name]
    grid = skeleton_grid(lesions, layout, spacing_mm, FRAME)
    return tuple(drawn(bone, body, grid) for bone, body in lesions.bones.items())


def lesions_of(name: str, layout: Layout, spacing_mm: float) -> tuple[Region, ...]:
    """Draw the lesions of a set."""
    lesions = LESION_SETS[name]
    grid = skeleton_grid(lesions, layout, spacing_mm, FRAME)
    return tuple(drawn(one.name, one.body, grid, role_of(one.name)) for one in lesions.lesions)


def role_of(name: str) -> Role:
    """Role that the default words give to a phantom's lesion."""
    return Role.TUMOUR if name.startswith("tumour") else Role.LESION


def found_scores(scores: "LesionScores", system: System) -> dict[str, Admissible]:
    """Score, lowest and highest by segment, as the engine found them."""
    return {
        one.score.segment: (one.score.score, one.low, one.high)
        for one in scores.systems[system].segments
    }


def true_scores(name: str, system: System) -> dict[str, Admissible]:
    """Score, lowest and highest by segment, as the phantom states them."""
    expected = getattr(LESION_SETS[name], system.value)
    found: dict[str, Admissible] = dict.fromkeys(expected.unseen, (None, None, None))
    for key, score in expected.scores.items():
        found[key] = score if isinstance(score, tuple) else (score, score, score)
    return found


def bone_names() -> tuple[str, ...]:
    """Return the names of the bones of the free model's skeleton."""
    return tuple(BONES)
