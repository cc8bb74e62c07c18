"""Simulated studies with known uptake, each with the intervals that the engine gives its ratios.

Each study: a liver, two muscles beside L2 and a tumour as analytic solids, blurred, made noisy by
Poisson counts, smoothed by a post-filter (so that noise is correlated), and measured as the engine
measures. The noise is not made by the model that the intervals assume: counts are drawn before the
filter. Level and width of the noise are estimated from each study, never told.

The truth of a ratio is that of the same image without noise: the tumour's value over the reference
at an admissible position drawn at random; for the interval under noise alone, at the chosen one.
In an even liver that is the tumour's value over the liver's uptake, wherever the sphere lies.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.domain.measurement import Measurement
from quant.domain.protocol import IntervalSettings, NoiseSource, StudyProtocol
from quant.domain.region import Region, Role
from quant.domain.sphere import PlacedSphere
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.measure.intervals import with_intervals
from quant.measure.noise.rows import under_noise
from quant.measure.positions import position_values
from quant.measure.ratios import RATIOS, measure_ratios
from quant.measure.spheres import measure_spheres
from quant.measure.uptake import measure_uptake
from quant.phantom.bodies.blur import blur_matrix
from quant.phantom.bodies.occupancy import occupancy
from quant.phantom.bodies.solids import Box, Cylinder, Ellipsoid
from quant.reference.placement import place_spheres
from quant.reference.stencil import sphere_stencil

SEED = 20260801
REPLICATES = 300
JUDGED = ("tmean_lmean", "tpeak_lmean", "tmean_mmean")
"""Ratios whose interval under placement and noise is judged. Those of maxima are shown."""

GEOMETRIES = 10
"""Studies share so many geometries, each with noise and contrast of its own."""

VOXEL_MM = 4.8
SHAPE = (30, 34, 52)
PSF_MM, FILTER_MM = 9.0, 7.0
"""Blur before the counts are drawn, and after."""

HALVINGS = 2
"""Voxels at a border are cut into 4 x 4 x 4 parts: an organ is what it is drawn as."""

COUNTS = 6.0
"""Expected counts in a voxel of liver before the filter: SD over mean about 12 % after it."""

UPTAKE = {"body": 8.0, "muscle": 14.0, "liver": 100.0}
UNEVEN_SD, UNEVEN_MM = 0.08, 45.0
"""Relative SD and width of slow unevenness in the liver, in the scenario of that name."""


@dataclass(frozen=True)
class Scene:
    """Regions on a grid, and how much of each voxel each tissue fills."""

    grid: Grid
    regions: tuple[Region, ...]
    fractions: dict[str, NDArray[np.float64]]


@cache
def scene(number: int) -> Scene:
    """Geometry of a number: places and sizes vary, nothing else."""
    random = np.random.default_rng([SEED, number])
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = VOXEL_MM
    affine[:3, 3] = random.uniform(-2.4, 2.4, 3) - VOXEL_MM * (np.array(SHAPE[::-1]) - 1) / 2
    affine[3, 3] = 1.0
    grid = Grid(SHAPE, affine, "1.2.3")
    size = random.uniform(0.92, 1.08)
    radius = (3000.0 * random.uniform(15.0, 60.0) / (4.0 * np.pi)) ** (1.0 / 3.0)
    stretch = random.uniform(0.8, 1.25)
    solids = {
        "liver": (Role.LIVER, Ellipsoid((-50.0, -20.0, 0.0), (68 * size, 56 * size, 62 * size))),
        "muscle_left": (Role.MUSCLE_LEFT, Cylinder((42.0, 55.0, 0.0), 22.0, 130.0)),
        "muscle_right": (Role.MUSCLE_RIGHT, Cylinder((-32.0, 58.0, 0.0), 22.0, 130.0)),
        "L2": (Role.VERTEBRA_L2, Box((5.0, 45.0, 0.0), (30.0, 30.0, 50.0))),
        "tumour": (
            Role.TUMOUR,
            Ellipsoid((72.0, -5.0, 5.0), (radius * stretch, radius, radius / stretch)),
        ),
    }
    fractions = {
        name: occupancy(solid, grid, levels=HALVINGS) for name, (_, solid) in solids.items()
    }
    regions = tuple(
        Region.from_full(grid, fractions[name].astype(np.float32), name, role)
        for name, (role, _) in solids.items()
    )
    return Scene(grid, regions, fractions)


@cache
def blurring(fwhm_mm: float, voxels: int) -> NDArray[np.float64]:
    """Matrix that blurs along an axis."""
    edges = VOXEL_MM * (np.arange(voxels + 1, dtype=np.float64) - 0.5)
    return blur_matrix(edges, edges, fwhm_mm)


def blurred(image: NDArray[np.float64], fwhm_mm: float) -> NDArray[np.float64]:
    """Blur an image along all axes (without BLAS: the same on any number of threads)."""
    for axis, voxels in enumerate(image.shape):
        lines = np.einsum("ts,sab->tab", blurring(fwhm_mm, voxels), np.moveaxis(image, axis, 0))
        image = np.moveaxis(lines, 0, axis)
    return np.ascontiguousarray(image)


def expected_counts(one: Scene, random: np.random.Generator, uneven: float) -> NDArray[np.float64]:
    """Make the expected counts of each voxel before the filter."""
    image = np.full(SHAPE, UPTAKE["body"])
    liver: NDArray[np.float64] | float = UPTAKE["liver"]
    if uneven > 0:
        texture = blurred(random.standard_normal(SHAPE), UNEVEN_MM)
        texture /= texture[one.fractions["liver"] > 0.99].std()
        liver = UPTAKE["liver"] * np.maximum(1.0 + uneven * texture, 0.2)
    tumour = UPTAKE["liver"] * random.uniform(1.5, 6.0)
    for name, uptake in (
        ("muscle_left", UPTAKE["muscle"]),
        ("muscle_right", UPTAKE["muscle"]),
        ("liver", liver),
        ("tumour", tumour),
    ):
        share = one.fractions[name]
        image = image * (1.0 - share) + uptake * share
    return np.maximum(blurred(image, PSF_MM), 0.0) * COUNTS / UPTAKE["liver"]


@dataclass(frozen=True)
class Judged:
    """An interval against its truth, both as parts of the truth."""

    held: bool
    off: float
    half_width: float


INTERVALS = ("placement", "noise", "both")
Study = dict[str, dict[str, Judged]]
"""By ratio, then by interval."""


def study(number: int, uneven: float = 0.0, replicates: int = REPLICATES) -> Study:
    """Simulate, measure and judge one study; the same number gives the same study."""
    random = np.random.default_rng([SEED, 1, number])
    one = scene(number % GEOMETRIES)
    counts = expected_counts(one, random, uneven)
    clean = Volume(one.grid, blurred(counts, FILTER_MM).astype(np.float32), Unit.COUNTS)
    noisy = blurred(random.poisson(counts).astype(np.float64), FILTER_MM)
    volume = Volume(one.grid, noisy.astype(np.float32), Unit.COUNTS)
    settings = IntervalSettings(noise=NoiseSource.BOOTSTRAP, replicates=replicates)
    protocol = StudyProtocol(name="coverage", intervals=settings)
    placed = place_spheres(volume, one.regions, (), protocol).placed
    rows = measured(volume, one, placed, protocol, number)
    tumour = next(region for region in one.regions if region.role is Role.TUMOUR)
    above = {row.name: float(row.value or 0.0) for row in measure_uptake(
        clean, tumour, protocol.uptake
    )}  # fmt: skip
    chosen, anywhere = truths(clean, placed, random)
    found: Study = {}
    for ratio in RATIOS:
        truth = above[ratio.tumour] / anywhere[ratio.reference]
        found[ratio.name] = {
            "placement": judged(rows[ratio.name], truth),
            "noise": judged(
                rows[f"{ratio.name}_noise"], above[ratio.tumour] / chosen[ratio.reference]
            ),
            "both": judged(rows[f"{ratio.name}_placement_noise"], truth),
        }
    return found


def measured(
    volume: Volume,
    one: Scene,
    placed: dict[Role, PlacedSphere],
    protocol: StudyProtocol,
    number: int,
) -> dict[str, Measurement]:
    """Measure a study's ratios as the engine does, with all their intervals."""
    settings = protocol.intervals
    positions = position_values(placed)
    references = with_intervals(measure_spheres(placed, {}, "counts"), positions, settings.coverage)
    tumour = next(region for region in one.regions if region.role is Role.TUMOUR)
    uptake = measure_uptake(volume, tumour, protocol.uptake)
    ratios = measure_ratios(uptake, references, positions, settings)
    rows = (*references, *uptake, *ratios)
    noise = under_noise(volume, one.regions, placed, protocol, rows, f"{SEED} {number}")
    return {row.name: row for row in (*rows, *noise)}


