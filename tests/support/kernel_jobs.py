"""Every measuring function that calls a kernel, once, on small arrays that are the same each time.

``python -m tests.support.kernel_jobs FILE.npz`` writes all results, for processes under another
setting of the compiler or of threads.
"""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.protocol import MorphologySettings, PeakRule, StudyProtocol, UptakeSettings
from quant.domain.region import RasterRule, Region, Role
from quant.domain.shapes import ContourShape, LabelShape
from quant.domain.units import Unit
from quant.domain.volume import Volume

Numbers = NDArray[np.float64]

SPACING_MM = (4.0, 5.0, 6.0)
SHAPE = (13, 12, 14)


def grid() -> Grid:
    """Return a small anisotropic grid."""
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2] = SPACING_MM
    affine[3, 3] = 1.0
    return Grid(SHAPE, affine, "1.2.3")


def weights() -> NDArray[np.float32]:
    """Return a lobed body with a soft edge and a cavity, which touches the border."""
    k, j, i = np.indices(SHAPE)
    main = 5.2 - np.sqrt((k - 6.2) ** 2 + (j - 5.4) ** 2 + ((i - 7.3) / 1.2) ** 2)
    lobe = 2.6 - np.sqrt((k - 1.0) ** 2 + (j - 3.3) ** 2 + (i - 5.0) ** 2)
    cavity = np.sqrt((k - 6.0) ** 2 + (j - 6.0) ** 2 + (i - 8.0) ** 2) - 1.3
    body = np.minimum(np.maximum(main, lobe), cavity)
    soft: NDArray[np.float32] = np.clip(body + 0.5, 0.0, 1.0).astype(np.float32)
    return soft


def mask() -> NDArray[np.uint8]:
    """Return the same body as a mask."""
    return (weights() >= 0.5).astype(np.uint8)


def labels() -> NDArray[np.uint16]:
    """Return a label map of eight labels, noisy where they meet."""
    rng = np.random.default_rng(3)
    k, j, i = np.indices(SHAPE)
    blocks = 1 + (k > 5) + 2 * (j > 6) + 4 * (i > 6)
    noisy = np.where(rng.random(SHAPE) < 0.2, rng.integers(0, 9, SHAPE), blocks)
    return np.where(mask() == 1, noisy, 0).astype(np.uint16)


def volume() -> Volume:
    """Return noisy uptake with a hot spot."""
    rng = np.random.default_rng(5)
    values = 50.0 + 20.0 * weights() + rng.normal(0.0, 4.0, SHAPE)
    values[9, 3, 4] += 80.0
    return Volume(grid(), values.astype(np.float32), Unit.RELATIVE)


def region(role: Role = Role.TUMOUR) -> Region:
    """Return the body as a region."""
    return Region.from_full(grid(), weights(), "body", role)


def _flat(*arrays: object) -> Numbers:
    return np.concatenate([np.asarray(one, dtype=np.float64).ravel() for one in arrays])


def _surface() -> Numbers:
    from quant.measure.shape.surface import measure_surface

    return _flat(astuple(measure_surface(mask(), SPACING_MM)))


def _one_label() -> Numbers:
    from quant.measure.shape.surface import measure_surface

    return _flat(astuple(measure_surface(labels(), SPACING_MM, label=3)))


def _label_surfaces() -> Numbers:
    from quant.measure.shape.surface import measure_label_surfaces

    found = measure_label_surfaces(labels(), SPACING_MM)
    return _flat(list(found), *(astuple(one) for one in found.values()))


def _isosurface() -> Numbers:
    from quant.measure.shape.surface import isosurface_area_volume

    return _flat(isosurface_area_volume(volume().values, 60.0, SPACING_MM))


def _meshes() -> Numbers:
    from quant.mesh.build import isosurface_mesh, region_mesh

    return _flat(*region_mesh(region()), *isosurface_mesh(volume().values, grid(), 60.0))


def _diameter() -> Numbers:
    from quant.measure.shape.surface import max_diameter_mm

    return _flat(max_diameter_mm(mask(), SPACING_MM))


def _parts() -> Numbers:
    from quant.measure.shape.surface import count_parts

    return _flat(count_parts(mask()), count_parts((labels() == 2).astype(np.uint8)))


def _label_statistics() -> Numbers:
    from quant.measure.statistics import measure_label_peaks, measure_label_statistics

    found = measure_label_statistics(labels(), volume(), (10.0, 50.0, 90.0))
    numbers = _flat(found.labels, found.means, found.sds, found.minima, found.percentiles)
    return _flat(numbers, *measure_label_peaks(labels(), volume(), found, 1.0, PeakRule.FRACTIONAL))


def _region_statistics() -> Numbers:
    from quant.measure.intensity import measure_intensity
    from quant.measure.uptake import measure_uptake

    rows = measure_uptake(volume(), region(), UptakeSettings())
    rows += measure_intensity(volume(), region(), None)
    return _flat([np.nan if row.value is None else row.value for row in rows])


