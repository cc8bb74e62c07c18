"""The times of a series as they stand in its headers, for whoever has to judge its SUV."""

from typing import TYPE_CHECKING

from quant.dicom.files.facts import text
from quant.dicom.slices.frames import images_of
from quant.dicom.values.suv_inputs import ITEM, decay_correction, half_life
from quant.dicom.values.suv_reference_time import time_chain
from quant.errors import UnitError

if TYPE_CHECKING:
    from datetime import datetime

    from quant.domain.study import SeriesEntry


def times_of(series: "SeriesEntry") -> dict[str, str]:
    """Return every time that decides on SUV, ISO, empty where not stated; nothing is raised."""
    facts = series.facts
    try:
        half_life_s = half_life(facts).seconds
    except UnitError:
        half_life_s = None
    files = images_of(series) if series.modality == "PT" else series.files
    chain = time_chain(files, half_life_s)
    acquired = [one for one in chain.acquisitions if one is not None]
    back = [one for one in chain.back_computed if one is not None]
    start = f"{ITEM}RadiopharmaceuticalStart"
    return {
        "ge_scan": _iso(chain.ge_scan),
        "series": _iso(chain.series),
        "earliest_acquisition": _iso(min(acquired, default=None)),
        "latest_acquisition": _iso(max(acquired, default=None)),
        "back_computed_first": _iso(min(back, default=None)),
        "back_computed_last": _iso(max(back, default=None)),
        "administration_stated": text(facts, f"{start}DateTime") or text(facts, f"{start}Time"),
        "decay_correction": decay_correction(facts),
    }


def _iso(moment: "datetime | None") -> str:
    return "" if moment is None else moment.isoformat()
