"""The ways in which a volume may be stored, as grids."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from quant.domain.grid import Grid
from quant.phantom.bodies.solids import Rotation, Vector, rotation_deg


class Layout(StrEnum):
    """How the array axes of a stored volume lie in the patient.

    ``axial``: rows to the left, columns to the back, slices to the head.
    ``head_to_feet``: rows to the right, columns to the back; the normal points to the feet, and the
    slices run along it.
    ``negative_spacing``: as axial, but slices run against the normal (SpacingBetweenSlices < 0).
    ``oblique``: axial, turned about all three axes.
    ``anisotropic``: axial with three different spacings.
    ``coronal``, ``sagittal``: slices to the back, slices to the left; rows from the head down.
    """

    AXIAL = "axial"
    HEAD_TO_FEET = "head_to_feet"
    NEGATIVE_SPACING = "negative_spacing"
    OBLIQUE = "oblique"
    ANISOTROPIC = "anisotropic"
    CORONAL = "coronal"
    SAGITTAL = "sagittal"


_X, _Y, _Z = np.eye(3)

_DIRECTIONS: dict[Layout, tuple[tuple[float, ...], ...]] = {
    # direction, in LPS, of a step along (slice, row index, column index)
    Layout.AXIAL: (tuple(_Z), tuple(_Y), tuple(_X)),
    Layout.HEAD_TO_FEET: (tuple(-_Z), tuple(_Y), tuple(-_X)),
    Layout.NEGATIVE_SPACING: (tuple(-_Z), tuple(_Y), tuple(_X)),
    Layout.OBLIQUE: (tuple(_Z), tuple(_Y), tuple(_X)),
    Layout.ANISOTROPIC: (tuple(_Z), tuple(_Y), tuple(_X)),
    Layout.CORONAL: (tuple(_Y), tuple(-_Z), tuple(_X)),
    Layout.SAGITTAL: (tuple(_X), tuple(-_Z), tuple(_Y)),
}

OBLIQUE_TURN: Rotation = rotation_deg(11.0, -17.0, 23.0)
"""Turn of the oblique layout."""

ANISOTROPIC_MM = (5.2, 4.1, 3.3)
"""Spacing along slice, row index and column index of the anisotropic layout, mm."""


@dataclass(frozen=True, slots=True)
class FieldOfView:
    """A box in the patient: centre and half extents, LPS mm."""

    centre_mm: Vector
    half_mm: Vector


def layout_grid(
    layout: Layout, view: FieldOfView, spacing_mm: float, frame_of_reference_uid: str = ""
) -> Grid:
    """Make the grid that covers a field of view in one layout.

    Parameters
    ----------
    layout : Layout
    view : FieldOfView
        The box is covered whole; a turned grid keeps the box's extents along its own axes.
    spacing_mm : float
        Voxel size; the anisotropic layout uses ``ANISOTROPIC_MM`` instead.
    frame_of_reference_uid : str
    """
    turn = np.array(OBLIQUE_TURN) if layout is Layout.OBLIQUE else np.eye(3)
    directions = np.array(_DIRECTIONS[layout])
    spacing = np.array(ANISOTROPIC_MM if layout is Layout.ANISOTROPIC else (spacing_mm,) * 3)
    extent = np.abs(directions) @ (2.0 * np.array(view.half_mm))
    shape = np.ceil(extent / spacing).astype(int)
    affine = np.eye(4)
    affine[:3, :3] = (turn @ directions.T) * spacing
    affine[:3, 3] = np.array(view.centre_mm) - affine[:3, :3] @ ((shape - 1) / 2.0)
    k, j, i = (int(size) for size in shape)
    return Grid((k, j, i), affine, frame_of_reference_uid)
