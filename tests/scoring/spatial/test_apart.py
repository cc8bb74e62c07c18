"""Foci that can be told apart: counted against all subsets, distances against geometry."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.domain.grid import Grid
from quant.scoring.spatial.apart import Cloud, close_pairs, count_apart, gap_mm

Edges = set[tuple[int, int]]


def _naive(members: list[int], pairs: Edges) -> int:
    """Try all subsets, the largest first."""
    for size in range(len(members), 0, -1):
        for chosen in combinations(members, size):
            if not any(pair in pairs for pair in combinations(chosen, 2)):
                return size
    return 0


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, Edges]:
    size = draw(st.integers(0, 9))
    every = list(combinations(range(size), 2))
    return size, {pair for pair in every if draw(st.integers(0, 2)) == 0}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(graphs())
def test_the_count_is_that_of_all_subsets(graph: tuple[int, Edges]) -> None:
    size, pairs = graph

    assert count_apart(range(size), frozenset(pairs)) == _naive(list(range(size)), pairs)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(graphs(), st.integers(0, 8))
def test_fewer_foci_or_more_pairs_never_count_more(graph: tuple[int, Edges], left: int) -> None:
    size, pairs = graph
    whole = count_apart(range(size), frozenset(pairs))

    assert count_apart([n for n in range(size) if n != left], frozenset(pairs)) <= whole
    for pair in combinations(range(size), 2):
        assert count_apart(range(size), frozenset(pairs | {pair})) <= whole


def test_a_chain_counts_its_ends_and_a_tangle_of_many_foci_is_counted_in_time() -> None:
    chain = frozenset((n, n + 1) for n in range(200))
    grid = frozenset(
        (min(a, b), max(a, b))
        for r in range(12) for c in range(12)
        for a, b in ((12 * r + c, 12 * r + c + 1), (12 * r + c, 12 * r + c + 12))
        if not (b == a + 1 and c == 11) and b < 144
    )  # fmt: skip

    assert count_apart(range(201), chain) == 101
    assert 60 <= count_apart(range(144), grid) <= 72


def _cloud(grid: Grid, low: tuple[int, int, int], high: tuple[int, int, int]) -> Cloud:
    axes = [np.arange(a, b) for a, b in zip(low, high, strict=True)]
    index = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    return Cloud(grid.to_mm(index), np.array(grid.axes_mm))


@pytest.mark.parametrize(
    ("start", "distance"),
    [
        ((0, 0, 3), 0.0),  # face to face
        ((3, 3, 3), 0.0),  # corner to corner
        ((0, 0, 4), 2.0), ((0, 0, 8), 10.0), ((0, 5, 0), 6.0), ((6, 0, 0), 12.0),
    ],
)  # fmt: skip
def test_distances_are_between_edges_on_uneven_voxels(
    start: tuple[int, int, int], distance: float
) -> None:
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:3, :3] = np.array([[0, 0, 2.0], [0, 3.0, 0], [4.0, 0, 0]])
    grid = Grid((30, 30, 30), affine)
    one = _cloud(grid, (0, 0, 0), (3, 3, 3))
    k, j, i = start
    other = _cloud(grid, start, (k + 3, j + 3, i + 3))

    assert gap_mm(one, other, 100.0) == pytest.approx(distance)
    assert gap_mm(other, one, 100.0) == pytest.approx(distance)
    assert (close_pairs([one, other], distance) == {(0, 1)}) is True
    if distance:
        assert close_pairs([one, other], distance - 0.1) == set()


def test_foci_far_beyond_the_limit_are_not_measured() -> None:
    grid = Grid((4, 4, 400), np.eye(4))
    one, other = _cloud(grid, (0, 0, 0), (2, 2, 2)), _cloud(grid, (0, 0, 300), (2, 2, 302))

    assert gap_mm(one, other, 5.0) == float("inf")
