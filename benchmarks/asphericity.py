"""What one estimator's asphericity means under another, and what blur and noise do to each.

Prints the accuracy of every estimator on solids (as ``accuracy.py``), then three studies:

- translation: shapes of three families, each made rougher step by step; where one estimator reads
  0.34, what do the others read, and what is the truth?
- resolution: solids blurred and segmented again at the level that keeps their volume;
- noise: blurred solids with noise, segmented at 42 % of the maximum.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from accuracy import (
    SIZES_ML,
    TARGET_VOXELS,
    Row,
    broken_bands,
    measured_rows,
    table,
    voxel_table,
    write_json,
)
from bodies import (
    KINDS,
    Maker,
    Spacing,
    dumbbell,
    lobed,
    prolate,
    read,
    shape_of,
    solid,
    weights_of,
)
from numpy.typing import NDArray

from quant.measure.passport.estimators import NAMES
from quant.measure.passport.floor import SIGMA_PER_FWHM, brightest
from quant.measure.shape.isosurfaces import gaussian_smoothed

SEED = 20251121
CUT_OFF = 0.34
"""The cut-off of the seed paper (0.342), found on hand-drawn regions of 3 mm voxels."""

FAMILIES: dict[str, tuple[Maker, ...]] = {
    "prolate ellipsoid": tuple(prolate(ratio) for ratio in (1.0, 2.0, 3.0, 4.0, 5.5, 8.0)),
    "dumbbell": tuple(dumbbell(half) for half in (1.05, 1.3, 1.7, 2.3, 3.2)),
    "six lobes": tuple(lobed(reach) for reach in (0.3, 0.7, 0.95, 1.15, 1.3, 1.4)),
}
VOXELS_MM: tuple[Spacing, ...] = ((3.0, 3.0, 3.0), (4.8, 4.8, 4.8))
TRANSLATED_ML = (10.0, 50.0, 200.0)
POSES = 2

BLURRED = ("ball", "ellipsoid 4:2:1", "dumbbell", "lobulated")
FWHM_MM = (0.0, 7.0, 10.0, 13.0)
BLURRED_ML = 40.0

NOISE = (0.0, 0.1, 0.2)
"""SD over mean of the plateau; the noise is as smooth as an image of 8 mm."""
NOISE_FWHM_MM = 8.0
NOISY_PSF_MM = 10.0
THRESHOLD = 0.42
NOISY_SEEDS = 6

TRUTH = "truth"
READ = tuple(name for name in NAMES if name != "weights_isosurface")
"""Of regions that thresholds make: they have no fractions."""


def translation(rng: np.random.Generator) -> dict[str, dict[str, list[float]]]:
    """Collect what every estimator reads where one reads the cut-off, over families and sizes.

    Returns
    -------
    dict of str to dict of str to list of float
        By the estimator that reads the cut-off, then by the other; a value per family, size and
        voxel that reaches the cut-off.
    """
    names = (TRUTH, *NAMES)
    found: dict[str, dict[str, list[float]]] = {a: {b: [] for b in names} for a in names}
    for makers in FAMILIES.values():
        for volume_ml in TRANSLATED_ML:
            for spacing in VOXELS_MM:
                curve = np.array([_point(maker, volume_ml, spacing, rng) for maker in makers])
                for row, name in enumerate(names):
                    place = _crossing(curve[:, row])
                    if place is None:
                        continue
                    for column, other in enumerate(names):
                        steps = np.arange(len(curve))
                        found[name][other].append(float(np.interp(place, steps, curve[:, column])))
    return found


def _point(
    maker: Maker, volume_ml: float, spacing: Spacing, rng: np.random.Generator
) -> list[float]:
    """Truth and mean reading of every estimator over poses."""
    readings, truth = [], 0.0
    for _ in range(POSES):
        one = solid(maker, volume_ml, rng)
        truth = one.asphericity
        found = read(shape_of(weights_of(one, spacing), spacing))
        readings.append([found[name][2] for name in NAMES])
    return [truth, *np.mean(readings, axis=0)]


def _crossing(values: NDArray[np.float64]) -> float | None:
    """Step, with a fraction, at which a curve first comes to the cut-off from below."""
    for step in range(len(values) - 1):
        if values[step] < CUT_OFF <= values[step + 1]:
            return step + float((CUT_OFF - values[step]) / (values[step + 1] - values[step]))
    return None


def translation_table(found: dict[str, dict[str, list[float]]]) -> list[str]:
    """Mean (least to greatest) reading of each estimator, as lines of Markdown."""
    lines = [
        f"| reads {CUT_OFF} | cases | " + " | ".join(found) + " |",
        "| --- | --- |" + " --- |" * len(found),
    ]
    for name, others in found.items():
        count = len(others[name])
        cells = [
            f"{np.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})" if values else "never"
            for values in others.values()
        ]
        lines.append(f"| {name} | {count} | " + " | ".join(cells) + " |")
    return lines


def resolution_table(rng: np.random.Generator) -> list[str]:
    """Asphericity of solids blurred and segmented again, as lines of Markdown."""
    lines = [
        "| solid | voxel, mm | FWHM, mm | truth | " + " | ".join(READ) + " |",
        "| --- | --- | --- | --- |" + " --- |" * len(READ),
    ]
    for kind in BLURRED:
        for spacing in VOXELS_MM:
            bodies = [solid(KINDS[kind], BLURRED_ML, rng) for _ in range(POSES)]
            fields = [weights_of(one, spacing) for one in bodies]
            for fwhm in FWHM_MM:
                readings = []
                for field in fields:
                    blurred = _blurred(field, spacing, fwhm)
                    mask = brightest(blurred, round(float(field.sum()))).astype(np.float64)
                    found = read(shape_of(mask, spacing))
                    readings.append([found[name][2] for name in READ])
                cells = " | ".join(f"{value:.3f}" for value in np.mean(readings, axis=0))
                truth = bodies[0].asphericity
                lines.append(f"| {kind} | {spacing[0]:g} | {fwhm:g} | {truth:.3f} | {cells} |")
    return lines


def noise_table(rng: np.random.Generator) -> list[str]:
    """Error of asphericity of noisy threshold regions, mean and SD, as lines of Markdown."""
    lines = [
        "| solid | voxel, mm | noise | volume | " + " | ".join(READ) + " |",
        "| --- | --- | --- | --- |" + " --- |" * len(READ),
    ]
    for kind in ("ball", "lobulated"):
        for spacing in VOXELS_MM:
            for level in NOISE:
                errors = np.array(
                    [_noisy(kind, spacing, level, rng) for _ in range(NOISY_SEEDS)], dtype=float
                )
                pairs = zip(errors.mean(axis=0), errors.std(axis=0), strict=True)
                cells = " | ".join(f"{mean:+.3f} ± {sd:.3f}" for mean, sd in pairs)
                lines.append(f"| {kind} | {spacing[0]:g} | {level:.0%} | {cells} |")
    return lines


def _noisy(kind: str, spacing: Spacing, level: float, rng: np.random.Generator) -> list[float]:
    """Relative error of volume, then error of asphericity by every estimator, of one image."""
    from quant_kernels.components import connected_part

    one = solid(KINDS[kind], BLURRED_ML, rng)
    image = _blurred(weights_of(one, spacing), spacing, NOISY_PSF_MM)
    grain = _blurred(rng.normal(size=image.shape), spacing, NOISE_FWHM_MM)
    cut = tuple(slice((g - s) // 2, (g - s) // 2 + s) for g, s in
                zip(grain.shape, image.shape, strict=True))  # fmt: skip
    image += level * (grain / grain[cut].std())[cut] * np.sqrt(np.maximum(image, 0.0))
    peak = np.unravel_index(int(np.argmax(image)), image.shape)
    mask = np.ascontiguousarray(image >= THRESHOLD * image.max()).view(np.uint8)
    part = connected_part(mask, int(peak[0]), int(peak[1]), int(peak[2])).astype(np.float64)
    found = read(shape_of(part, spacing))
    volume = float(part.sum()) * float(np.prod(spacing)) / 1000.0 / one.volume_ml - 1.0
    return [volume, *(found[name][2] - one.asphericity for name in READ)]


def _blurred(field: NDArray[np.float64], spacing: Spacing, fwhm: float) -> NDArray[np.float64]:
    k, j, i = (fwhm * SIGMA_PER_FWHM / step for step in spacing)
    return gaussian_smoothed(field, (k, j, i))


def studies(rows: list[Row]) -> dict[str, list[str]]:
    """Every table by its title, in order."""
    rng = np.random.default_rng(SEED)
    title = f"Error of asphericity, mean ± SD over {len(SIZES_ML)} sizes' voxels and poses"
    tables = {title: table(rows, KINDS)}
    for kind in ("ball", "ellipsoid 2:1:1"):
        for rule in ("fractional", "centre"):
            tables[f"The same by voxel: {kind}, {rule} region"] = voxel_table(rows, kind, rule)
    tables["Relative error of volume"] = table(rows, KINDS, "volume")
    tables[f"Where one estimator reads {CUT_OFF}: what the others read"] = translation_table(
        translation(rng)
    )
    tables[f"Resolution: {BLURRED_ML:g} ml blurred, segmented at its volume"] = resolution_table(
        rng
    )
    tables[
        f"Noise: {BLURRED_ML:g} ml blurred by {NOISY_PSF_MM:g} mm, threshold {THRESHOLD:.0%}, "
        "error of volume and asphericity"
    ] = noise_table(rng)
    return tables


def document(tables: dict[str, list[str]], path: Path) -> None:
    """Put the short tables between the marks of a page."""
    text = path.read_text(encoding="utf-8")
    begin, end = "<!-- tables: benchmarks/asphericity.py --docs -->", "<!-- end of tables -->"
    short = [
        "\n".join(["", f"### {title}", "", *_short(lines)])
        for title, lines in tables.items()
        if "by voxel: ellipsoid" not in title and "centre region" not in title
    ]
    head, rest = text.split(begin)
    tail = rest.split(end)[1]
    path.write_text(f"{head}{begin}\n" + "\n".join(short) + f"\n\n{end}{tail}", encoding="utf-8")


LEFT_OUT = ("| 1 |", "| 60 |", "2x2x2", "5.2x4.1x3.3", "| 3 | 7 |", "| 4.8 | 7 |", "| 10 |")
"""Sizes, voxels and resolutions that the page need not show."""


def _short(lines: list[str]) -> list[str]:
    """Leave out some of the rows."""
    return [line for line in lines if not any(mark in line for mark in LEFT_OUT)]


def main() -> None:
    """Print all tables; exit 1 when an accuracy leaves its band."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the accuracy rows to this file")
    parser.add_argument("--docs", type=Path, help="put the short tables into this page")
    options = parser.parse_args()
    rows = measured_rows(np.random.default_rng(SEED))
    tables = studies(rows)
    for title, lines in tables.items():
        print("\n".join([f"{title}\n", *lines, ""]))  # noqa: T201
    if options.json is not None:
        write_json(rows, options.json)
    if options.docs is not None:
        document(tables, options.docs)
    broken = broken_bands(rows)
    aims = ", ".join("x".join(f"{step:g}" for step in one) for one in TARGET_VOXELS)
    print("\n".join(broken or [f"All within their bands (aims on {aims} mm)."]))  # noqa: T201
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
