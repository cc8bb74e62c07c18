"""The sphere sweep against a naive loop and scipy."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from quant.reference.stencil import sphere_stencil
from quant_kernels.spheres import sphere_sweep

SHAPE = (16, 18, 20)


def _inputs(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    body = np.clip(ndimage.gaussian_filter(rng.normal(size=SHAPE), 2.0) * 9.0 + 0.6, 0.0, 1.0)
    return rng.normal(size=SHAPE), np.ascontiguousarray(body)


def _naive(
    values: NDArray[np.float64],
    body: NDArray[np.float64],
    candidates: NDArray[np.uint8],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    rows = []
    for k, j, i in np.argwhere(candidates):
        box = tuple(slice(a, a + n) for a, n in zip((k, j, i), weights.shape, strict=True))
        inner = values[box]
        half = weights >= 0.5
        top = inner[half].max() if half.any() else -np.inf
        sums = [(weights * inner).sum(), (weights * inner**2).sum(), (weights * body[box]).sum()]
        rows.append([*sums, top])
    return np.array(rows)


@pytest.mark.parametrize("spacing", [(3.0, 3.0, 3.0), (3.0, 4.8, 4.8), (5.0, 2.0, 3.0)])
@pytest.mark.parametrize("offset", [(0.0, 0.0, 0.0), (0.9, -0.4, 1.1)])
def test_the_sweep_equals_a_naive_loop_at_every_candidate(
    spacing: tuple[float, float, float], offset: tuple[float, float, float]
) -> None:
    values, body = _inputs(1)
    stencil = sphere_stencil(np.diag(spacing), 9.0, offset)
    places = [n - w + 1 for n, w in zip(SHAPE, stencil.weights.shape, strict=True)]
    candidates = (np.random.default_rng(2).random(places) < 0.3).astype(np.uint8)
    for array in (values, body, candidates):
        array.flags.writeable = False

    sums = sphere_sweep(values, body, candidates, stencil.table)

    assert len(sums) == candidates.sum() > 50
    expected = _naive(values, body, candidates, stencil.weights)
    np.testing.assert_allclose(sums, expected, rtol=1e-11, atol=1e-10)


def test_the_sums_equal_scipy_correlate() -> None:
    values, body = _inputs(3)
    weights = sphere_stencil(np.eye(3) * 3.0, 8.0).weights
    places = [n - w + 1 for n, w in zip(SHAPE, weights.shape, strict=True)]
    table = sphere_stencil(np.eye(3) * 3.0, 8.0).table

    sums = sphere_sweep(values, body, np.ones(places, np.uint8), table)

    half = tuple(slice(w // 2, w // 2 + p) for w, p in zip(weights.shape, places, strict=True))
    for column, field in enumerate((values, values**2, body)):
        theirs = ndimage.correlate(field, weights, mode="constant")[half]
        np.testing.assert_allclose(sums[:, column], theirs.ravel(), rtol=1e-11, atol=1e-10)
    highest = ndimage.maximum_filter(values, footprint=weights >= 0.5, mode="constant")[half]
    np.testing.assert_array_equal(sums[:, 3], highest.ravel())


def test_a_hot_neighbour_in_the_row_costs_no_digits() -> None:
    """Running sums pass over a tumour a million times hotter: the mean keeps 9 digits."""
    values = np.ones((9, 9, 40))
    values[:, :, 3] = 1e6
    stencil = sphere_stencil(np.eye(3) * 3.0, 12.0)
    places = tuple(n - w + 1 for n, w in zip(values.shape, stencil.weights.shape, strict=True))
    candidates = np.zeros(places, np.uint8)
    candidates[0, 0, 20:] = 1

    sums = sphere_sweep(values, values, candidates, stencil.table)

    np.testing.assert_allclose(sums[:, 0] / stencil.total, 1.0, rtol=1e-9)


def test_no_candidate_gives_no_row_and_repeats_are_the_same_bytes() -> None:
    values, body = _inputs(4)
    stencil = sphere_stencil(np.eye(3) * 3.0, 8.0)
    places = [n - w + 1 for n, w in zip(SHAPE, stencil.weights.shape, strict=True)]

    none = sphere_sweep(values, body, np.zeros(places, np.uint8), stencil.table)
    first = sphere_sweep(values, body, np.ones(places, np.uint8), stencil.table)
    again = sphere_sweep(values, body, np.ones(places, np.uint8), stencil.table)

    assert none.shape == (0, 4)
    assert first.tobytes() == again.tobytes()
