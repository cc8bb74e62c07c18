"""Whether the emission volume fits the CT the way it says, or far better mirrored.

A wrong sign of SpacingBetweenSlices, or frames stored against their order, mirrors a volume without
any header being wrong by itself. Only anatomy tells. Here the outline of the body on the emission
volume is compared with that on the CT, as stated and mirrored. A volume is never turned, only
flagged, and uptake inside the body (the side of the liver) is no argument.

The outline of the emission volume needs no threshold of its own: each hypothesis gets the one that
suits it best, so that a faint body beside a hot liver or bladder counts in full.
"""

import logging
import math
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quant.dicom.files.facts import tail, words
from quant.dicom.outline.body import COARSE_MM, Outline, block_mean, outline_of_ct
from quant.dicom.volumes import place_volume
from quant.domain.flags import Flag
from quant.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quant.dicom.geometry.planes import Placement
    from quant.domain.grid import Grid
    from quant.domain.study import Selection, SeriesEntry, StudyFiles
    from quant.domain.volume import Volume

logger = logging.getLogger(__name__)

LEAST_FIT = 0.85
"""Dice overlap of the two outlines that the mirrored volume must reach; elsewhere ..."""

LEAST_FIT_ELSEWHERE = 0.93
"""... this much: where the mirrored volume would lie in another place than the stated one."""

LEAST_GAIN = 0.03
"""By this much its overlap must beat that of the volume as stated, or shifted."""

LEAST_RATIO = 2.0
"""By this factor must be less what does not overlap."""

LEAST_LENGTH, LEAST_WIDTH = 0.6, 0.3
"""Parts of the emission box that the CT must cover, along the body and across.

Across, the box of a SPECT is often twice as wide as the body, and a CT just holds it."""

SHIFTS_MM = (30.0, 15.0, 7.5)
"""Shifts that are tried along each axis, for the stated and for the mirrored volume alike: what a
misregistration explains is no mirror."""

MOST_POINTS = 20_000
"""More points of the lattice than that are thinned out."""

ENDS = ("left and right", "front and back", "head and feet")


@dataclass(frozen=True, slots=True)
class Mirror:
    """A way in which the volume may be mirrored: along an array axis, about an index."""

    axis: int
    pivot: float

    def offset(self, grid: "Grid") -> float:
        """Return how far the box moves along the axis when it is mirrored, voxels."""
        return 2.0 * self.pivot - (grid.shape[self.axis] - 1)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """The mirrored volume fits: which mirror, and the overlaps as stated (or shifted) and so."""

    mirror: Mirror
    stated: float
    mirrored: float


def flip_flags(study: "StudyFiles", selection: "Selection", volume: "Volume") -> tuple[Flag, ...]:
    """Suspect an emission volume whose body fits the CT's far better when it is mirrored.

    Parameters
    ----------
    study : StudyFiles
    selection : Selection
        The outline of its CT is looked at; where there is none, that of a CT of the same frame
        of reference that the emission volume would meet if its slices ran the other way.
    volume : Volume
        The emission volume as read.

    Returns
    -------
    tuple of Flag
        ``NM_FLIP_SUSPECT``, or nothing; nothing also on any trouble with the CT.
    """
    try:
        return _flip_flags(study, selection, volume)
    except (StudyError, OSError, ValueError, IndexError, MemoryError):
        logger.debug("study %s: no look at its outlines", tail(study.study_uid), exc_info=True)
        return ()


def _flip_flags(study: "StudyFiles", selection: "Selection", volume: "Volume") -> tuple[Flag, ...]:
    emission = selection.emission
    if emission is None or not study.by_modality("CT"):
        return ()
    mirrors = _mirrors(place_volume(emission), emission)
    chosen = selection.ct
    cts = iter([(chosen, place_volume(chosen))]) if chosen else _missed(study, volume.grid, mirrors)
    for ct, placement in cts:
        outline = outline_of_ct(ct, placement)
        found = suspect(volume.values, volume.grid, outline, mirrors) if outline else None
        if found is not None:
            return (Flag("NM_FLIP_SUSPECT", _said(found, volume.grid, ct)),)
    return ()


