"""The histograms of all labels in one sweep are those of each label alone."""

import numpy as np
import pytest
from numpy.typing import NDArray

from quant_kernels.label_surfaces import label_histograms
from quant_kernels.surface import region_histogram
from tests.support.masks import noise


def by_label(labels: NDArray[np.uint16]) -> dict[int, NDArray[np.int64]]:
    """Call the kernel; entry 0 of a histogram means nothing."""
    numbers, histograms = label_histograms(labels, 65535)
    found = np.flatnonzero(numbers[1:]) + 1
    assert numbers[0] == len(found)
    assert sorted(numbers[found]) == list(range(1, len(found) + 1))
    return {int(label): histograms[numbers[label] - 1][1:] for label in found}


def one_by_one(labels: NDArray[np.uint16]) -> dict[int, NDArray[np.int64]]:
    """Make a mask of each label and count that."""
    one = np.uint8(1)
    return {
        int(label): region_histogram((labels == label).astype(np.uint8), one, one)[0][1:]
        for label in np.unique(labels[labels > 0])
    }


def assert_same(labels: NDArray[np.uint16]) -> None:
    found, expected = by_label(labels), one_by_one(labels)
    assert list(found) == list(expected)
    for label, histogram in expected.items():
        np.testing.assert_array_equal(found[label], histogram)


@pytest.mark.parametrize("columns", [1, 2, 7, 8, 9, 31, 32, 33, 40, 65])
@pytest.mark.parametrize("labels", [1, 2, 9])
def test_random_labels_that_touch_everywhere(columns: int, labels: int) -> None:
    """Up to eight labels in one cube; rows of every length about the chunks and groups of eight."""
    rng = np.random.default_rng(columns)

    assert_same(rng.integers(0, labels + 1, (3, 4, columns)).astype(np.uint16))


@pytest.mark.parametrize("empty", [0.0, 0.5, 0.95])
def test_blocks_of_labels_with_gaps(empty: float) -> None:
    """Runs of full cubes, neighbours without a gap, rows that start late and end early."""
    rng = np.random.default_rng(3)
    coarse = rng.integers(1, 7, (3, 4, 9)) * (rng.random((3, 4, 9)) >= empty)
    labels = np.kron(coarse, np.ones((2, 3, 11), dtype=int)).astype(np.uint16)

    assert_same(np.ascontiguousarray(labels))


def test_more_labels_than_the_first_table_has_rows() -> None:
    """Each voxel its own label, up to the greatest that two bytes hold."""
    labels = np.arange(1, 1 + 5 * 6 * 9, dtype=np.uint16).reshape(5, 6, 9) * np.uint16(242)
    labels[4, 5, 8] = 65535

    assert len(by_label(labels)) == labels.size
    assert_same(labels)


def test_one_label_that_fills_the_array_and_one_that_is_a_voxel_within() -> None:
    labels = np.full((4, 5, 21), 7, dtype=np.uint16)
    labels[2, 2, 10] = 3

    assert_same(labels)


def test_no_label_at_all() -> None:
    assert by_label(np.zeros((3, 4, 5), dtype=np.uint16)) == {}


def test_two_lesions_far_apart_in_one_row() -> None:
    """The part of a row between its first and its last label holds long empty runs."""
    labels = np.zeros((2, 2, 200), dtype=np.uint16)
    labels[:, :, 3:5] = 1
    labels[0, :, 190:] = 2
    labels[1] += noise((1, 2, 200), 0.02, 1)[0].astype(np.uint16) * np.uint16(4)

    assert_same(labels)
