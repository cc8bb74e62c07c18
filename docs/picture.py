"""Draw the picture of the README: the sample study with its spheres and its tumour.

Run from the checkout: ``.venv/bin/python docs/picture.py`` (needs the sample in ``data-samples``).
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

import quant
from quant.dicom.pairing import select
from quant.dicom.volumes import read_volume
from quant.domain.region import Role
from quant.domain.volume import Volume
from quant.pipeline.laying import lay_regions
from quant.pipeline.protocols import load_protocol
from quant.regions.sources import gather_shapes

ROOT = Path(__file__).resolve().parents[1]
COLOURS = {Role.LIVER: "#56b4e9", Role.MUSCLE_LEFT: "#e69f00", Role.MUSCLE_RIGHT: "#e69f00"}
TUMOUR_COLOUR = "#cc79a7"
AXES = {"x": 0, "y": 1, "z": 2}


def _view(
    volume: Volume, values: NDArray[np.float32], along: str
) -> tuple[NDArray[np.float32], list[float]]:
    """Project the maximum along a patient axis; rows run head to feet, columns as seen."""
    axes = np.abs(volume.grid.axes_mm).argmax(axis=0)
    array_axis = int(np.flatnonzero(axes == AXES[along])[0])
    flat = values.max(axis=array_axis)
    kept = [a for a in range(3) if a != array_axis]
    if axes[kept[0]] != AXES["z"]:
        flat, kept = flat.T, kept[::-1]
    low = volume.grid.to_mm((0, 0, 0))
    high = volume.grid.to_mm(np.array(volume.grid.shape) - 1)
    across = int(axes[kept[1]])
    if low[2] > high[2]:
        flat, low, high = flat[::-1], np.where([0, 0, 1], high, low), np.where([0, 0, 1], low, high)
    if low[across] > high[across]:
        flat, low, high = flat[:, ::-1], high, low
    return flat, [float(low[across]), float(high[across]), float(low[2]), float(high[2])]


def main() -> None:
    """Write ``docs/sample.png``."""
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    study = next(iter(quant.open_studies(ROOT / "data-samples")))
    record = quant.measure_study(study)
    emission = select(study).emission
    if emission is None:
        message = "the sample holds no emission volume"
        raise SystemExit(message)
    volume = read_volume(emission)
    settings = load_protocol("zhou2025").regions
    found = gather_shapes(study)
    regions = lay_regions(found, study.study_uid, volume.grid, settings).regions
    tumour = next(region for region in regions if region.role is Role.TUMOUR)
    figure, panels = plt.subplots(1, 2, figsize=(9.2, 4.6), layout="constrained", sharey=True)
    for panel, along, title in zip(panels, "yx", ("anterior", "from the left"), strict=True):
        flat, extent = _view(volume, volume.values, along)
        shown = {"extent": extent, "origin": "lower", "aspect": "equal"}
        panel.imshow(flat, cmap="gray_r", vmax=float(np.quantile(flat, 0.995)), **shown)
        outline, _ = _view(volume, tumour.full_weights(), along)
        panel.contour(outline, levels=[0.5], colors=TUMOUR_COLOUR, extent=extent, linewidths=1.6)
        across = "x" if along == "y" else "y"
        for sphere in record.spheres:
            centre = (sphere.centre_mm[AXES[across]], sphere.centre_mm[2])
            ring = plt.Circle(centre, sphere.radius_mm, fill=False, lw=1.8, ec=COLOURS[sphere.role])
            panel.add_patch(ring)
        panel.set_title(f"maximum projection, {title}", fontsize=10)
        panel.set_xlabel(f"{across} (LPS, mm)")
    panels[0].set_ylabel("z (LPS, mm)")
    ratio, interval = record.measurement("tmean_lmean"), record.interval("tmean_lmean")
    ends = f", 90 % of positions {interval.low:.2f} to {interval.high:.2f}" if interval else ""
    figure.suptitle(
        f"Simulated 123I-MIBG SPECT. Tmean/Lmean {ratio.value:.2f}{ends}\n"
        "liver sphere (blue), muscle spheres at L2 (orange), tumour (magenta)",
        fontsize=10,
    )
    figure.savefig(ROOT / "docs" / "sample.png", dpi=110)


if __name__ == "__main__":
    main()
