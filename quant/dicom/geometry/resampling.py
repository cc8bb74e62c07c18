"""CT slices laid onto an even, right-angled grid: gaps, uneven spacing, gantry tilt.

Only CT: emission values are never interpolated here. Every stored slice counts at its true
position, and linear functions of position are reproduced exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quant.dicom.geometry.planes import Orientation
from quant.dicom.geometry.stacks import (
    EVEN_TOLERANCE_MM,
    SHEAR_TOLERANCE,
    Stack,
    gaps_in_words,
    tilted,
    too_many_missing,
)
from quant.domain.flags import Flag
from quant.errors import GeometryError

MOST_MISSING = 2
"""Adjacent slices that may be missing, and are then interpolated."""

STEEPEST = 1.0
"""Tilt (drift per height) beyond which positions make no sense: no gantry tilts 45 degrees."""

MOST_VOXELS = 2**30
"""Largest size of the grid that holds all slices of a sheared stack."""

MOST_NAMED = 12
"""Missing slices that a flag names."""

SNAP = 1e-6
"""Fractions of a pixel or a spacing that are rounding errors."""

Slice = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Resampling:
    """How stored slices, in their order along the normal, make an even stack.

    Parameters
    ----------
    shape : (K, J, I) tuple of int
        Of the even grid.
    lower, upper : (K,) intp
        Stored slices below and above each slice of the grid; the same where one is taken as is.
    share : (K,) float64
        Weight of ``upper``.
    offsets : (N, 2) float64 or None
        Row and column of the grid at which each stored slice begins, in pixels, not negative; None
        where all begin at 0.
    origin : (3,) float64
        Centre of the grid's first voxel, LPS mm.
    step : (3,) float64
        From slice to slice, LPS mm.
    flags : tuple of Flag
    facts : dict of str to str
        ``missing_slices``: slices of the grid (k) that were interpolated over a gap.
        ``resampled``: what was done, in words.
    """

    shape: tuple[int, int, int]
    lower: NDArray[np.intp]
    upper: NDArray[np.intp]
    share: NDArray[np.float64]
    offsets: NDArray[np.float64] | None
    origin: NDArray[np.float64]
    step: NDArray[np.float64]
    flags: tuple[Flag, ...]
    facts: dict[str, str]


def plan_resampling(
    stack: Stack,
    orientation: Orientation,
    size: tuple[int, int],
    pixel_mm: tuple[float, float],
    what: str,
) -> Resampling | None:
    """Plan how a CT comes onto an even, right-angled grid; None when it lies on one.

    Parameters
    ----------
    stack : Stack
    orientation : Orientation
    size : tuple of int
        Rows and columns of a slice.
    pixel_mm : tuple of float
        Distance between rows, between columns.
    what : str
        The series, for messages.

    Raises
    ------
    GeometryError
        ``CT_GAP`` when more than two adjacent slices are missing, ``CT_TILT`` for an absurd tilt,
        ``CT_NONUNIFORM`` when slices lie too far apart in their plane.
    """
    if stack.is_even and stack.is_straight:
        return None
    if stack.widest_gap > MOST_MISSING + 1 + SNAP:
        raise too_many_missing(stack, what)
    lower, upper, share = _neighbours(stack)
    origin, step, offsets = stack.positions[0], stack.step, None
    rows, columns = size
    if not stack.is_straight:
        if stack.tilt > STEEPEST:
            raise tilted(stack, what)
        pixels = stack.drifts / np.array(pixel_mm)
        start = np.floor(pixels.min(axis=0) + SNAP)
        offsets = np.maximum(pixels - start, 0.0)
        more = np.ceil(offsets.max(axis=0) - SNAP).astype(int)
        rows, columns = rows + int(more[0]), columns + int(more[1])
        aside = start * np.array(pixel_mm)
        origin = origin + aside[0] * orientation.column + aside[1] * orientation.row
        step = orientation.normal * stack.spacing_mm
    shape = (len(lower), rows, columns)
    if np.prod(shape, dtype=np.float64) > MOST_VOXELS:
        raise _too_far_apart(stack, what)
    flags, facts = _told(stack, shape)
    return Resampling(shape, lower, upper, share, offsets, origin, step, flags, facts)


def resample(
    plan: Resampling, source: Callable[[int], Slice], out: NDArray[np.float32]
) -> dict[str, str]:
    """Fill an even grid from stored slices, each of which is read once.

    Parameters
    ----------
    plan : Resampling
    source : callable
        Gives stored slice n, (R, C) float32, finite; asked for in ascending order.
    out : (K, J, I) float32
        Filled in place. Where no slice reaches, it takes the least value of the slices read: on a
        CT the air around the patient.

    Returns
    -------
    dict of str to str
        ``outside_value`` and ``outside_voxels`` when there are such places.
    """
    laid: dict[int, NDArray[np.float64]] = {}
    least = np.inf
    for k, (low, high) in enumerate(zip(plan.lower.tolist(), plan.upper.tolist(), strict=True)):
        laid = {n: one for n, one in laid.items() if n >= low}
        for n in (low, high):
            if n not in laid:
                plane = source(n)
                least = min(least, float(plane.min()))
                laid[n] = _laid(plane, plan, n)
        if low == high:
            out[k] = laid[low]
        else:
            out[k] = laid[low] + plan.share[k] * (laid[high] - laid[low])
    if plan.offsets is None:
        return {}
    outside = np.isnan(out)
    out[outside] = least
    return {"outside_value": f"{least:g}", "outside_voxels": str(int(outside.sum()))}


def _neighbours(
    stack: Stack,
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Find the stored slices on either side of each slice of the grid, and the upper's weight."""
    heights = stack.heights
    if stack.places is None:
        count = int(np.floor(heights[-1] / stack.spacing_mm + SNAP)) + 1
        wanted = np.arange(count) * stack.spacing_mm
    else:
        wanted = np.arange(int(stack.places[-1]) + 1) * stack.spacing_mm
    upper = np.clip(np.searchsorted(heights, wanted), 1, len(heights) - 1)
    lower = upper - 1
    share = np.clip((wanted - heights[lower]) / (heights[upper] - heights[lower]), 0.0, 1.0)
    lower = np.where(share > 1.0 - SNAP, upper, lower)
    upper = np.where(share < SNAP, lower, upper)
    if stack.places is not None:
        # a slice that has its place in an even stack is taken as it is, as in stacks without gaps
        there = np.arange(len(heights))
        lower[stack.places], upper[stack.places] = there, there
    share = np.where(lower == upper, 0.0, share)
    return lower, upper, share


