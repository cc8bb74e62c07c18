"""How slices follow one another: evenly, with gaps, unevenly, or sheared by a tilted gantry."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quant.dicom.geometry.planes import SPACING_LIMITS_MM, Orientation, sane_spacing
from quant.errors import GeometryError

SAME_PLACE_MM = 0.01
"""Slices closer than this lie in one place."""

EVEN_TOLERANCE_MM = 0.11
"""A slice may be that far from its place in an even stack: positions printed to 0.1 mm are."""

EVEN_FRACTION = 0.25
"""Nor may it be farther than this part of the spacing, so that thin slices are not lost unseen."""

SHEAR_TOLERANCE = 1e-3
"""In-plane drift of the slice positions, per mm along the normal, that is no gantry tilt."""

MOST_PLACES = 1_000_000
"""Places of a stack with gaps; beyond, positions make no sense."""


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Slices in their order along the normal, and how regular they are.

    Parameters
    ----------
    order : (N,) intp
        Given slices in the order of the normal.
    positions : (N, 3) float64
        Their positions in that order, LPS mm.
    heights : (N,) float64
        Along the normal from the first slice, mm.
    drifts : (N, 2) float64
        From the first slice along the column and the row direction, mm.
    places : (N,) int64 or None
        Number of each slice in the even stack that it belongs to; numbers left out are missing
        slices. None when no even stack fits.
    spacing_mm : float
        Of the even stack, else the median gap.
    tilt : float
        Drift in the plane per mm along the normal.
    stray_mm : float
        How far the worst slice lies, in its plane, from the line through first and last.
    """

    order: NDArray[np.intp]
    positions: NDArray[np.float64]
    heights: NDArray[np.float64]
    drifts: NDArray[np.float64]
    places: NDArray[np.int64] | None
    spacing_mm: float
    tilt: float
    stray_mm: float

    @property
    def is_even(self) -> bool:
        """Whether an even stack without gaps fits, whatever the tilt."""
        return self.places is not None and len(self.places) == self.places[-1] + 1

    @property
    def is_straight(self) -> bool:
        """Whether the slices lie on one line along their normal."""
        return self.tilt <= SHEAR_TOLERANCE and self.stray_mm <= 2.0 * EVEN_TOLERANCE_MM

    @property
    def missing(self) -> tuple[int, ...]:
        """Places of the even stack that hold no slice."""
        if self.places is None:
            return ()
        there = set(self.places.tolist())
        return tuple(place for place in range(int(self.places[-1])) if place not in there)

    @property
    def widest_gap(self) -> float:
        """Widest gap between neighbours, in spacings."""
        if self.places is not None:
            return float(np.diff(self.places).max())
        return float(np.diff(self.heights).max()) / self.spacing_mm

    @property
    def tilt_degrees(self) -> float:
        """Angle of the tilt."""
        return float(np.degrees(np.arctan(self.tilt)))

    @property
    def step(self) -> NDArray[np.float64]:
        """One spacing along the line from the first to the last slice, LPS mm, (3,) float64."""
        way = self.positions[-1] - self.positions[0]
        step: NDArray[np.float64] = way * (self.spacing_mm / self.heights[-1])
        return step


def stack_of(positions: NDArray[np.float64], orientation: Orientation, what: str) -> Stack:
    """Sort slices along their normal and find the even stack that they belong to.

    Parameters
    ----------
    positions : (N, 3) float64
        ImagePositionPatient of each slice, N >= 2.
    orientation : Orientation
        Of all slices.
    what : str
        The series, for messages.

    Raises
    ------
    GeometryError
        ``DUP_CONFLICT`` for two slices in one place, ``SPACING_INVALID`` for slices that are
        closer or farther apart than any scanner puts them.
    """
    heights = positions @ orientation.normal
    order = np.argsort(heights, kind="stable")
    ordered = positions[order]
    heights = heights[order]
    _require_distinct(np.diff(heights), heights, what)
    heights = heights - heights[0]
    offsets = ordered - ordered[0]
    drifts = np.stack((offsets @ orientation.column, offsets @ orientation.row), axis=1)
    slope = drifts[-1] / heights[-1]
    stray = np.linalg.norm(drifts - heights[:, None] * slope, axis=1)
    places = even_places(heights)
    spacing = float(np.median(np.diff(heights)) if places is None else heights[-1] / places[-1])
    if not sane_spacing(spacing):
        low, high = SPACING_LIMITS_MM
        raise GeometryError(
            "SPACING_INVALID",
            f"The slice spacing of the {what} makes no sense.",
            found=f"slices {spacing:g} mm apart by ImagePositionPatient",
            needed=f"{low:g} to {high:g} mm",
            next_step="export the series again",
        )
    tilt, worst = float(np.linalg.norm(slope)), float(stray.max())
    return Stack(order, ordered, heights, drifts, places, spacing, tilt, worst)


