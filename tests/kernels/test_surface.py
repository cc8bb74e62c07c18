"""The histogram of 2 x 2 x 2 cubes against a loop that anybody can check."""

import numpy as np
import pytest
from numpy.typing import NDArray

from quant_kernels.surface import region_histogram
from tests.support.masks import Mask, blob, noise


def naive_histogram(mask: Mask) -> NDArray[np.int64]:
    """Pad with empty voxels and read every cube corner by corner."""
    padded = np.pad(mask, 1).astype(int)
    histogram = np.zeros(256, dtype=np.int64)
    slices, rows, columns = padded.shape
    for k in range(slices - 1):
        for j in range(rows - 1):
            for i in range(columns - 1):
                code = 0
                for dk in (0, 1):
                    for dj in (0, 1):
                        for di in (0, 1):
                            code += padded[k + dk, j + dj, i + di] << (dj + 2 * dk + 4 * di)
                histogram[code] += 1
    return histogram


def kernel_histogram(mask: Mask) -> NDArray[np.int64]:
    """Call the kernel, and fill in entry 0, which it leaves without a meaning."""
    histogram, _ = region_histogram(mask, np.uint8(1), np.uint8(1))
    cubes = int(np.prod(np.array(mask.shape) + 1))
    histogram[0] = cubes - histogram[1:].sum()
    return histogram


@pytest.mark.parametrize("columns", range(1, 21))
@pytest.mark.parametrize("density", [0.08, 0.5, 0.95])
def test_rows_of_any_length_are_counted_as_by_a_plain_loop(columns: int, density: float) -> None:
    """The kernel takes eight cubes at a time: every length of a rest, and runs that are alike."""
    mask = noise((3, 4, columns), density, seed=columns)

    np.testing.assert_array_equal(kernel_histogram(mask), naive_histogram(mask))


@pytest.mark.parametrize("start", range(18))
@pytest.mark.parametrize("length", [1, 7, 8, 9, 16])
def test_a_bar_anywhere_in_a_row_is_counted_as_by_a_plain_loop(start: int, length: int) -> None:
    """One run of full voxels before, on and after the border of each group of eight."""
    mask = np.zeros((1, 1, 34), dtype=np.uint8)
    mask[0, 0, start : start + length] = 1

    np.testing.assert_array_equal(kernel_histogram(mask), naive_histogram(mask))


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 2), (2, 1, 1), (1, 2, 1), (5, 6, 19)])
@pytest.mark.parametrize("value", [0, 1])
def test_a_whole_array_of_one_value_is_counted_as_by_a_plain_loop(
    shape: tuple[int, int, int], value: int
) -> None:
    mask = np.full(shape, value, dtype=np.uint8)

    histogram = kernel_histogram(mask)

    np.testing.assert_array_equal(histogram, naive_histogram(mask))
    assert (histogram[1:].sum() == 0) == (value == 0)


def test_a_smooth_region_that_reaches_the_border_is_counted_as_by_a_plain_loop() -> None:
    mask = blob((9, 11, 23), seed=3)
    assert mask[0].any()
    assert mask[:, :, -1].any()

    np.testing.assert_array_equal(kernel_histogram(mask), naive_histogram(mask))


def test_the_place_of_a_region_in_the_array_changes_the_empty_cubes_only() -> None:
    mask = noise((4, 5, 11), 0.4, seed=8)
    alone = kernel_histogram(mask)

    for before in [(0, 0, 1), (1, 0, 5), (2, 3, 7), (0, 1, 8)]:
        moved = np.pad(mask, [(place, 9 - place) for place in before])

        np.testing.assert_array_equal(kernel_histogram(moved)[1:], alone[1:])
