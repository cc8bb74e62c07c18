"""Reference spheres at all positions, and distances, against other ways to the same numbers.

``python benchmarks/sphere.py [--json FILE] [--once]`` prints one table per case, all contenders of
a table timed round by round in one run on one thread, in CPU time; ratios are to the first.
``--once`` adds the erosion of a CT, which takes a minute.

Ours takes a mask and a volume, finds every position at which the sphere lies wholly in the mask,
and gives mean, SD and maximum there. What each contender does:

- shared real FFT: float64, the sphere's transforms made beforehand. Containment by the transform
  of the mask, mean and SD by those of value and value squared; no maximum. On the mask's box as it
  is (no padding is needed where the sphere lies in the box), or padded as fftconvolve pads.
- shared real FFT, containment given: mean and SD only, on the tightest box: its best case.
- fftconvolve: two convolutions on the box and ``binary_erosion``; no maximum.
- correlate: two direct correlations on the box and ``binary_erosion``; no maximum.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from rows import Row, json_option, speed_rows, write_rows
from timing import as_lines, fastest_s

from quant.reference.stencil import Stencil, radius_of, sphere_stencil
from quant.reference.sweep import Sweep, swept
from quant_kernels.containment import wholly_inside
from quant_kernels.distance import distance_to_forbidden, distance_to_surface
from quant_kernels.spheres import sphere_sweep

Spacing = tuple[float, float, float]
Contenders = dict[str, Callable[[], object]]
Fields = tuple[NDArray[np.float64], NDArray[np.float64]]

LIVER_1_L = (46.0, 65.0, 80.0)
SPECT: Spacing = (3.0, 3.0, 3.0)
COARSE: Spacing = (4.8, 4.8, 4.8)
CT: Spacing = (1.5, 0.98, 0.98)
LEVEL = 50.0
RIM = 3
SIDE = 256


@dataclass(frozen=True)
class Case:
    """A mask (the 1 l ellipsoid in its box and a rim), noisy uptake, and a sphere."""

    mask: NDArray[np.bool_]
    values: NDArray[np.float32]
    stencil: Stencil

    @classmethod
    def of(cls, spacing: Spacing, volume_ml: float) -> "Case":
        """Make a case for voxels and a sphere of some size."""
        half = [int(np.ceil(a / s)) + RIM for a, s in zip(LIVER_1_L, spacing, strict=True)]
        k, j, i = np.ogrid[tuple(slice(-n, n + 1) for n in half)]
        places = zip((k, j, i), spacing, LIVER_1_L, strict=True)
        mask = sum((at * step / axis) ** 2 for at, step, axis in places) <= 1.0
        values = np.random.default_rng(1).poisson(LEVEL, mask.shape).astype(np.float32)
        return cls(mask, values, sphere_stencil(np.diag(spacing), radius_of(volume_ml)))

    @cached_property
    def box(self) -> tuple[slice, ...]:
        """The mask's box, which regions bring along."""
        return _box(self.mask)

    @property
    def half(self) -> list[int]:
        """Voxels from the sphere's middle to the end of its box."""
        return [n // 2 for n in self.stencil.weights.shape]

    def contained(self) -> NDArray[np.bool_]:
        """Find where the sphere touches nothing but the mask, in the box less its half."""
        assert self.stencil.table is not None
        full = np.ascontiguousarray(self.mask[self.box]).view(np.uint8)
        inner = tuple(slice(h, n - h) for h, n in zip(self.half, full.shape, strict=True))
        wanted = np.ascontiguousarray(full[inner])
        return wholly_inside(full, wanted, self.stencil.table).view(np.bool_)

    def ours(self) -> Sweep:
        """Containment, then mean, SD and maximum where the sphere is contained."""
        k, j, i = (one.start + h for one, h in zip(self.box, self.half, strict=True))
        return swept(self.values, None, ((k, j, i), self.contained()), self.stencil)

    def without_maximum(self) -> tuple[NDArray[np.bool_], "Fields"]:
        """Containment, then mean and SD where the sphere is contained: what the FFT gives."""
        assert self.stencil.table is not None
        contained = self.contained()
        tight = _box(contained)
        start = [one.start + b.start for one, b in zip(tight, self.box, strict=True)]
        size = [one.stop - one.start + 2 * h for one, h in zip(tight, self.half, strict=True)]
        block = self.values[tuple(slice(a, a + n) for a, n in zip(start, size, strict=True))]
        wanted = np.ascontiguousarray(contained[tight]).view(np.uint8)
        sums = sphere_sweep(
            np.ascontiguousarray(block), (LEVEL, np.inf), wanted, self.stencil.table, 2
        )
        return contained, _mean_and_sd(sums[:, 0], sums[:, 1], self.stencil.total)


def _box(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    used = [np.flatnonzero(mask.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    return tuple(slice(int(one[0]), int(one[-1]) + 1) for one in used)


def _mean_and_sd(first: NDArray[np.float64], second: NDArray[np.float64], total: float) -> Fields:
    mean = first / total
    return LEVEL + mean, np.sqrt(np.maximum(second / total - mean * mean, 0.0))


class SharedFFT:
    """Circular convolutions by real FFT in float64, one transform for each field."""

    def __init__(
        self, weights: NDArray[np.float64], shape: tuple[int, ...], padding: int = 0
    ) -> None:
        import scipy.fft

        self.fft = scipy.fft
        self.shape = shape
        whole = (n + padding * (w - 1) for n, w in zip(shape, weights.shape, strict=True))
        self.size = [scipy.fft.next_fast_len(n, real=True) for n in whole]
        self.weights = weights
        self.sphere = scipy.fft.rfftn(weights, self.size)
        self.support = scipy.fft.rfftn((weights > 0.0).astype(np.float64), self.size)

    def contained(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Where the sphere touches nothing but the mask."""
        count = int(np.count_nonzero(self.weights))
        return self._sums(mask.astype(np.float64), self.support) > count - 0.5

    def __call__(self, field: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weigh a field by the sphere at all positions at which it lies in the box."""
        return self._sums(field, self.sphere)

    def _sums(
        self, field: NDArray[np.float64], sphere: NDArray[np.complex128]
    ) -> NDArray[np.float64]:
        found = self.fft.irfftn(self.fft.rfftn(field, self.size) * sphere, self.size)
        inner = (slice(w - 1, n) for w, n in zip(self.weights.shape, self.shape, strict=True))
        sums: NDArray[np.float64] = found[tuple(inner)]
        return sums


def shared_fft(case: Case, fft: SharedFFT) -> tuple[NDArray[np.bool_], Fields]:
    """Containment, mean and SD on the mask's box."""
    contained = fft.contained(case.mask[case.box])
    block = case.values[case.box].astype(np.float64) - LEVEL
    first, second = fft(block)[contained], fft(block * block)[contained]
    return contained, _mean_and_sd(first, second, case.stencil.total)


def tight_fft(case: Case, contained: NDArray[np.bool_]) -> tuple[Callable[[], object], int]:
    """Mean and SD on the smallest box that holds all spheres; ``contained`` is over the volume."""
    half = [n // 2 for n in case.stencil.weights.shape]
    spheres = zip(_box(contained), half, strict=True)
    box = tuple(slice(one.start - h, one.stop + h) for one, h in spheres)
    inner = contained[_box(contained)]
    fft = SharedFFT(case.stencil.weights, case.values[box].shape)

    def call() -> Fields:
        block = case.values[box].astype(np.float64) - LEVEL
        return _mean_and_sd(fft(block)[inner], fft(block * block)[inner], case.stencil.total)

    return call, int(np.prod(case.values[box].shape))


def eroded(case: Case) -> NDArray[np.bool_]:
    """Containment by scipy.ndimage, over the mask's box."""
    from scipy.ndimage import binary_erosion

    found: NDArray[np.bool_] = binary_erosion(case.mask[case.box], case.stencil.weights > 0.0)
    return found


def convolved(case: Case) -> object:
    """Mean and SD by two convolutions of scipy.signal, over the mask's box."""
    from scipy.signal import fftconvolve

    block = case.values[case.box].astype(np.float64) - LEVEL
    first = fftconvolve(block, case.stencil.weights, "same")
    second = fftconvolve(block * block, case.stencil.weights, "same")
    return _mean_and_sd(first, second, case.stencil.total)


def correlated(case: Case) -> object:
    """Mean and SD by two direct correlations of scipy.ndimage, over the mask's box."""
    from scipy.ndimage import correlate

    block = case.values[case.box].astype(np.float64) - LEVEL
    first = correlate(block, case.stencil.weights, mode="constant")
    second = correlate(block * block, case.stencil.weights, mode="constant")
    return _mean_and_sd(first, second, case.stencil.total)


def differences(case: Case, sweep: Sweep, fft: SharedFFT) -> str:
    """Largest relative differences from the float64 FFT."""
    contained, (means, sds) = shared_fft(case, fft)
    if np.count_nonzero(contained) != sweep.size:
        raise AssertionError(f"{np.count_nonzero(contained)} positions for {sweep.size}")
    mean = float(np.abs(sweep.means / means - 1.0).max())
    sd = float(np.abs(sweep.sds / sds - 1.0).max())
    if max(mean, sd) > 1e-9:
        raise AssertionError(f"mean differs by {mean}, SD by {sd}")
    return f"largest difference from the FFT: mean {mean:.0e}, SD {sd:.0e} (relative)"


def positions(spacing: Spacing, volume_ml: float, *, once: bool, slow: bool) -> list[Row]:
    """All positions of one sphere in the 1 l ellipsoid."""
    case = Case.of(spacing, volume_ml)
    sweep = case.ours()
    contained = np.zeros(case.mask.shape, np.bool_)
    contained[tuple(sweep.indices.T)] = True
    shape = case.mask[case.box].shape
    fft, padded = SharedFFT(case.stencil.weights, shape), SharedFFT(case.stencil.weights, shape, 1)
    tight, _ = tight_fft(case, contained)
    size = f"{volume_ml:g} ml, {sweep.size} positions, {' x '.join(f'{s:g}' for s in spacing)} mm"
    contenders: Contenders = {
        "ours: containment, mean, SD": case.without_maximum,
        "ours: containment, mean, SD, maximum": case.ours,
        "scipy.fft: shared real FFT on the mask's box": lambda: shared_fft(case, fft),
        "scipy.fft: the same, padded as fftconvolve does": lambda: shared_fft(case, padded),
        "scipy.fft: mean and SD only, tightest box": tight,
        "numpy: copy of the values (floor)": case.values.copy,
    }
    if not slow:
        contenders["scipy: fftconvolve, binary_erosion"] = lambda: (eroded(case), convolved(case))
        contenders["scipy: correlate, binary_erosion"] = lambda: (eroded(case), correlated(case))
    times = fastest_s(contenders, 3 if slow else 9, clock=time.process_time)
    if slow and once:
        start = time.process_time()
        eroded(case)
        convolved(case)
        times["scipy: fftconvolve, binary_erosion (one round)"] = time.process_time() - start
    print("\n".join(as_lines(f"sphere of {size}", times)))  # noqa: T201
    print(f"  {differences(case, sweep, fft)}")  # noqa: T201
    floor = times["numpy: copy of the values (floor)"]
    return speed_rows("sphere at all positions", size, times, floor)


def stencils() -> list[Row]:
    """Weights of a sphere made anew, off the voxel's centre; and of one that is kept."""
    rows: list[Row] = []
    for spacing in (SPECT, COARSE, CT):
        axes, radius = np.diag(spacing), radius_of(30.0)
        volume = sphere_stencil(axes, radius, (0.1, 0.2, 0.3)).total * np.prod(spacing) / 1000.0
        times = fastest_s(
            {
                "ours: exact weights, made anew": lambda a=axes, r=radius: sphere_stencil(
                    a, r, (0.1, 0.2, 0.3)
                ),
                "ours: exact weights, kept": lambda a=axes, r=radius: sphere_stencil(a, r),
            }
        )
        size = f"30 ml, {' x '.join(f'{s:g}' for s in spacing)} mm"
        print("\n".join(as_lines(f"weights of a sphere of {size}", times)))  # noqa: T201
        print(f"  volume {volume:.12f} ml")  # noqa: T201
        rows += speed_rows("weights of a sphere", size, times)
    return rows


def distances(side: int) -> list[Row]:
    """Distance of every voxel of a cube to an ellipsoid's edge, on anisotropic voxels."""
    import SimpleITK
    from scipy.ndimage import distance_transform_edt

    spacing = np.array([3.0, 4.8, 4.8])
    k, j, i = (np.linspace(-1.0, 1.0, side) / a for a in (0.7, 0.9, 0.6))
    mask = k[:, None, None] ** 2 + j[:, None] ** 2 + i**2 < 1.0
    outside = np.ascontiguousarray(~mask).view(np.uint8)
    weights = mask.astype(np.float32)
    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing([4.8, 4.8, 3.0])
    maurer = SimpleITK.SignedMaurerDistanceMapImageFilter()
    maurer.UseImageSpacingOn()
    maurer.SquaredDistanceOff()
    maurer.SetNumberOfThreads(1)
    contenders: Contenders = {
        "ours: exact, voxel centres": lambda: distance_to_forbidden(outside, spacing, 0),
        "ours: exact, sub-voxel surface, both sides": lambda: distance_to_surface(
            weights, 0.5, spacing
        ),
        "SimpleITK: signed Maurer, one thread": lambda: maurer.Execute(image),
        "scipy: distance_transform_edt": lambda: distance_transform_edt(mask, sampling=spacing),
    }
    if find_spec("edt"):
        import edt

        contenders["edt: one thread"] = lambda: edt.edt(mask, anisotropy=tuple(spacing))
    times = fastest_s(contenders, 3, clock=time.process_time)
    size = f"{side}^3, 3 x 4.8 x 4.8 mm"
    print("\n".join(as_lines(f"distance transform, {size}", times)))  # noqa: T201
    theirs = distance_transform_edt(mask, sampling=spacing)
    worst = float(np.abs(distance_to_forbidden(outside, spacing, 0) - theirs).max())
    print(f"  largest difference from scipy: {worst:.0e} mm")  # noqa: T201
    return speed_rows("distance transform", size, times)


def main() -> None:
    """Print all tables."""
    parser = json_option(__doc__)
    parser.add_argument("--once", action="store_true", help="time the erosion of a CT as well")
    options = parser.parse_args()
    rows = [
        *positions(SPECT, 30.0, once=False, slow=False),
        *positions(SPECT, 10.0, once=False, slow=False),
        *positions(COARSE, 30.0, once=False, slow=False),
        *positions(CT, 30.0, once=options.once, slow=True),
        *stencils(),
        *distances(SIDE),
    ]
    write_rows(options.json, rows)


if __name__ == "__main__":
    main()
