"""The sweep as the search sees it, against plain loops: bodies, borders, hot voxels, bad voxels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from quant.errors import StudyError
from quant.reference.stencil import Stencil, sphere_stencil
from quant.reference.sweep import Sweep, sweep_table, swept
from tests.support.geometry import AFFINES

SHAPE = (17, 19, 22)


def _body(seed: int, shape: tuple[int, ...] = SHAPE) -> NDArray[np.float32]:
    """Make smooth blobs with fractional rims and a core of full weight."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), 3.0)
    return np.asarray(np.clip(noise / noise.std() * 3.0 + 1.5, 0.0, 1.0), dtype=np.float32)


def _naive(
    values: NDArray[np.float32],
    body: NDArray[np.float32] | None,
    indices: NDArray[np.int64],
    stencil: Stencil,
) -> NDArray[np.float64]:
    """Mean, SD, maximum and fraction inside, voxel by voxel; beyond the volume nothing counts."""
    rows = []
    offsets = np.argwhere(stencil.weights > 0.0)
    weights = stencil.weights[tuple(offsets.T)]
    for centre in indices:
        at = offsets + centre + np.array(stencil.lower)
        here = ((at >= 0) & (at < values.shape)).all(axis=1)
        k, j, i = at[here].T
        inner, part = values[k, j, i].astype(np.float64), weights[here]
        mean = (part * inner).sum() / part.sum()
        sd = np.sqrt((part * (inner - mean) ** 2).sum() / part.sum())
        half = part >= 0.5
        top = inner[half].max() if half.any() else -np.inf
        inside = part.sum() if body is None else (part * body[k, j, i]).sum()
        rows.append([mean, sd, top, inside / stencil.total])
    return np.array(rows)


def _columns(sweep: Sweep) -> NDArray[np.float64]:
    return np.stack([sweep.means, sweep.sds, sweep.maxima, sweep.inside], axis=1)


@pytest.mark.parametrize("name", AFFINES)
@pytest.mark.parametrize("share", [0.02, 1.0])
def test_every_position_equals_a_plain_loop_on_every_grid(name: str, share: float) -> None:
    """Few positions and all of them: some wholly inside the body, some half, some outside."""
    rng = np.random.default_rng(4)
    values = rng.gamma(3.0, size=SHAPE).astype(np.float32)
    axes = AFFINES[name][:3, :3]
    stencil = sphere_stencil(axes, 2.2 * float(np.linalg.norm(axes, axis=0).min()))
    candidates = np.zeros(SHAPE, np.bool_)
    candidates[4:13, 5:14, 4:18] = rng.random((9, 9, 14)) < share
    body = _body(1)

    sweep = swept(values, ((0, 0, 0), body), ((0, 0, 0), candidates), stencil)

    np.testing.assert_array_equal(sweep.indices, np.argwhere(candidates))
    expected = _naive(values, body, sweep.indices, stencil)
    np.testing.assert_allclose(_columns(sweep), expected, rtol=1e-9, atol=1e-9)
    assert sweep.inside.max() > 0.9
    assert sweep.inside.min() < 0.5
    assert share < 1.0 or sweep.inside.max() == 1.0


@pytest.mark.parametrize("offset", [(0.0, 0.0, 0.0), (1.1, -0.9, 0.4)])
def test_beyond_the_volume_nothing_counts_and_nothing_is_the_largest(
    offset: tuple[float, float, float],
) -> None:
    """All values are negative: a padded zero would be the maximum, and would raise the mean."""
    values = -1.0 - np.random.default_rng(2).random((6, 7, 8)).astype(np.float32)
    stencil = sphere_stencil(np.diag([3.0, 3.0, 4.0]), 8.5, offset)
    everywhere = np.ones(values.shape, np.bool_)

    alone = swept(values, None, ((0, 0, 0), everywhere), stencil)
    body = _body(3, values.shape)
    with_body = swept(values, ((0, 0, 0), body), ((0, 0, 0), everywhere), stencil)

    expected = _naive(values, None, alone.indices, stencil)
    np.testing.assert_allclose(_columns(alone), expected, rtol=1e-9, atol=1e-9)
    assert alone.inside.min() < 0.5
    expected = _naive(values, body, alone.indices, stencil)
    np.testing.assert_allclose(_columns(with_body), expected, rtol=1e-9, atol=1e-9)


def test_positions_in_full_voxels_are_inside_exactly() -> None:
    body = np.zeros(SHAPE, np.float32)
    body[1:-1, 1:-1, 1:-1] = 1.0 - 3e-7
    candidates = np.zeros(SHAPE, np.bool_)
    candidates[2:-2, 2:-2, 2:-2] = True
    stencil = sphere_stencil(np.eye(3) * 3.0, 7.4)

    sweep = swept(np.ones(SHAPE, np.float32), ((0, 0, 0), body), ((0, 0, 0), candidates), stencil)

    wholly = ((sweep.indices >= 3) & (sweep.indices < np.array(SHAPE) - 3)).all(axis=1)
    assert (sweep.inside[wholly] == 1.0).all()
    assert sweep.inside[~wholly].max() < 1.0