def even_places(heights: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """Count each slice's place in the even stack that it belongs to; None when there is none.

    Parameters
    ----------
    heights : (N,) float64
        Ascending, N >= 2.

    Notes
    -----
    The stack's spacing is that of the typical gap: at least half of the gaps must be single ones.
    """
    gaps = np.diff(heights)
    typical = float(np.sort(gaps)[(len(gaps) - 1) // 2])
    counts = np.maximum(np.rint(gaps / typical), 1.0)
    if counts.sum() > MOST_PLACES:
        return None
    places = np.concatenate(([0.0], np.cumsum(counts)))
    spacing = (heights[-1] - heights[0]) / places[-1]
    off = np.abs(heights - heights[0] - places * spacing).max()
    if off > min(EVEN_TOLERANCE_MM, EVEN_FRACTION * spacing):
        return None
    return places.astype(np.int64)


def stack_order(
    positions: NDArray[np.float64], orientation: Orientation, what: str
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Sort slice positions along the normal and find the one step between them.

    Parameters
    ----------
    positions : (N, 3) float64
        ImagePositionPatient of each slice, N >= 2.
    orientation : Orientation
    what : str
        The series, for messages.

    Returns
    -------
    order : (N,) intp
        Slices in the order of the normal.
    step : (3,) float64
        From one slice to the next, LPS mm.

    Raises
    ------
    GeometryError
        ``DUP_CONFLICT`` for two slices in one place, ``CT_GAP`` for missing slices,
        ``CT_NONUNIFORM`` for uneven and ``CT_TILT`` for sheared ones.
    """
    stack = stack_of(positions, orientation, what)
    require_regular(stack, what)
    return stack.order, stack.step


def require_regular(stack: Stack, what: str) -> None:
    """Refuse a stack that is not even and straight.

    Raises
    ------
    GeometryError
        ``CT_GAP``, ``CT_NONUNIFORM`` or ``CT_TILT``.
    """
    if stack.places is None:
        raise uneven(stack, what)
    if not stack.is_even:
        raise too_many_missing(stack, what)
    if stack.tilt > SHEAR_TOLERANCE:
        raise tilted(stack, what)
    if not stack.is_straight:
        raise GeometryError(
            "CT_NONUNIFORM",
            f"The slices of the {what} do not lie on one line.",
            found=f"a slice {stack.stray_mm:.3f} mm off",
            needed="positions on one line",
            next_step="supply an evenly spaced reconstruction",
        )


def uneven(stack: Stack, what: str) -> GeometryError:
    """Make the error for slices that are not evenly spaced."""
    return GeometryError(
        "CT_NONUNIFORM",
        f"The slices of the {what} are not evenly spaced.",
        found=gaps_in_words(stack),
        needed=f"every slice within {EVEN_TOLERANCE_MM} mm of an even stack",
        next_step="supply an evenly spaced reconstruction",
    )


def too_many_missing(stack: Stack, what: str) -> GeometryError:
    """Make the error for slices that are missing and not to be interpolated."""
    missing = f"{len(stack.missing)} missing, " if stack.missing else ""
    return GeometryError(
        "CT_GAP",
        f"Slices are missing inside the {what}.",
        found=f"{missing}spacing {stack.spacing_mm:.3f} mm; {gaps_in_words(stack)}",
        needed="every slice",
        next_step="export or copy the whole series again",
    )


def tilted(stack: Stack, what: str) -> GeometryError:
    """Make the error for a gantry tilt."""
    return GeometryError(
        "CT_TILT",
        f"The slices of the {what} are sheared against each other (gantry tilt).",
        found=f"{stack.tilt_degrees:.2f} degrees",
        needed="slices stacked along their normal",
        next_step="supply a reconstruction without tilt",
    )


def gaps_in_words(stack: Stack) -> str:
    """Say how the gaps vary and where the widest one is."""
    gaps = np.diff(stack.heights)
    worst = int(gaps.argmax())
    x, y, z = stack.positions[worst]
    return (
        f"gaps from {gaps.min():.3f} to {gaps.max():.3f} mm, the widest after the slice at "
        f"({x:.2f}, {y:.2f}, {z:.2f})"
    )


def _require_distinct(gaps: NDArray[np.float64], heights: NDArray[np.float64], what: str) -> None:
    same = np.flatnonzero(gaps < SAME_PLACE_MM)
    if same.size:
        raise GeometryError(
            "DUP_CONFLICT",
            f"The {what} holds several images in one place.",
            found=f"{same.size} pairs of slices, the first at {heights[same[0]]:.2f} mm along the "
            "normal",
            needed="one image a place",
            next_step="separate the acquisitions (time points, gates, phases) into series",
        )
