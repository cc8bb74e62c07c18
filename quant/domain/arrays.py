"""What the kernels do not check: shape, type, layout and voxel size of an array."""

import math
from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from quant.errors import GeometryError, StudyError

Spacing = tuple[float, float, float]
_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}
Kind = TypeVar("Kind", bound=np.generic)


def require_spacing(spacing_mm: Spacing) -> None:
    """Raise a GeometryError unless the voxel size is three finite lengths above 0."""
    given: object = spacing_mm
    lengths = tuple(given) if isinstance(given, Iterable) else (given,)
    if len(lengths) == 3 and all(0.0 < length < math.inf for length in lengths):
        return
    raise GeometryError(
        "GRID_INVALID",
        "The voxel size is not a size.",
        found=f"{[float(length) for length in lengths]} mm",
        needed="three finite lengths above 0, along slices, rows and columns",
        next_step="check position, orientation and spacing of the series",
    )


def require_finite(found: bool, what: str) -> None:  # noqa: FBT001 - a verdict, not an option
    """Raise a StudyError when an array of values holds NaN or infinite voxels."""
    if found:
        return
    raise StudyError(
        "VALUES_NOT_FINITE",
        f"{what} holds voxels without a value.",
        found="NaN or infinite voxels",
        needed="a finite number in every voxel",
        next_step="look at the reconstruction and its rescaling; nothing is filled in",
    )


def require_levels(level: float, outside: float) -> tuple[float, float]:
    """Return the level of an isosurface and the value beyond the array, as float32 holds it.

    Raises
    ------
    ValueError
        If the level is not finite, or ``outside`` not below it: the surface would not be closed.
    """
    with np.errstate(over="ignore"):
        beyond = float(np.float32(outside))
    if math.isfinite(level) and math.isfinite(beyond) and beyond < level:
        return float(level), beyond
    raise ValueError(f"outside {outside} must be finite and below the finite level {level}")


def as_labels(labels: NDArray[Any]) -> NDArray[Any]:
    """See a mask or a label map as the kernels take it; copied only where it must be.

    Parameters
    ----------
    labels : (K, J, I) bool or integer
        Of any layout and byte order; may be read-only.

    Returns
    -------
    (K, J, I) uint8, uint16, uint32 or uint64, C-contiguous, read-only
        The same bytes as unsigned numbers of the same width: a view of a contiguous native array.

    Raises
    ------
    TypeError
        If the values are not whole numbers.
    ValueError
        If the array has not three axes, or no voxel.
    """
    if labels.dtype.kind not in "bui":
        raise TypeError(f"a mask or label map holds bool or whole numbers, not {labels.dtype}")
    _require_volume(labels)
    kind = labels.dtype
    if not kind.isnative:
        kind = kind.newbyteorder("=")
    plain = np.ascontiguousarray(labels, dtype=kind)
    return _read_only(plain.view(_UNSIGNED[kind.itemsize]))


def as_mask(mask: NDArray[Any]) -> NDArray[np.uint8]:
    """See a mask as bytes 0 and 1, C-contiguous, read-only; what is not 0 is inside.

    Raises
    ------
    TypeError, ValueError
        As :func:`as_labels`.
    """
    plain = as_labels(mask)
    if plain.dtype == np.uint8 and plain.max() <= 1:
        return plain
    return _read_only((plain != 0).view(np.uint8))


def narrow_labels(labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """See a label map in one or two bytes a voxel, so that tables by label stay small.

    Parameters
    ----------
    labels : (K, J, I) bool or integer
        0 is background.

    Returns
    -------
    narrow : (K, J, I) uint8 or uint16, C-contiguous, read-only
        uint32 for more than 65535 labels, which are then numbered in ascending order.
    names : (N,) of a type of whole numbers
        The label that each value of ``narrow`` stands for.

    Raises
    ------
    TypeError, ValueError
        As :func:`as_labels`, and if a label is negative.
    """
    plain = as_labels(labels)
    if labels.dtype.kind == "i" and labels.min() < 0:
        raise ValueError(f"labels are whole numbers from 0, not {labels.min()}")
    if plain.dtype.itemsize <= 2:
        return plain, np.arange(np.iinfo(plain.dtype).max + 1)
    if plain.max() <= np.iinfo(np.uint16).max:
        return _read_only(plain.astype(np.uint16)), np.arange(np.iinfo(np.uint16).max + 1)
    values, places = np.unique(plain, return_inverse=True)
    if values[0] != 0:
        values, places = np.concatenate([[0], values]), places + 1
    kind = np.uint16 if len(values) <= np.iinfo(np.uint16).max + 1 else np.uint32
    return _read_only(places.reshape(plain.shape).astype(kind)), values


def as_values(values: NDArray[Any]) -> NDArray[np.float32]:
    """See a volume as float32, C-contiguous, read-only; copied only where it must be.

    Raises
    ------
    TypeError
        If the values are not real numbers.
    ValueError
        If the array has not three axes, or no voxel.
    """
    if values.dtype.kind not in "buif":
        raise TypeError(f"a volume holds real numbers, not {values.dtype}")
    _require_volume(values)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused
        return _read_only(np.ascontiguousarray(values, dtype=np.float32))


def _require_volume(array: NDArray[Any]) -> None:
    if array.ndim != 3 or array.size == 0:
        raise ValueError(f"a volume has three axes and at least one voxel, not {array.shape}")


def _read_only(array: NDArray[Kind]) -> NDArray[Kind]:
    """One kind of array for the kernels, so that each of them is compiled once."""
    view = array.view()
    view.flags.writeable = False
    return view