def _laid(plane: Slice, plan: Resampling, n: int) -> NDArray[np.float64]:
    """Lay one stored slice onto the rows and columns of the grid; NaN where it does not reach."""
    if plan.offsets is None:
        return plane.astype(np.float64)
    target = np.full(plan.shape[1:], np.nan)
    starts, inner = [], plane.astype(np.float64)
    for axis, offset in enumerate(plan.offsets[n]):
        start = int(np.floor(offset + SNAP))
        part = float(offset - start)
        if part > SNAP:
            # pixel start + 1 of the grid lies between stored pixels 0 and 1, and so on
            low = np.take(inner, np.arange(inner.shape[axis] - 1), axis)
            high = np.take(inner, np.arange(1, inner.shape[axis]), axis)
            inner = low + (1.0 - part) * (high - low)
            start += 1
        starts.append(start)
    rows, columns = inner.shape
    target[starts[0] : starts[0] + rows, starts[1] : starts[1] + columns] = inner
    return target


def _told(stack: Stack, shape: tuple[int, int, int]) -> tuple[tuple[Flag, ...], dict[str, str]]:
    """Say what is done to a stack, as flags and as facts of the volume."""
    flags, done, facts = [], [], {}
    missing = stack.missing
    if missing:
        places = [stack.positions[0] + place * stack.step for place in missing[:MOST_NAMED]]
        named = ", ".join(f"({x:.2f}, {y:.2f}, {z:.2f})" for x, y, z in places)
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        detail = f"{len(missing)} of {shape[0]} slices interpolated, at {named}{more} mm"
        flags.append(Flag("CT_GAP", detail))
        done.append(f"{len(missing)} missing slices interpolated")
        facts["missing_slices"] = ", ".join(str(place) for place in missing)
    if stack.places is None:
        detail = f"{gaps_in_words(stack)}; resampled every {stack.spacing_mm:.3f} mm"
        flags.append(Flag("CT_NONUNIFORM", detail))
        done.append(f"linear to every {stack.spacing_mm:.3f} mm")
    elif not stack.is_straight and stack.tilt <= SHEAR_TOLERANCE:
        detail = f"a slice lies {stack.stray_mm:.3f} mm off the line of the others"
        flags.append(Flag("CT_NONUNIFORM", f"{detail}; moved to its true position"))
        done.append("slices moved to their true positions")
    if stack.tilt > SHEAR_TOLERANCE:
        flags.append(Flag("CT_TILT", f"{stack.tilt_degrees:.2f} degrees; resampled upright"))
        done.append(f"a shear of {stack.tilt_degrees:.2f} degrees undone")
    return tuple(flags), facts | {"resampled": "; ".join(done)}


def _too_far_apart(stack: Stack, what: str) -> GeometryError:
    aside = float(np.ptp(stack.drifts, axis=0).max())
    return GeometryError(
        "CT_NONUNIFORM",
        f"The slices of the {what} lie too far apart to be resampled.",
        found=f"{aside:.1f} mm apart in their plane, {stack.heights[-1]:.1f} mm along the normal",
        needed=f"slices within {EVEN_TOLERANCE_MM} mm of an even stack",
        next_step="supply an evenly spaced reconstruction",
    )
