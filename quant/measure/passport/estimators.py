"""Every estimator of a region's surface and volume, by name."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quant.domain.flags import Flag
from quant.errors import StudyError
from quant.measure.shape.asphericity import (
    closed_asphericity,
    fitted_asphericity,
    mixed_asphericity,
)
from quant.measure.shape.isosurfaces import gaussian_smoothed, volume_keeping_surface
from quant.measure.shape.surface import Surface, measure_surface

Spacing = tuple[float, float, float]
Weights = NDArray[np.float32] | NDArray[np.float64] | NDArray[np.uint8]

SMOOTHING_VOXELS = 1.0
"""Standard deviation of the Gaussian before the smoothed isosurface, in voxels of each axis."""


@dataclass(frozen=True, slots=True)
class Estimator:
    """One way to measure surface and volume.

    Parameters
    ----------
    name : str
    column : str
        Name of its asphericity among the measurements.
    suffix : str
        Of its area and volume among the measurements.
    method : str
        In a few words; ``{sigma}`` stands for the smoothing in mm.
    read : callable or None
        Area and volume, mm2 and mm3, from the sums over the cubes of a binary region; None for
        isosurfaces of the weights.
    closed : bool
        Surface and volume belong to one closed body, so that asphericity cannot be negative.
    """

    name: str
    column: str
    suffix: str
    method: str
    read: Callable[[Surface], tuple[float, float]] | None
    closed: bool


ESTIMATORS = (
    Estimator(
        "ibsi_mesh",
        "asphericity",
        "mesh",
        "area and volume of the marching-cubes mesh (Lorensen) at 0.5 of the binary region",
        lambda one: (one.mesh_area_mm2, one.mesh_volume_mm3),
        closed=True,
    ),
    Estimator(
        "plane_fitted",
        "asphericity_corrected",
        "corrected",
        "plane-fitted 2x2x2 area over voxel-count volume",
        lambda one: (one.fitted_area_mm2, one.voxels_mm3),
        closed=False,
    ),
    Estimator(
        "smoothed_isosurface",
        "asphericity_smoothed",
        "smoothed",
        "isosurface that keeps the volume, of the weights smoothed by a Gaussian of SD one voxel "
        "({sigma} mm along slices, rows, columns)",
        None,
        closed=True,
    ),
    Estimator(
        "weights_isosurface",
        "asphericity_weights",
        "weights",
        "isosurface that keeps the volume, of the weights as they are",
        None,
        closed=True,
    ),
    Estimator(
        "crofton",
        "asphericity_crofton",
        "crofton",
        "area by intersections with lines along 13 directions, each by its cell of the sphere, "
        "over voxel-count volume",
        lambda one: (one.crofton_area_mm2, one.voxels_mm3),
        closed=False,
    ),
    Estimator(
        "voxel_faces",
        "asphericity_voxel_faces",
        "voxel_faces",
        "legacy: faces of the voxels over their volume; a ball has about 0.5",
        lambda one: (one.face_area_mm2, one.voxels_mm3),
        closed=True,
    ),
    Estimator(
        "mesh_over_voxel_volume",
        "asphericity_mesh_over_voxels",
        "mesh_over_voxels",
        "legacy: area of the IBSI mesh over voxel-count volume, two bodies; may be negative",
        lambda one: (one.mesh_area_mm2, one.voxels_mm3),
        closed=False,
    ),
)
"""All estimators; the first two are the columns ``asphericity`` and ``asphericity_corrected``."""

NAMES = tuple(one.name for one in ESTIMATORS)


@dataclass(frozen=True, slots=True)
class Shape:
    """A region as the estimators take it.

    Parameters
    ----------
    mask : (K, J, I) uint8, C-contiguous
        The binary region; at least one voxel.
    weights : (K, J, I) float, or None
        Its weights where they hold fractions; None when the binary region is all there is.
    spacing_mm : (dk, dj, di) tuple of float
    """

    mask: NDArray[np.uint8]
    weights: Weights | None
    spacing_mm: Spacing

    @property
    def filled(self) -> Weights:
        """The weights, or the mask where there are no fractions."""
        return self.mask if self.weights is None else self.weights

    @property
    def volume_mm3(self) -> float:
        """Sum of the weights times the voxel volume."""
        return float(self.filled.sum(dtype=np.float64)) * math.prod(self.spacing_mm)


@dataclass(frozen=True, slots=True)
class Estimated:
    """Area, volume and asphericity by one estimator; None with flags where it has no value."""

    area_mm2: float | None
    volume_mm3: float | None
    asphericity: float | None
    flags: tuple[Flag, ...] = ()


def estimated(shape: Shape, isosurfaces: bool = True) -> dict[str, Estimated]:  # noqa: FBT001, FBT002
    """Measure a region by every estimator.

    Parameters
    ----------
    shape : Shape
    isosurfaces : bool
        Also by those that look for a level, which take most of the time.

    Returns
    -------
    dict of str to Estimated
        By the estimator's name.
    """
    surface = measure_surface(shape.mask, shape.spacing_mm)
    found = {}
    for one in ESTIMATORS:
        if one.read is not None:
            found[one.name] = _of_cubes(one, surface)
        elif isosurfaces:
            found[one.name] = _of_weights(one, shape)
    return found


def _of_cubes(one: Estimator, surface: Surface) -> Estimated:
    """Estimate from the sums over the cubes of a binary region."""
    assert one.read is not None  # noqa: S101 - for the type checker
    area, volume = one.read(surface)
    if one.closed:
        return _closed(area, volume)
    judged = (
        fitted_asphericity(surface)
        if one.name == "plane_fitted"
        else mixed_asphericity(area, volume)
    )
    return Estimated(area if judged[0] is not None else None, volume, *judged)


def _of_weights(one: Estimator, shape: Shape) -> Estimated:
    """Estimate from the isosurface of the weights that keeps their volume."""
    if one.name == "weights_isosurface":
        if shape.weights is None:
            return Estimated(None, None, None, (Flag("ASP_NO_FRACTIONS"),))
        field: NDArray[np.generic] = shape.weights
    else:
        field = gaussian_smoothed(shape.filled, (SMOOTHING_VOXELS,) * 3)
    found = volume_keeping_surface(field, shape.volume_mm3, shape.spacing_mm)
    if found is None:
        return Estimated(None, None, None, (Flag("ASP_NO_LEVEL", one.name),))
    return _closed(found[1], found[2])


def _closed(area: float, volume: float) -> Estimated:
    """Keep the value of a closed body; one that cannot be is absent, with the error's code."""
    try:
        return Estimated(area, volume, closed_asphericity(area, volume))
    except StudyError as error:
        return Estimated(area, volume, None, (Flag(error.code, error.found),))


def method_of(one: Estimator, spacing_mm: Spacing) -> str:
    """Name and method of an estimator, with its lengths in mm."""
    sigma = " x ".join(f"{SMOOTHING_VOXELS * step:.2f}" for step in spacing_mm)
    return f"{one.name}: {one.method.format(sigma=sigma)}"