def suspect(
    values: NDArray[np.float32],
    grid: "Grid",
    outline: Outline,
    mirrors: tuple[Mirror, ...] | None = None,
) -> Suspicion | None:
    """Compare the body's outline on an emission volume with that on a CT, as stated and mirrored.

    Parameters
    ----------
    values : (K, J, I) float32
        Emission volume, any unit.
    grid : Grid
        Where it says it lies.
    outline : Outline
        The CT's body.
    mirrors : tuple of Mirror, optional
        What to try; by default each axis about the middle of the volume.

    Returns
    -------
    Suspicion or None
        The best mirror whose evidence is strong: enough of the volume is covered, the overlap
        is high, and clearly beats that of the volume unmirrored in the same place, both
        shifted as suits them best.
    """
    coarse = _Coarse.of(values, grid)
    index, body = _lattice(outline, grid)
    tried = mirrors or tuple(Mirror(axis, (grid.shape[axis] - 1) / 2.0) for axis in range(3))
    here = np.zeros(3)
    stated = coarse.fit(index, body, here)
    best: Suspicion | None = None
    for mirror in tried:
        turned = _mirrored(index, mirror)
        there = here.copy()
        there[mirror.axis] = -mirror.offset(grid)
        elsewhere = bool(there.any())
        rival = max(stated, coarse.fit(index, body, there)) if elsewhere else stated
        if coarse.fit(turned, body, here) <= rival:
            continue  # the usual case, and a quick one
        rival = max(stated, coarse.best_shifted(index, body, there))
        mirrored = coarse.best_shifted(turned, body, here)
        if mirrored < (LEAST_FIT_ELSEWHERE if elsewhere else LEAST_FIT):
            continue
        if _is_better(mirrored, rival) and (best is None or mirrored > best.mirrored):
            best = Suspicion(mirror, rival, mirrored)
    return best


def _is_better(mirrored: float, rival: float) -> bool:
    return mirrored - rival >= LEAST_GAIN and (1.0 - mirrored) * LEAST_RATIO <= 1.0 - rival


def _mirrored(index: NDArray[np.float64], mirror: Mirror) -> NDArray[np.float64]:
    turned = index.copy()
    turned[:, mirror.axis] = 2.0 * mirror.pivot - turned[:, mirror.axis]
    return turned


@dataclass(frozen=True, slots=True, eq=False)
class _Coarse:
    """An emission volume in voxels of about 8 mm, smoothed."""

    values: NDArray[np.float32]
    factors: NDArray[np.float64]
    grid: "Grid"

    @classmethod
    def of(cls, values: NDArray[np.float32], grid: "Grid") -> "_Coarse":
        factors = tuple(
            max(1, min(size, round(COARSE_MM / mm)))
            for size, mm in zip(grid.shape, grid.spacing_mm, strict=True)
        )
        blocks = block_mean(values, (factors[0], factors[1], factors[2]))
        for axis in range(3):
            line = np.moveaxis(blocks, axis, 0)
            if len(line) > 2:
                line[1:-1] = 0.25 * line[:-2] + 0.5 * line[1:-1] + 0.25 * line[2:]
        return cls(blocks, np.array(factors, dtype=np.float64), grid)

    def fit(
        self, index: NDArray[np.float64], body: NDArray[np.bool_], moved: NDArray[np.float64]
    ) -> float:
        """Return the Dice overlap of the outlines with the volume moved by so many voxels.

        0 when the CT covers too little of the volume.
        """
        at = index + moved
        shape = np.array(self.grid.shape)
        inside = ((at >= -0.5) & (at <= shape - 0.5)).all(axis=1)
        if not self._covers(at[inside]):
            return 0.0
        cells = np.floor((at[inside] + 0.5) / self.factors).astype(np.intp)
        k, j, i = np.minimum(cells, np.array(self.values.shape) - 1).T
        return best_dice(self.values[k, j, i], body[inside])

    def _covers(self, at: NDArray[np.float64]) -> bool:
        """Tell whether points within the volume reach over enough of it."""
        if len(at) == 0:
            return False
        length = int(np.abs(self.grid.axes_mm[2]).argmax())
        needed = np.where(np.arange(3) == length, LEAST_LENGTH, LEAST_WIDTH)
        reach = (at.max(axis=0) - at.min(axis=0) + 1.0) / np.array(self.grid.shape)
        return bool((reach >= needed).all())

    def best_shifted(
        self, index: NDArray[np.float64], body: NDArray[np.bool_], start: NDArray[np.float64]
    ) -> float:
        """Return the best overlap that small shifts reach, along one axis after the other."""
        at, best = start, self.fit(index, body, start)
        for step, axis in product(SHIFTS_MM, range(3)):
            here = at
            for way in (-step, step):
                moved = here.copy()
                moved[axis] += way / self.grid.spacing_mm[axis]
                found = self.fit(index, body, moved)
                if found > best:
                    at, best = moved, found
        return best


