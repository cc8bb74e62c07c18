"""The kernels of the isosurface: their edges are those of the table, their box that of NumPy."""

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.mesh.lorensen import CORNERS, EDGES
from quant_kernels import isosurface
from quant_kernels.isosurface import inside_box


def test_edges_of_the_kernel_are_those_of_the_table() -> None:
    """First corner and both bits of each edge, so that its middle is the point of the table."""
    starts, ends = isosurface._STARTS, isosurface._ENDS  # noqa: SLF001 - the table must match

    np.testing.assert_array_equal(CORNERS[ends[:, 0]], starts)
    np.testing.assert_array_equal(CORNERS[ends[:, 0]] + CORNERS[ends[:, 1]], EDGES)


def naive_box(values: NDArray[np.float32], level: float) -> list[list[int]]:
    inside = np.argwhere(values > level)
    if len(inside) == 0:
        return [[0, 0]] * 3
    return [[int(a), int(b) + 1] for a, b in zip(inside.min(0), inside.max(0), strict=True)]


@pytest.mark.parametrize("level", [0.0, 0.9, 0.99, 0.999, 2.0])
@pytest.mark.parametrize("seed", range(4))
def test_the_box_is_that_of_all_values_above_the_level(level: float, seed: int) -> None:
    values = np.random.default_rng(seed).random((5, 7, 41), dtype=np.float32)

    box, finite = inside_box(values, level)

    assert finite
    assert box.tolist() == naive_box(values, level)


def test_a_value_at_the_level_is_outside() -> None:
    values = np.full((2, 3, 4), 0.5, dtype=np.float32)
    values[1, 1, 2] = np.nextafter(np.float32(0.5), np.float32(1.0))

    assert inside_box(values, 0.5)[0].tolist() == [[1, 2], [1, 2], [2, 3]]


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0, 0), (4, 6, 40), (2, 3, 17)])
def test_any_voxel_without_a_value_is_noticed(strange: float, place: tuple[int, int, int]) -> None:
    values = np.zeros((5, 7, 41), dtype=np.float32)
    values[place] = strange

    assert not inside_box(values, 0.5)[1]
    assert not inside_box(values, -0.5)[1]
