"""How ratios are shown: their order, their intervals by name, and what each interval answers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quant.domain.measurement import Measurement
    from quant.domain.record import StudyRecord

RATIO_LABELS = {
    "tmax_lmax": "Tmax/Lmax",
    "tpeak_lmean": "Tpeak/Lmean",
    "tmean_lmean": "Tmean/Lmean",
    "tmax_lmean": "Tmax/Lmean",
    "tmax_mmax": "Tmax/Mmax",
    "tmean_mmean": "Tmean/Mmean",
}
"""Labels in the order of the page: the weakest ratio beside its robust companion."""

WHY_PEAK = (
    "A maximum rises with counting noise and with the volume that it is taken over, a mean and a "
    "1 ml peak hardly do: read Tmax/Lmax beside Tpeak/Lmean."
)

PLACEMENT_ANSWERS = (
    "Over positions: what other admissible placements of the reference sphere give on this image; "
    "it does not know of noise."
)

NOISE_ANSWERS = (
    "Noise-free: the same placement on an image without noise. Noise-free, any position: any "
    "admissible placement on an image without noise; this one is meant to hold the ratio of the "
    "uptake, as blurred as the image is."
)


@dataclass(frozen=True, slots=True)
class RatioRow:
    """A ratio with its measurement, and the same under noise where that was asked for."""

    label: str
    measured: "Measurement"
    noise: "Measurement | None"
    both: "Measurement | None"


def ratio_rows(record: "StudyRecord") -> list[RatioRow]:
    """Ratios of the primary tumour in the order of the page; empty without measurements."""
    names = {one.name for one in record.measurements}

    def one(name: str) -> "Measurement | None":
        return record.measurement(name) if name in names else None

    return [
        RatioRow(
            label,
            record.measurement(name),
            one(f"{name}_noise"),
            one(f"{name}_placement_noise"),
        )
        for name, label in RATIO_LABELS.items()
        if name in names
    ]


def chances(record: "StudyRecord") -> "list[Measurement]":
    """Probabilities that ratios of the primary tumour exceed their cut-offs."""
    names = dict.fromkeys(one.name for one in record.measurements if one.name.startswith("P("))
    return [record.measurement(name) for name in names]


def answers(rows: list[RatioRow]) -> list[str]:
    """Sentences below the table: what its intervals answer, and why the peak stands there."""
    with_noise = any(row.noise is not None for row in rows)
    return [PLACEMENT_ANSWERS, *([NOISE_ANSWERS] if with_noise else []), WHY_PEAK]
