"""The point spread against scipy on a fine grid, and what it must conserve."""

import numpy as np
import pytest
from scipy import ndimage, stats

from quant.domain.grid import Grid
from quant.phantom.bodies.blur import blur_matrix, gaussian_blur, resample_blurred, sigma_mm
from tests.support.geometry import grid


def _edges(first: float, step: float, count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return first + step * np.arange(count + 1, dtype=np.float64)


def test_sigma_halves_the_gaussian_at_half_the_width() -> None:
    sigma = sigma_mm(11.0)

    ratio = stats.norm.pdf(5.5, scale=sigma) / stats.norm.pdf(0.0, scale=sigma)

    assert ratio == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize("fwhm", [0.0, 0.7, 6.0, 40.0])
@pytest.mark.parametrize(("step", "count"), [(4.418, 30), (1.3, 90), (9.0, 8)])
def test_rows_sum_to_one_and_weights_are_never_negative(
    fwhm: float, step: float, count: int
) -> None:
    matrix = blur_matrix(_edges(-50.0, 3.0, 40), _edges(-55.0, step, count), fwhm)

    assert matrix.shape == (count, 40)
    assert matrix.sum(axis=1) == pytest.approx(1.0, abs=1e-12)
    assert matrix.min() >= -1e-12


def test_without_blur_the_weights_are_the_overlaps_of_the_boxes() -> None:
    """Targets of 4 on sources of 3, from the same edge: 3/4 and 1/4, 2/4 and 2/4, and so on."""
    matrix = blur_matrix(_edges(0.0, 3.0, 4), _edges(0.0, 4.0, 3), 0.0)

    assert matrix == pytest.approx(
        np.array([[0.75, 0.25, 0.0, 0.0], [0.0, 0.5, 0.5, 0.0], [0.0, 0.0, 0.25, 0.75]])
    )


def test_one_box_blurs_to_the_difference_of_two_error_functions() -> None:
    """In a thin target box the weight is the Gaussian's mass between the source's edges."""
    sigma = sigma_mm(8.0)
    matrix = blur_matrix(_edges(-9.0, 3.0, 6), np.array([0.399, 0.401]), 8.0)

    edges = _edges(-9.0, 3.0, 6)
    mass = np.diff(stats.norm.cdf(edges[1:-1], loc=0.4, scale=sigma))

    assert matrix[0, 1:-1] == pytest.approx(mass, abs=1e-8)


def test_blur_equals_scipy_on_a_grid_fine_against_the_point_spread() -> None:
    """0.5 mm voxels and 6 mm width: averaging over a voxel adds step^2 / 6 to the variance."""
    step, fwhm = 0.5, 6.0
    where = Grid((48, 56, 64), np.diag([0.0, 0.0, 0.0, 1.0]) + _permutation(step))
    random = np.random.default_rng(4)
    values = ndimage.uniform_filter(random.uniform(0.0, 100.0, where.shape), 5)
    values[:14], values[-14:], values[:, :14], values[:, -14:] = 0.0, 0.0, 0.0, 0.0
    values[:, :, :14], values[:, :, -14:] = 0.0, 0.0

    blurred = gaussian_blur(values, where, fwhm)
    sigma = np.sqrt(sigma_mm(fwhm) ** 2 + step**2 / 6.0) / step
    expected = ndimage.gaussian_filter(values, sigma, mode="nearest", truncate=8.0)

    assert blurred == pytest.approx(expected, abs=2e-4 * values.max())


def _permutation(step: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    matrix = np.zeros((4, 4))
    matrix[2, 0] = matrix[1, 1] = matrix[0, 2] = step
    return matrix


@pytest.mark.parametrize("geometry", ["axial", "head_to_feet", "anisotropic"])
def test_blur_conserves_the_total_and_the_centroid(geometry: str) -> None:
    """A point of uptake far from the edges keeps its sum and its place in the patient."""
    where = grid(geometry)
    values = np.zeros(where.shape)
    values[8, 14, 11] = 1000.0
    target = Grid((30, 30, 36), _turned_affine(3.5))

    blurred = resample_blurred(values, where, target, 7.0)

    total = blurred.sum() * target.voxel_volume_ml / where.voxel_volume_ml
    assert total == pytest.approx(1000.0, rel=1e-4)
    index = np.stack(np.meshgrid(*(np.arange(n) for n in target.shape), indexing="ij"), axis=-1)
    centroid = (target.to_mm(index) * blurred[..., None]).sum(axis=(0, 1, 2)) / blurred.sum()
    assert centroid == pytest.approx(where.to_mm((8, 14, 11)), abs=0.02)


def _turned_affine(step: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Affine of a centred grid whose slices run to the feet and whose rows run to the right."""
    affine = np.eye(4)
    affine[:3, :3] = np.array([[0, 0, -step], [0, step, 0], [-step, 0, 0]])
    affine[:3, 3] = -affine[:3, :3] @ ((np.array([30, 30, 36]) - 1) / 2.0)
    return affine


def test_uniform_uptake_stays_uniform_to_the_edge_and_beyond() -> None:
    where = grid("axial")

    blurred = gaussian_blur(np.full(where.shape, 42.0), where, 15.0)

    assert blurred == pytest.approx(42.0, rel=1e-12)


def test_grids_that_do_not_run_along_the_patient_are_refused() -> None:
    for geometry in ("oblique", "coronal"):
        where = grid(geometry)
        with pytest.raises(ValueError, match="axes must run along"):
            gaussian_blur(np.zeros(where.shape), where, 5.0)
