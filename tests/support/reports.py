"""Output folders with many studies, made from one that was measured."""

import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from quant.domain.flags import Flag
from quant.domain.measurement import Measurement
from quant.domain.record import Status, StudyRecord
from quant.report.records import read_record, write_record
from quant.report.site.build import Form, Source, write_site

STUDY_FLAGS = ("LIVER_MISSING", "FOCI_SCREENED", "PET_REFTIME", "NM_VECTOR_ODD")


def measured(out: Path) -> tuple[str, StudyRecord]:
    """Return the name and the record of the one study in an output folder."""
    (path,) = (out / "records").glob("*.json")
    return path.stem, read_record(path)


def another(record: StudyRecord, number: int, subject: str = "") -> StudyRecord:
    """Return a study like the given one with other values, flags and identity."""
    draw = np.random.default_rng(number)
    factor = float(np.exp(draw.normal(0.0, 0.5)))

    def scaled(one: Measurement) -> Measurement:
        if not isinstance(one.value, float) or (one.interval is None and "asph" not in one.name):
            return one
        if number % 17 == 3:
            return replace(one, value=None, interval=None, flags=(Flag("LIVER_MISSING"),))
        interval = one.interval
        if interval is not None:
            low, high = interval.low * factor, interval.high * factor
            middle = None if interval.median is None else interval.median * factor
            interval = replace(interval, low=low, high=high, median=middle)
        return replace(one, value=one.value * factor, interval=interval)

    more = tuple(Flag(code) for n, code in enumerate(STUDY_FLAGS) if (number >> n) % 3 == 1)
    return replace(
        record,
        study_uid=f"1.2.826.0.1.{number:012d}",
        subject_key=subject or hashlib.sha256(str(number).encode()).hexdigest()[:16],
        status=Status.PARTIAL if number % 7 == 2 else record.status,
        measurements=tuple(scaled(one) for one in record.measurements),
        flags=(*record.flags, *more),
    )


def multiply(one: Path, out: Path, count: int, *, images: bool = True) -> list[str]:
    """Write records and own folders of many studies; return the names of the records.

    Parameters
    ----------
    one : Path
        Output folder of one measured study.
    out : Path
    count : int
    images : bool
        Give each study display copies (linked, where the file system can) and a sheet.
    """
    name, record = measured(one)
    names = []
    for number in range(count):
        names.append(hashlib.sha256(f"study {number}".encode()).hexdigest()[:32])
        write_record(another(record, number), out / "records" / f"{names[-1]}.json")
        if images:
            linked(one / "studies" / name, out / "studies" / names[-1])
    return names


def linked(source: Path, target: Path) -> None:
    """Give a folder the files of another one."""
    target.mkdir(parents=True)
    for path in source.iterdir():
        try:
            os.link(path, target / path.name)
        except OSError:
            shutil.copy(path, target / path.name)


def built(out: Path, names: list[str], form: Form) -> Path:
    """Write the report of records; return its first page."""
    records = (read_record(out / "records" / f"{name}.json") for name in names)
    write_site(Source(out, names, records), form)
    return out / "report.html"