def _sweep() -> Numbers:
    from quant.reference.stencil import sphere_stencil
    from quant.reference.sweep import swept

    found: list[object] = []
    for offset in ((0.0, 0.0, 0.0), (0.7, -1.1, 0.4)):  # folded table, and voxel by voxel
        stencil = sphere_stencil(grid().axes_mm, 11.0, offset)
        for body in (None, ((0, 0, 0), weights())):
            one = swept(volume().values, body, ((0, 0, 0), mask() == 1), stencil)
            found += [one.indices, one.means, one.sds, one.maxima, one.inside]
    values = volume().values.copy()
    values[9, 3, 4] = 1e7  # so far from the others that it is added by itself
    stencil = sphere_stencil(grid().axes_mm, 11.0)
    far = swept(values, None, ((0, 0, 0), mask() == 1), stencil)
    return _flat(*found, far.means, far.sds)


def _distances() -> Numbers:
    from quant.reference.screen import focus_distance
    from quant.reference.walls import surface_distance

    box = ((0, 0, 0), SHAPE)
    focus = focus_distance(grid(), volume().values, box, 100.0, 40.0)
    return _flat(surface_distance(grid(), weights()), focus)


def _placement() -> Numbers:
    from quant.reference.placement import place_spheres

    found = place_spheres(volume(), (region(Role.LIVER),), (), StudyProtocol(name="any"))
    rows = [
        (*one.sphere.centre_mm, one.statistics.mean, one.statistics.sd)
        for one in found.placed.values()
    ]
    return _flat(rows)


def _axes(askew: bool) -> Numbers:  # noqa: FBT001
    turn = np.array([[1.0, 0.0, 0.0], [0.0, 0.96, -0.28], [0.0, 0.28, 0.96]])
    return turn if askew else np.eye(3)


def _contours() -> Numbers:
    from quant.regions.rasterise import rasterise

    angle = np.linspace(0.0, 2.0 * np.pi, 9, endpoint=False)
    middle = np.array([38.0, 27.0, 24.0])
    found = []
    for askew in (False, True):
        rings = [
            np.stack([shift + 9.0 * np.cos(angle), 9.0 * np.sin(angle), np.full(9, z)], axis=1)
            for z in (-4.0, 0.0, 4.0)
            for shift in (-4.0, 4.0)
        ]
        shape = ContourShape("two", tuple(one @ _axes(askew) + middle for one in rings), "1.2.3")
        found += [rasterise(shape, grid(), rule)[0].full_weights() for rule in RasterRule]
    return _flat(*found)


def _label_maps() -> Numbers:
    from quant.regions.rasterise import rasterise

    found = []
    for askew in (False, True):
        affine = np.eye(4)
        affine[:3, :3] = 3.1 * _axes(askew)
        affine[:3, 3] = (30.0, 15.0, 12.0)
        block = np.zeros((6, 7, 5), dtype=np.uint8)
        block[1:5, 1:6, 1:4] = 1
        shape = LabelShape("block", Grid(block.shape, affine, "1.2.3"), block, "1.2.3")
        found += [rasterise(shape, grid(), rule)[0].full_weights() for rule in RasterRule]
    return _flat(*found)


def _label_boxes() -> Numbers:
    from quant_kernels.overlap import label_boxes

    boxes = np.zeros((9, 7), dtype=np.int64)
    boxes[:, :3] = 1 << 40
    label_boxes(labels().astype(np.int32), 0, boxes)
    return _flat(boxes)


def _morphology() -> Numbers:
    from quant.measure.shape.morphology import measure_morphology

    rows = measure_morphology(region(), MorphologySettings(grid_mm=4.5))
    return _flat([np.nan if row.value is None else row.value for row in rows])


def _passport() -> Numbers:
    from quant.measure.passport.passport import measure_passport
    from quant.measure.passport.rows import passport_rows

    rows = passport_rows(measure_passport(volume(), region(), MorphologySettings()))
    return _flat([np.nan if row.value is None else row.value for row in rows])


def _resampled() -> Numbers:
    from quant.measure.resample import resample_linear

    affine = np.eye(4)
    affine[:3, :3] = 3.1 * _axes(True)  # noqa: FBT003
    affine[:3, 3] = (20.0, 10.0, 8.0)
    return _flat(resample_linear(volume(), Grid((9, 10, 11), affine, ""), outside=-1.0).values)


JOBS: dict[str, Callable[[], Numbers]] = {
    "surface of a mask": _surface,
    "surface of one label": _one_label,
    "surfaces of all labels": _label_surfaces,
    "isosurface": _isosurface,
    "meshes": _meshes,
    "diameter": _diameter,
    "parts and cavities": _parts,
    "statistics of all labels": _label_statistics,
    "statistics of a region": _region_statistics,
    "sphere at all positions": _sweep,
    "distances": _distances,
    "reference spheres": _placement,
    "contours": _contours,
    "label maps": _label_maps,
    "boxes of labels": _label_boxes,
    "morphology on another grid": _morphology,
    "asphericity passport": _passport,
    "volume on another grid": _resampled,
}


def all_results() -> dict[str, Numbers]:
    """Do every job once."""
    return {name: job() for name, job in JOBS.items()}


def results_of_threads(threads: int) -> list[dict[str, Numbers]]:
    """Do every job in several threads at once (kernels release the lock)."""
    with ThreadPoolExecutor(threads) as pool:
        return [one.result() for one in [pool.submit(all_results) for _ in range(threads)]]


def main() -> None:
    """Write all results."""
    np.savez(sys.argv[1], **all_results())  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
