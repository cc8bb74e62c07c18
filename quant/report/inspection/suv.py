"""Whether SUV can be computed from a series, and the chain of times that decides it; no dates."""

from datetime import datetime
from typing import TYPE_CHECKING

from quant.dicom.calibrate import suv_report
from quant.dicom.values.times import parse_datetime, parse_time
from quant.report.inspection.flags import flag_report

if TYPE_CHECKING:
    from quant.domain.protocol import StudyProtocol
    from quant.domain.study import SeriesEntry
    from quant.report.inspection.layout import SuvReport

CLOCKS = (
    ("earliest_acquisition", "acquisition began"),
    ("latest_acquisition", "last acquisition time"),
    ("series", "series time"),
    ("ge_scan", "GE scan time (0009,100D)"),
    ("back_computed_first", "start computed back from the frames"),
)
"""Times of :func:`quant.dicom.values.suv_report.times_of` that are shown, and their names."""


def inspect_suv(series: "SeriesEntry", protocol: "StudyProtocol") -> "SuvReport":
    """Report whether SUV can be computed, and on which times that rests.

    Parameters
    ----------
    series : SeriesEntry
        NM or PT.
    protocol : StudyProtocol

    Returns
    -------
    SuvReport
        Times of day only, with whole days from the first acquisition: dates are a person's own.
    """
    found = suv_report(series, protocol.calibration)
    inputs = _texts(found["inputs"])
    times = _texts(found["times"])
    wanted, unit, code = str(found["wanted"]), str(found["unit"]), str(found["code"])
    chain = [*_input_words(inputs), *_clock_words(times)]
    if found["available"]:
        because = f"the values are {unit}" if unit == wanted else f"{wanted} from {unit}"
        listed = found["flags"] if isinstance(found["flags"], list) else []
        flags = [flag_report(str(one["code"]), str(one["detail"])) for one in listed]
        return {"possible": True, "because": because, "chain": chain, "flags": flags}
    reason = str(found["reason"])
    flags = [flag_report(code, reason)] if code else []
    return {"possible": False, "because": reason, "chain": chain, "flags": flags}


def _texts(value: object) -> dict[str, str]:
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}


def _input_words(inputs: dict[str, str]) -> list[str]:
    """Say what the factor rests on: activity, half-life, delay, reference time."""
    said = []
    if "dose_bq" in inputs:
        said.append(f"{float(inputs['dose_bq']) / 1e6:g} MBq given")
    if "half_life_s" in inputs:
        said.append(f"half-life {inputs['half_life_s']} s ({inputs.get('half_life_source', '')})")
    if "decay_s" in inputs:
        hours = " to ".join(f"{float(s) / 3600.0:.3f}" for s in inputs["decay_s"].split(" to "))
        source = inputs.get("administration_source", "")
        said.append(f"{hours} h from administration ({source}) to the reference time")
    if inputs.get("reference_step"):
        said.append(f"reference time: {inputs['reference_step']}")
    return said


def _clock_words(times: dict[str, str]) -> list[str]:
    """Say the times that the header states, by the clock and the day from the acquisition."""
    first = _moment(times.get("earliest_acquisition", ""))
    said = []
    stated = times.get("administration_stated", "")
    if stated:
        given, hour = parse_datetime(stated), parse_time(stated)
        if given is not None:
            said.append(f"administration {_clock(given, first)}")
        elif hour is not None:
            said.append(f"administration {hour} without a date")
        else:
            said.append("administration time not readable")
    else:
        said.append("administration time not stated")
    for key, name in CLOCKS:
        moment = _moment(times.get(key, ""))
        if moment is not None and not (key == "latest_acquisition" and moment == first):
            said.append(f"{name} {_clock(moment, first)}")
    if first is None:
        said.append("acquisition time not stated")
    if times.get("decay_correction"):
        said.append(f"DecayCorrection {times['decay_correction']}")
    return said


def _moment(iso: str) -> datetime | None:
    return datetime.fromisoformat(iso) if iso else None


def _clock(moment: datetime, first: datetime | None) -> str:
    clock = moment.time().isoformat("seconds")
    if first is None or moment.date() == first.date():
        return clock
    days = (moment.date() - first.date()).days
    number = f"{abs(days)} day{'s' if abs(days) > 1 else ''}"
    return f"{clock}, {number} {'before' if days < 0 else 'after'} the acquisition"