def judged(row: Measurement, truth: float) -> Judged:
    """Hold an interval against the truth."""
    if row.interval is None or row.value is None:
        return Judged(held=False, off=np.nan, half_width=np.nan)
    low, high = row.interval.low / truth, row.interval.high / truth
    return Judged(low <= 1.0 <= high, float(row.value) / truth - 1.0, (high - low) / 2.0)


def truths(
    clean: Volume, placed: dict[Role, PlacedSphere], random: np.random.Generator
) -> tuple[dict[str, float], dict[str, float]]:
    """Noise-free references at the chosen positions, and at admissible ones drawn at random."""
    chosen: dict[str, float] = {}
    anywhere: dict[str, float] = {}
    for role, one in placed.items():
        pick = clean.grid.to_mm(one.position_indices[int(random.integers(one.position_means.size))])
        for found, centre in ((chosen, np.array(one.sphere.centre_mm)), (anywhere, pick)):
            mean, maximum = sphere_values(clean, centre, one.sphere.radius_mm)
            found[f"{role}_mean"], found[f"{role}_max"] = mean, maximum
    for found in (chosen, anywhere):
        for what in ("mean", "max"):
            sides = found[f"muscle_left_{what}"] + found[f"muscle_right_{what}"]
            found[f"muscle_{what}"] = sides / 2.0
    return chosen, anywhere


def sphere_values(
    volume: Volume, centre_mm: NDArray[np.float64], radius_mm: float
) -> tuple[float, float]:
    """Mean and maximum of a sphere, which lies wholly in the volume."""
    grid = volume.grid
    index = grid.to_index(centre_mm)
    voxel = np.floor(index + 0.5).astype(int)
    stencil = sphere_stencil(grid.axes_mm, radius_mm, grid.axes_mm @ (index - voxel))
    first = voxel + np.array(stencil.lower)
    box = tuple(slice(a, a + n) for a, n in zip(first, stencil.weights.shape, strict=True))
    values = volume.values[box].astype(np.float64)
    mean = float((values * stencil.weights).sum() / stencil.total)
    return mean, float(values[stencil.weights >= 0.5].max())


def coverage(studies: list[Study], ratio: str, interval: str) -> float:
    """Part of the studies whose interval holds the truth."""
    return float(np.mean([one[ratio][interval].held for one in studies]))
