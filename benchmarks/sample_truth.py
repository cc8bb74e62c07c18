"""The sample study against its truth: simulated values, noise-free blurred values, measured."""

import json
from pathlib import Path
from typing import Any

import quant

SAMPLES = Path(__file__).resolve().parents[1] / "data-samples"


def _line(name: str, truth: float, measured: float, what: str) -> str:
    off = 100.0 * (measured / truth - 1.0) if truth else float("nan")
    difference = f"{off:+6.1f} %" if truth else f"{measured - truth:+.3f}"
    return f"{name:34} {truth:10.4g} {measured:10.4g}  {difference:>9}   {what}"


def _references(truth: dict[str, Any], record: quant.StudyRecord) -> list[str]:
    scale = truth["counts_per_uptake"]
    rows = []
    for name, tissue in (("liver_mean", "liver"), ("muscle_mean", "muscle")):
        value = float(record.value(name) or 0.0)
        rows.append(_line(name, scale * truth["uptake"][tissue], value, "counts, uniform tissue"))
    return rows


def main() -> None:
    """Print the table."""
    (truth,) = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))["studies"]
    record = quant.measure_study(next(iter(quant.open_studies(SAMPLES))))
    lines = [f"{'':34} {'truth':>10} {'measured':>10}", *_references(truth, record)]
    for name, one in truth["regions"].items():
        pairs = (
            ("tumour_volume_ml", one["volume_ml"], "exact solid, drawn on 3 mm slices"),
            ("tumour_mean", one["noise_free_mean_counts"], "blurred, before noise"),
            ("tumour_max", one["noise_free_max_counts"], "blurred, before noise"),
            ("asphericity", one["asphericity"], "exact solid; IBSI mesh has a floor"),
            ("asphericity_corrected", one["asphericity"], "exact solid"),
        )
        for column, value, what in pairs:
            measured = float(record.value(column, name) or 0.0)
            lines.append(_line(f"{name}: {column}", value, measured, what))
    for ratio, value in truth["ratios_before_blur"].items():
        measured = float(record.value(ratio) or 0.0)
        lines.append(_line(ratio, value, measured, "before blur and noise"))
    print("\n".join(lines))  # noqa: T201


if __name__ == "__main__":
    main()
