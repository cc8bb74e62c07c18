"""Output folders with many studies, made from one that was measured."""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from quant.domain.flags import Flag
from quant.domain.measurement import Interval, Measurement
from quant.domain.record import RegionSummary, Status, StudyRecord
from quant.domain.region import Region, Role
from quant.domain.sphere import Sphere, SphereSource
from quant.domain.study import QuarantineEntry
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.report.meshes import write_meshes
from quant.report.pictures import CT, DISPLAY
from quant.report.pictures.display.copies import write_copies
from quant.report.pictures.display.nifti import Stored, nifti_bytes
from quant.report.records import read_record, write_record
from quant.report.site.build import Form, Source, write_site
from tests.support.geometry import grid

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


HOT_MM, LIVER_MM = (55.0, -25.0, 35.0), (-50.0, 0.0, -20.0)
"""A tumour in the patient's left, front and head half, and a sphere in the right half; LPS."""

HOT, WARM, BODY = 1000.0, 400.0, 20.0
TUMOUR_RADIUS_MM, LIVER_RADIUS_MM = 22.0, 19.3
SHAPE = (48, 40, 44)


def phantom(name: str) -> Volume:
    """Return an asymmetric phantom on one of the geometries: body, tumour, and a warmer liver."""
    on = grid(name, SHAPE)
    index = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1)
    places = on.to_mm(index)
    values = np.full(SHAPE, 0.0, dtype=np.float32)
    values[np.linalg.norm(places[..., :2] / (110.0, 75.0), axis=-1) <= 1.0] = BODY
    values[np.linalg.norm(places - LIVER_MM, axis=-1) <= 40.0] = WARM
    values[np.linalg.norm(places - HOT_MM, axis=-1) <= TUMOUR_RADIUS_MM] = HOT
    return Volume(on, values, Unit.COUNTS)


@dataclass(frozen=True)
class Outcome:
    """A study as the pictures take it; its CT is written by :func:`study_folder`."""

    record: StudyRecord
    volume: Volume
    regions: tuple[Region, ...]
    ct: None = None


def made_record(number: int, subject: str = "", region: str = "tumour") -> StudyRecord:
    """Return a record with ratios, shape, a sphere and flags, numbered from 0."""
    factor = 1.0 + 0.5 * number
    ratios = [
        Measurement(
            name, value, "1", region, "made",
            Interval(0.9 * value, 1.1 * value, "90 % of positions", value),
        )
        for name, value in (
            ("tmax_lmax", 2.5 * factor), ("tpeak_lmean", 3.0 * factor),
            ("tmean_mmean", 12.25 * factor),
        )
    ]  # fmt: skip
    shape = [
        Measurement("tumour_max", HOT, "counts", region),
        Measurement("tumour_volume_ml", 44.6, "ml", region),
        Measurement("asphericity", 0.08 * factor, "1", region),
    ]
    if number == 1:
        missing = (Flag("LIVER_MISSING"),)
        ratios = [replace(one, value=None, interval=None, flags=missing) for one in ratios]
    drawn = RegionSummary(region, "tumour", "made", "fractional", 44.6, 300, 0.0, is_primary=True)
    return StudyRecord(
        study_uid=f"1.2.826.0.1.99.{number}",
        subject_key=subject or f"subject{number}",
        status=Status.PARTIAL if number == 1 else Status.OK,
        series_uid=f"1.2.826.0.1.98.{number}",
        modality="NM",
        unit="counts",
        radionuclide="I-123",
        regions=(drawn,),
        spheres=(
            Sphere(Role.LIVER, LIVER_MM, LIVER_RADIUS_MM, SphereSource.PLACED, 1.0, 20.0),
        ),
        measurements=(
            *ratios, *shape,
            *(Measurement(f"liver_{one}", 400.0, "counts", "liver")
              for one in ("mean", "max", "sd", "volume_ml")),
        ),
        flags=(Flag("NM_UNCALIBRATED", "made"), *([Flag("FOCI_SCREENED")] if number % 2 else [])),
        protocol_name="zhou2025",
        versions={"spectct-quant": "0"},
    )  # fmt: skip


def study_folder(out: Path, name: str, record: StudyRecord, geometry: str) -> None:
    """Write display copies, a CT among them, and a mesh of the phantom in one geometry."""
    volume = phantom(geometry)
    weights = np.zeros(SHAPE, dtype=np.float32)
    weights[volume.values == HOT] = 1.0
    region = Region.from_full(volume.grid, weights, record.regions[0].name, Role.TUMOUR)
    folder = out / "studies" / name
    write_copies(Outcome(record, volume, (region,)), folder)
    ct = np.where(volume.values > 0.0, 128, 0).astype(np.uint8)
    smaller = volume.grid.cropped((4, 0, 0), (SHAPE[0] - 8, *SHAPE[1:]))
    image = Stored(smaller, ct[4:-4].copy(), 500.0 / 255.0, -210.0, "made", (-210.0, 290.0))
    (folder / CT).write_bytes(nifti_bytes(image))
    display = json.loads((folder / DISPLAY).read_text(encoding="utf-8"))
    display["missing"] = {}
    (folder / DISPLAY).write_text(json.dumps(display), encoding="utf-8")
    write_meshes(region, folder)


def page_set(out: Path, form: Form, subject: str, geometries: Sequence[str]) -> list[str]:
    """Write a batch with images of the phantom in some geometries and two studies without.

    The first study's subject key and region name are ``subject``. Returns the names of the records.
    """
    names, records = [], []
    for number in range(len(geometries) + 2):
        names.append(f"{number:032x}")
        first = subject if number == 0 else ""
        records.append(made_record(number, first, first or "tumour"))
        if number < len(geometries):
            study_folder(out, names[-1], records[-1], geometries[number])
    refused = [QuarantineEntry("lost.dcm", "", "TRUNCATED", "ends <early>")]
    write_site(Source(out, names, records, refused), form)
    return names