def best_dice(values: NDArray[np.float32], body: NDArray[np.bool_]) -> float:
    """Return the Dice overlap of ``body`` and ``values >= t`` for the threshold t that suits best.

    Parameters
    ----------
    values : (N,) float32
    body : (N,) bool
    """
    if not body.any():
        return 0.0
    order = np.argsort(-values, kind="stable")
    ordered = values[order]
    ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
    both = np.cumsum(body[order])[ends]
    return float((2.0 * both / (ends + 1 + np.count_nonzero(body))).max())


def _lattice(outline: Outline, grid: "Grid") -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the outline's points as indices of the emission grid, thinned out."""
    step = max(1, -(-outline.body.size // MOST_POINTS))
    while math.gcd(step, outline.body.shape[2]) > 1:
        step += 1
    points = outline.points_mm.reshape(-1, 3)[::step]
    return grid.to_index(points), outline.body.reshape(-1)[::step]


def _mirrors(placement: "Placement", series: "SeriesEntry") -> tuple[Mirror, ...]:
    """Return what may have gone wrong: each axis about its middle, and the sign of the spacing.

    A multi-frame NM object is anchored at its first frame: with the wrong sign its box moves, too.
    """
    shape = placement.grid.shape
    found = [Mirror(axis, (shape[axis] - 1) / 2.0) for axis in range(3)]
    if series.modality == "NM" and placement.frames:
        found.append(Mirror(0, float(placement.frames.index(min(placement.frames)))))
    return tuple(found)


def _missed(
    study: "StudyFiles", emission: "Grid", mirrors: tuple[Mirror, ...]
) -> "Iterator[tuple[SeriesEntry, Placement]]":
    """Yield the CTs of the emission's own frame that only the moved volume would meet."""
    if not emission.frame_of_reference_uid or not any(one.offset(emission) for one in mirrors):
        return
    for series in study.by_modality("CT"):
        if "LOCALIZER" in words(series.facts, "ImageType"):
            continue
        placement = place_volume(series)
        if placement.grid.frame_of_reference_uid == emission.frame_of_reference_uid:
            yield series, placement


def _said(found: Suspicion, grid: "Grid", ct: "SeriesEntry") -> str:
    direction = np.abs(grid.axes_mm[:, found.mirror.axis])
    what = f"{ENDS[int(direction.argmax())]} exchanged"
    if found.mirror.offset(grid) != 0.0:
        what += " by the other sign of SpacingBetweenSlices"
    axis = ("slices", "rows", "columns")[found.mirror.axis]
    return (
        f"along its {axis}: the outlines overlap by {found.stated:.2f} as stated, by "
        f"{found.mirrored:.2f} with {what}; CT series {tail(ct.series_uid)}"
    )
