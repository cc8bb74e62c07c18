"""Arrays as the kernels take them: any layout in, one kind out, and plain refusals."""

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.domain.arrays import (
    as_labels,
    as_values,
    narrow_labels,
    require_levels,
    require_spacing,
)
from quant.errors import GeometryError

VALUES = np.arange(24).reshape(2, 3, 4)


@pytest.mark.parametrize("kind", ["?", "u1", "i1", "<u2", ">u2", "<i4", ">i4", "u4", "i8", "u8"])
def test_labels_keep_their_values_whatever_their_type(kind: str) -> None:
    labels = VALUES.astype(kind)

    plain = as_labels(labels)

    np.testing.assert_array_equal(plain, labels)
    assert plain.dtype.kind == "u"
    assert plain.dtype.isnative
    assert plain.dtype.itemsize == labels.dtype.itemsize
    assert plain.flags.c_contiguous
    assert not plain.flags.writeable


@pytest.mark.parametrize("kind", ["?", "u1", "u2", "i4"])
def test_contiguous_labels_are_seen_and_not_copied(kind: str) -> None:
    labels = VALUES.astype(kind)

    assert np.shares_memory(as_labels(labels), labels)
    assert labels.flags.writeable


@pytest.mark.parametrize(
    "labels",
    [VALUES.T, VALUES[:, ::-1], VALUES[:, :, ::2], np.asfortranarray(VALUES)],
    ids=["transposed", "mirrored", "thinned", "fortran"],
)
def test_labels_of_any_layout_are_laid_out_anew(labels: NDArray[np.int64]) -> None:
    np.testing.assert_array_equal(as_labels(labels), labels)
    assert as_labels(labels).flags.c_contiguous


@pytest.mark.parametrize("labels", [VALUES / 2.0, VALUES + 1j, VALUES.astype("O")])
def test_what_holds_no_whole_numbers_is_no_mask(labels: NDArray[np.generic]) -> None:
    with pytest.raises(TypeError, match="whole numbers"):
        as_labels(labels)


@pytest.mark.parametrize("shape", [(24,), (4, 6), (1, 2, 3, 4), (0, 3, 4)])
def test_a_volume_has_three_axes_and_voxels(shape: tuple[int, ...]) -> None:
    array = np.zeros(shape, dtype=np.uint8)

    for see in (as_labels, as_values, narrow_labels):
        with pytest.raises(ValueError, match="three axes"):
            see(array)


def test_values_become_float32_once() -> None:
    values = VALUES.astype(np.float32)

    assert np.shares_memory(as_values(values), values)
    assert as_values(VALUES).dtype == np.float32
    np.testing.assert_array_equal(as_values(VALUES.T), VALUES.T)
    with pytest.raises(TypeError, match="real numbers"):
        as_values(VALUES + 1j)


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (np.array([0, 3, 250], np.uint8), np.uint8),
        (np.array([0, 3, 65535], np.int64), np.uint16),
        (np.array([0, 3, 65536], np.int64), np.uint16),
        (np.array([3, 5, 2**40], np.int64), np.uint16),
        (np.arange(70_000, dtype=np.int64) * 5, np.uint32),
    ],
)
def test_labels_are_narrowed_and_keep_their_names(
    labels: NDArray[np.generic], kind: type[np.generic]
) -> None:
    """As they are, by type, by renumbering; background stays background."""
    labels = labels.reshape(1, 1, -1)

    narrow, names = narrow_labels(labels)

    assert narrow.dtype == kind
    assert names[0] == 0
    np.testing.assert_array_equal(names[narrow], labels)
    np.testing.assert_array_equal(narrow == 0, labels == 0)


def test_negative_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="not -4"):
        narrow_labels(np.array([[[0, -4]]], dtype=np.int16))


@pytest.mark.parametrize(
    "spacing",
    [(0.0, 1.0, 1.0), (1.0, -2.0, 1.0), (1.0, 1.0, float("nan")), (1.0, float("inf"), 1.0)],
)
def test_a_voxel_size_is_three_lengths(spacing: tuple[float, float, float]) -> None:
    with pytest.raises(GeometryError, match="GRID_INVALID"):
        require_spacing(spacing)


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (1.0,) * 4, 3.0])
def test_two_or_four_lengths_are_no_voxel_size(spacing: object) -> None:
    with pytest.raises(GeometryError, match="GRID_INVALID"):
        require_spacing(spacing)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("level", "outside"),
    [
        (0.0, 0.0),
        (-1.0, 0.0),
        (float("nan"), 0.0),
        (float("inf"), 0.0),
        (1.0, float("nan")),
        (1.0, float("-inf")),
        (1.0, 1.0 - 1e-12),
    ],
)
def test_an_isosurface_is_closed_only_below_its_level(level: float, outside: float) -> None:
    """The last: as float32 the value beyond the array would be the level itself."""
    with pytest.raises(ValueError, match="below the finite level"):
        require_levels(level, outside)


def test_the_value_beyond_is_what_float32_holds() -> None:
    assert require_levels(1.0, 0.1) == (1.0, float(np.float32(0.1)))
