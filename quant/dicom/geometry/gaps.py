"""Where the CT of a study shows nothing that was measured: slices that are missing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from quant.dicom.files.facts import tail
from quant.dicom.volumes import place_volume
from quant.domain.flags import Flag

if TYPE_CHECKING:
    from quant.domain.grid import Grid
    from quant.domain.region import Region
    from quant.domain.study import SeriesEntry

MISSING = "missing_slices"
"""Fact of a volume: its slices (k) that were interpolated over a gap."""

RESAMPLED = ("CT_GAP", "CT_NONUNIFORM", "CT_TILT")


def missing_slices(facts: Mapping[str, str]) -> tuple[int, ...]:
    """Return the slices (k) of a volume that were interpolated over a gap, from its facts."""
    return tuple(int(number) for number in facts.get(MISSING, "").split(",") if number.strip())


def missing_inside(grid: "Grid", missing: Sequence[int], region: "Region") -> tuple[int, ...]:
    """Return which missing slices of a CT a region reaches.

    Parameters
    ----------
    grid : Grid
        Of the CT.
    missing : sequence of int
        Its interpolated slices (k), from :func:`missing_slices`.
    region : Region
        On any grid, in the frame of reference of the CT.

    Returns
    -------
    tuple of int
        Slices whose slab, half a spacing to either side, holds part of the region.
    """
    if not missing:
        return ()
    index = np.argwhere(region.weights > 0.0) + np.array(region.corner)
    k = grid.to_index(region.grid.to_mm(index))[:, 0]
    # how far a voxel of the region reaches to either side of its centre, along the CT's k
    half = 0.5 * np.abs(np.linalg.inv(grid.axes_mm)[0] @ region.grid.axes_mm).sum()
    low, high = float(k.min() - half), float(k.max() + half)
    return tuple(slice_ for slice_ in missing if low < slice_ + 0.5 and high > slice_ - 0.5)


def ct_flags(ct: "SeriesEntry | None", regions: "Sequence[Region]") -> Iterator[Flag]:
    """Yield what a study should know about the CT that goes with its emission volume.

    Parameters
    ----------
    ct : SeriesEntry or None
        The chosen CT, which can be placed.
    regions : sequence of Region
        On the emission grid.

    Yields
    ------
    Flag
        ``CT_GAP``, ``CT_NONUNIFORM`` and ``CT_TILT`` of the CT. Where missing slices lie inside a
        region, ``CT_GAP`` names it: the CT does not serve there.
    """
    if ct is None:
        return
    placement = place_volume(ct)
    where = f"CT series {tail(ct.series_uid)}"
    for flag in placement.flags:
        if flag.code in RESAMPLED:
            yield Flag(flag.code, f"{where}: {flag.detail}")
    missing = missing_slices(placement.facts)
    for region in regions:
        inside = missing_inside(placement.grid, missing, region)
        if inside:
            detail = f"{len(inside)} missing slices lie inside the region {region.name!r}"
            yield Flag("CT_GAP", f"{where}: {detail}; this CT does not serve there")
