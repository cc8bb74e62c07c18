"""A record as a notebook shows it: a short table, everything in it escaped."""

from html import escape
from typing import TYPE_CHECKING

from quant.domain.text import plain

if TYPE_CHECKING:
    from quant.domain.measurement import Measurement
    from quant.domain.record import StudyRecord

SHOWN = (
    "tmax_lmax", "tpeak_lmean", "tmean_lmean", "tmax_lmean", "tmax_mmax", "tmean_mmean",
    "tumour_max", "tumour_volume_ml", "asphericity", "asphericity_floor",
)  # fmt: skip
"""Measurements of a record that fit a glance."""

MOST_FLAGS = 12


def record_html(record: "StudyRecord") -> str:
    """Return a record as a fragment of HTML: no style of its own, no script, no address.

    Parameters
    ----------
    record : StudyRecord
    """
    primary = record.primary
    about = [
        ("status", str(record.status)),
        ("subject", record.subject_key),
        ("emission", " ".join(filter(None, (record.modality, record.radionuclide, record.unit)))),
        ("primary tumour", primary.name if primary else "none"),
        ("protocol", f"{record.protocol_name} {record.protocol_hash[:8]}"),
    ]
    names = {one.name for one in record.measurements}
    rows = [_row(record.measurement(name)) for name in SHOWN if name in names]
    flags = sorted({flag.code for flag in record.flags})
    more = f" and {len(flags) - MOST_FLAGS} more" if len(flags) > MOST_FLAGS else ""
    about.append(("flags", (", ".join(flags[:MOST_FLAGS]) + more) or "none"))
    head = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td colspan="3">{_text(value)}</td></tr>'
        for name, value in about
    )
    titles = ("measurement", "value", "interval", "unit")
    columns = "".join(f'<th scope="col">{title}</th>' for title in titles) if rows else ""
    return (
        f"<table><caption>Study {_text(record.study_uid)}</caption>"
        f"<tbody>{head}</tbody><tbody><tr>{columns}</tr>{''.join(rows)}</tbody></table>"
    )


def _row(one: "Measurement") -> str:
    value = "\u2013" if one.value is None else f"{one.value:.4g}"
    span = one.interval
    interval = "" if span is None else f"{span.low:.4g} to {span.high:.4g}"
    why = ", ".join(flag.code for flag in one.flags) if one.value is None else ""
    unit = "" if one.unit == "1" else one.unit
    cells = (value, interval or why, unit)
    return (
        f'<tr><th scope="row">{_text(one.name)}</th>'
        + "".join(f"<td>{_text(cell)}</td>" for cell in cells)
        + "</tr>"
    )


def _text(value: str) -> str:
    return escape(plain(value))