@settings(max_examples=40, deadline=None)
@given(
    spacing=st.tuples(*[st.floats(1.0, 6.0)] * 3),
    radius=st.floats(0.5, 9.0),
    hot=st.floats(1e3, 1e6),
    count=st.integers(0, 12),
    level=st.sampled_from([1.0, -30.0, 0.0]),
    seed=st.integers(0, 99),
)
def test_hot_voxels_cost_no_digits_anywhere(
    spacing: tuple[float, float, float],
    radius: float,
    hot: float,
    count: int,
    level: float,
    seed: int,
) -> None:
    """Voxels 10^3 to 10^6 times the others: mean and SD of every sphere keep nine digits."""
    rng = np.random.default_rng(seed)
    stencil = sphere_stencil(np.diag(spacing), radius)
    shape = tuple(n + 5 for n in stencil.weights.shape)
    values = rng.normal(level, 0.1, shape).astype(np.float32)
    values.ravel()[rng.integers(0, values.size, count)] = hot
    candidates = np.zeros(shape, np.bool_)
    candidates[tuple(slice(n // 2, n // 2 + 6) for n in stencil.weights.shape)] = True

    sweep = swept(values, None, ((0, 0, 0), candidates), stencil)

    expected = _naive(values, None, sweep.indices, stencil)
    scale = np.abs(expected[:, 0]) + expected[:, 1] + 0.1
    assert (np.abs(sweep.means - expected[:, 0]) <= 1e-9 * scale).all()
    # the SD of a sphere about as small as a voxel is the square root of a difference of rounding
    slack = 1e-9 if radius > 1.5 * max(spacing) else 1e-6
    assert (np.abs(sweep.sds - expected[:, 1]) <= slack * scale).all()
    np.testing.assert_array_equal(sweep.maxima, expected[:, 2])


def test_many_hot_voxels_are_summed_with_the_others() -> None:
    """A third of the voxels 10^4 times hotter: too many to be taken apart, right all the same."""
    rng = np.random.default_rng(0)
    values = rng.normal(1.0, 0.1, SHAPE).astype(np.float32)
    values[:, :, 15:] = 1e4
    candidates = np.zeros(SHAPE, np.bool_)
    candidates[5:10, 5:10, 5:14] = True
    stencil = sphere_stencil(np.eye(3) * 3.0, 8.0)

    sweep = swept(values, None, ((0, 0, 0), candidates), stencil)

    expected = _naive(values, None, sweep.indices, stencil)
    np.testing.assert_allclose(_columns(sweep), expected, rtol=1e-7)


def test_the_order_of_the_axes_in_memory_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    values = rng.gamma(3.0, size=SHAPE).astype(np.float32)
    candidates = rng.random((5, 5, 6)) < 0.5
    body = _body(5)
    stencil = sphere_stencil(np.eye(3) * 3.0, 7.0)
    plain = swept(values, ((0, 0, 0), body), ((5, 6, 7), candidates), stencil)

    values, body = np.asfortranarray(values), np.asfortranarray(body)
    candidates = np.asfortranarray(candidates)
    for array in (values, body, candidates):
        array.flags.writeable = False
    same = swept(values, ((0, 0, 0), body), ((5, 6, 7), candidates), stencil)

    assert _columns(plain).tobytes() == _columns(same).tobytes()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_voxels_that_are_not_finite_are_refused_by_code(bad: float) -> None:
    values = np.ones(SHAPE, np.float32)
    values[8, 9, 13] = bad
    candidates = np.zeros(SHAPE, np.bool_)
    candidates[8, 9, 10] = True
    stencil = sphere_stencil(np.eye(3) * 3.0, 9.5)

    with pytest.raises(StudyError, match="VALUES_NOT_FINITE"):
        swept(values, None, ((0, 0, 0), candidates), stencil)
    candidates[8, 9, 10], candidates[8, 9, 4] = False, True
    assert swept(values, None, ((0, 0, 0), candidates), stencil).means == pytest.approx(1.0)


def test_no_candidate_gives_an_empty_sweep() -> None:
    stencil = sphere_stencil(np.eye(3), 2.0)

    sweep = swept(np.ones(SHAPE, np.float32), None, ((0, 0, 0), np.zeros(SHAPE, np.bool_)), stencil)

    assert sweep.size == 0
    assert sweep.indices.shape == (0, 3)


def test_a_sphere_larger_than_the_whole_volume_sees_the_volume() -> None:
    values = np.random.default_rng(1).random((3, 4, 5)).astype(np.float32)
    stencil = sphere_stencil(np.eye(3), 40.0)

    sweep = swept(values, None, ((0, 0, 0), np.ones(values.shape, np.bool_)), stencil)

    np.testing.assert_allclose(sweep.means, values.mean(), rtol=1e-6)
    np.testing.assert_allclose(sweep.sds, values.std(), rtol=1e-6)
    np.testing.assert_allclose(sweep.inside, 60.0 / stencil.total, rtol=1e-9)


def test_a_lopsided_stencil_has_no_folded_form() -> None:
    weights = sphere_stencil(np.eye(3), 2.0).weights.copy()
    assert sweep_table(weights) is not None
    weights[0, 0, 0] = 0.5
    assert sweep_table(weights) is None
    assert sweep_table(np.ones((2, 3, 3))) is None
