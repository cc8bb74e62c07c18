"""A study as DICOM objects are made of it, and the tools that judge them."""

import io
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from quant.dicom.objects.form import Measured
from quant.dicom.objects.identity import Patient, pseudonym
from quant.dicom.objects.measurements import write_measurements
from quant.dicom.objects.segmentation import write_segmentation
from quant.dicom.objects.segments import Segment, segments_of
from quant.dicom.objects.source import source_of
from quant.domain.flags import Flag
from quant.domain.grid import Grid
from quant.domain.measurement import Interval, Measurement
from quant.domain.record import RegionSummary, Status, StudyRecord
from quant.domain.region import Region, Role
from quant.domain.sphere import Sphere, SphereSource
from quant.domain.study import SeriesEntry
from quant.pipeline.objects import ball_region
from tests.support.dicom_builder import STUDY

KEY = "0123456789abcdef"


def tool(name: str) -> str:
    """Return the path of a validator; without it the test fails in CI and is skipped elsewhere."""
    found = shutil.which(
        name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(f"{name} is not installed")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def complaints(content: bytes, folder: Path) -> list[str]:
    """Return what dciodvfy calls an error."""
    folder.mkdir(exist_ok=True)
    path = folder / "judged.dcm"
    path.write_bytes(content)
    done = subprocess.run(  # noqa: S603 - a validator
        [tool("dciodvfy"), str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    said = (done.stdout + done.stderr).splitlines()
    assert any(kind in said for kind in ("Segmentation", "Comprehensive3DSR")), said
    return [line for line in said if line.startswith(("Error", "Abort"))]


def blob(grid: Grid, seed: int, name: str, role: Role) -> Region:
    """Return a lump of fractional weights without any symmetry."""
    generator = np.random.default_rng(seed)
    shape = tuple(int(n) for n in np.minimum(grid.shape, (3, 4, 5)))
    weights: NDArray[np.float32] = generator.random(shape).astype(np.float32)
    weights[0, 0, 0] = 1.0
    corner = tuple(
        int(a)
        for a in generator.integers(0, [n - m + 1 for n, m in zip(grid.shape, shape, strict=True)])
    )
    return Region(grid, (corner[0], corner[1], corner[2]), weights, name, role, source="RTSTRUCT")


def spheres(grid: Grid) -> tuple[Sphere, ...]:
    """Return three spheres of three voxels' radius about different voxels."""
    radius = 1.6 * float(grid.spacing_mm.max())
    places = {
        Role.LIVER: (0.3, 0.3, 0.3),
        Role.MUSCLE_LEFT: (0.5, 0.7, 0.6),
        Role.MUSCLE_RIGHT: (0.7, 0.4, 0.5),
    }
    found = []
    for role, part in places.items():
        x, y, z = map(float, grid.to_mm(np.array(part) * np.array(grid.shape)))
        found.append(Sphere(role, (x, y, z), radius, SphereSource.PLACED, 1.0, 9.0))
    return tuple(found)


def regions(grid: Grid) -> tuple[Region, ...]:
    """Return a lesion, two tumours of which one has no voxel half inside, and an organ."""
    weak = np.full((1, 1, 1), 0.25, np.float32)
    return (
        blob(grid, 1, "Lesion <b>L4</b>", Role.LESION),
        blob(grid, 2, "Prim\u00e4rtumor", Role.TUMOUR),
        Region(grid, (0, 0, 0), weak, "tiny tumour", Role.TUMOUR),
        blob(grid, 3, "liver", Role.LIVER),
    )


def rows(unit: str) -> tuple[Measurement, ...]:
    """Return one measurement of every kind."""
    near = Interval(1.0000000000000002, 4.0, "90% of 7 admissible reference positions", 2.5)
    hot, cold = "Prim\u00e4rtumor", "Lesion <b>L4</b>"
    absent = (Flag("REFERENCE_ABSENT", "muscle"), Flag("MUSCLE_MISSING"))
    return (
        Measurement("tumour_max", 893.1234567890123, unit, hot, "voxels at least half inside"),
        Measurement("tumour_mean", 1.0 / 3.0, unit, hot),
        Measurement("tumour_sd", 1e-17 / 3.0, unit, hot),
        Measurement("tumour_peak", 839.0, unit, hot),
        Measurement("tumour_voxels", 549, "1", hot),
        Measurement("tumour_volume_ml", 48.26229884173767, "ml", hot),
        Measurement("tmax_lmax", 2.0 / 3.0, "1", hot, "tumour_max / liver_max", near),
        Measurement("tmax_mmax", None, "1", hot, flags=absent),
        Measurement("asphericity", 0.28242174936587916, "1", hot),
        Measurement("surface_area_corrected_mm2", 7445.93678607668, "mm2", hot),
        Measurement("intensity_variance", 22696.471146412918, f"{unit}^2", hot),
        Measurement("P(tmax_lmax > 6.278)", 0.25, "1", hot),
        Measurement("tumour_max", 391.0, unit, cold, flags=(Flag("ROI_SMALL", "44 voxels"),)),
        Measurement("tumour_mean", -1e300, unit, "tiny tumour"),
        Measurement("liver_max", 256.0, unit, "liver"),
        Measurement("liver_x_mm", -98.53196000000001, "mm", "liver"),
        Measurement("muscle_left_mean", 27.663157565926657, unit, "muscle_left"),
        Measurement("muscle_right_mean", 27.96472467248258, unit, "muscle_right"),
        Measurement("muscle_mean", 27.813941119204618, unit, "muscle", "average of left and right"),
    )


def measured(
    series: SeriesEntry, grid: Grid, unit: str = "relative", patient: Patient | None = None
) -> tuple[Measured, tuple[Segment, ...]]:
    """Return a study with everything that objects can hold, and its segments."""
    there = regions(grid)
    record = StudyRecord(
        study_uid=STUDY,
        subject_key=KEY,
        status=Status.OK,
        series_uid=series.series_uid,
        modality=series.modality,
        unit=unit,
        regions=tuple(
            RegionSummary(one.name, str(one.role), one.source, str(one.rule), 1.0, one.voxels, 0.0)
            for one in there
        ),
        spheres=spheres(grid),
        measurements=rows(unit),
        flags=(Flag("NM_UNCALIBRATED", "no RescaleSlope and no unit"),),
        protocol_name="zhou2025",
        protocol_hash="ab" * 32,
    )
    balls = [(one, ball) for one in record.spheres if (ball := ball_region(grid, one))]
    assert len(balls) == 3
    study = Measured("cd" * 16, record, grid, source_of(series), patient or pseudonym(KEY))
    return study, segments_of(there, balls)


def written(study: Measured, segments: tuple[Segment, ...]) -> tuple[bytes, bytes]:
    """Return both objects."""
    content, uid = write_segmentation(study, segments)
    return content, write_measurements(study, segments, uid)


def parsed(content: bytes) -> pydicom.FileDataset:
    """Return an object as pydicom reads it."""
    return pydicom.dcmread(io.BytesIO(content))


def renamed(study: Measured, name: str) -> Measured:
    """Return the same study under another record."""
    return replace(study, name=name)
