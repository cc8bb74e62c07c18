"""The story of one study, on one page: from its files to its record."""

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from quant.dicom.files.digests import with_input_hash
from quant.domain.flags import CODES, Flag
from quant.domain.measurement import Measurement
from quant.domain.protocol import NoiseSource
from quant.domain.record import LESION_ROLES, StudyRecord
from quant.domain.region import Role
from quant.domain.units import Quantity
from quant.errors import QuantError, StudyError
from quant.measure.ratios import RATIOS, chance_name
from quant.pipeline.failure import blank_record, failed
from quant.pipeline.recording import judged, record_of, without_emission
from quant.pipeline.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quant.domain.passport import Passport
    from quant.domain.protocol import IntervalSettings, StudyProtocol
    from quant.domain.region import Region
    from quant.domain.study import Selection, SeriesEntry, StudyFiles
    from quant.domain.volume import Volume
    from quant.pipeline.laying import LaidRegions
    from quant.reference.placement import ReferenceSpheres

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StudyOutcome:
    """A study's record with the voxels behind it, for meshes and pictures."""

    record: StudyRecord
    volume: "Volume | None" = None
    regions: "tuple[Region, ...]" = ()
    ct: "SeriesEntry | None" = None
    emission: "SeriesEntry | None" = None

    @property
    def primary(self) -> "Region | None":
        """The primary tumour's region, or None."""
        chosen = self.record.primary
        if chosen is None:
            return None
        return next(region for region in self.regions if region.name == chosen.name)


def measure_study(
    study: "StudyFiles", protocol: "StudyProtocol", watch: Stopwatch | None = None
) -> StudyOutcome:
    """Measure one study; whatever goes wrong costs this study only.

    Parameters
    ----------
    study : StudyFiles
        Files of the study, from :func:`quant.dicom.index.index_tree`.
    protocol : StudyProtocol
        Settings of the measurement.
    watch : Stopwatch, optional
        Where to sum up the time of each step.

    Returns
    -------
    StudyOutcome
        Its record has status ``failed`` and the code of the error when the study cannot be
        measured.
    """
    blank = blank_record(study, protocol)
    try:
        blank = replace(blank, input_hash=with_input_hash(study).input_hash)
        return _measure(study, protocol, blank, watch or Stopwatch())
    except QuantError as error:
        return StudyOutcome(failed(blank, error.code, str(error)))
    except MemoryError:
        return StudyOutcome(failed(blank, "MEMORY_LIMIT", CODES["MEMORY_LIMIT"].sentence))
    except Exception as error:  # the batch must go on, whatever a study does
        logger.debug("study %s failed", study.study_uid, exc_info=True)
        message = f"{type(error).__name__} while measuring"
        return StudyOutcome(failed(blank, "STUDY_FAILED", message))


def _measure(
    study: "StudyFiles", protocol: "StudyProtocol", blank: StudyRecord, watch: Stopwatch
) -> StudyOutcome:
    """Choose a volume, read it, lay the regions on it, place the spheres, measure, judge."""
    with watch.step("import"):
        from quant.dicom.pairing import select
        from quant.reference.placement import place_spheres

    with watch.step("select series"):
        selection = select(study, protocol.emission)
    blank = replace(blank, candidates=selection.candidates, flags=(*blank.flags, *selection.flags))
    if selection.emission is None:
        return StudyOutcome(without_emission(blank))
    try:
        volume = _volume(selection.emission, protocol, watch)
    except StudyError as error:
        return StudyOutcome(failed(blank, error.code, str(error)))
    laid, noticed = _laid((study, selection), volume, protocol, watch)
    blank = replace(blank, flags=(*blank.flags, *noticed))
    with watch.step("place reference spheres"):
        spheres = place_spheres(volume, laid.regions, laid.marks, protocol)
    with watch.step("measure"):
        measurements = _measurements(volume, laid.regions, spheres, protocol)
        passports = _passports(volume, laid.regions, protocol)
    if protocol.intervals.noise is not NoiseSource.NONE:
        with watch.step("resample noise"):
            measurements += _under_noise(blank, volume, laid, spheres, protocol, measurements)
    measurements += tuple(_passport_rows(passports))
    blank = replace(blank, passports=passports)
    record = judged(record_of(blank, volume, laid, spheres, measurements))
    return StudyOutcome(record, volume, laid.regions, selection.ct, selection.emission)


def _volume(emission: "SeriesEntry", protocol: "StudyProtocol", watch: Stopwatch) -> "Volume":
    """Read the emission volume in its unit; a StudyError says why it cannot be."""
    with watch.step("import"):
        from quant.dicom.calibrate import calibrated
        from quant.dicom.volumes import read_volume

    with watch.step("read emission volume"):
        return calibrated(read_volume(emission), emission, protocol.calibration)


def _laid(
    chosen: "tuple[StudyFiles, Selection]",
    volume: "Volume",
    protocol: "StudyProtocol",
    watch: Stopwatch,
) -> "tuple[LaidRegions, tuple[Flag, ...]]":
    """Lay the study's regions on the volume; return with them what was noticed beside the CT."""
    with watch.step("import"):
        from quant.dicom.geometry.gaps import ct_flags
        from quant.dicom.outline.flip import flip_flags
        from quant.pipeline.laying import lay_regions
        from quant.regions.sources import gather_shapes

    study, selection = chosen
    with watch.step("compare with CT"):
        noticed = tuple(flip_flags(study, selection, volume))
    with watch.step("read regions"):
        found = gather_shapes(study, protocol.regions)
    with watch.step("load kernels"):
        warm_up()
    with watch.step("lay regions"):
        laid = lay_regions(found, study.study_uid, volume.grid, protocol.regions)
        return laid, (*noticed, *ct_flags(selection.ct, laid.regions))


def _under_noise(
    blank: StudyRecord,
    volume: "Volume",
    laid: "LaidRegions",
    spheres: "ReferenceSpheres",
    protocol: "StudyProtocol",
    measurements: tuple[Measurement, ...],
) -> tuple[Measurement, ...]:
    """Measure again under noise that the study's own hashes seed."""
    from quant.measure.noise.rows import under_noise

    seed = f"{blank.protocol_hash}\n{blank.input_hash}"
    return under_noise(volume, laid.regions, spheres.placed, protocol, measurements, seed)


def warm_up() -> None:
    """Load numba and its registries, which the first call of any kernel pays for (about 0.5 s)."""
    import numpy as np

    from quant.domain.arrays import as_labels
    from quant_kernels.surface import region_histogram

    region_histogram(as_labels(np.zeros((1, 1, 1), dtype=np.uint8)), np.uint8(1), np.uint8(255))


def _measurements(
    volume: "Volume",
    regions: "Sequence[Region]",
    spheres: "ReferenceSpheres",
    protocol: "StudyProtocol",
) -> tuple[Measurement, ...]:
    from quant.measure.intensity import measure_intensity
    from quant.measure.intervals import with_intervals
    from quant.measure.positions import position_values
    from quant.measure.ratios import measure_ratios
    from quant.measure.shape.morphology import measure_morphology
    from quant.measure.spheres import measure_spheres
    from quant.measure.uptake import measure_uptake

    positions = position_values(spheres.placed)
    references = with_intervals(
        measure_spheres(spheres.placed, spheres.flags, str(volume.unit)),
        positions,
        protocol.intervals.coverage,
    )
    rows = list(references)
    for region in regions:
        if str(region.role) not in LESION_ROLES:
            continue
        uptake = measure_uptake(volume, region, protocol.uptake)
        rows.extend(uptake)
        rows.extend(measure_ratios(uptake, references, positions, protocol.intervals))
        rows.extend(measure_morphology(region, protocol.morphology))
        rows.extend(measure_intensity(volume, region, None))
    if not any(region.role is Role.TUMOUR for region in regions):
        rows.extend(_without_tumour(str(volume.unit), protocol.intervals))
    return tuple(rows)


def _passports(
    volume: "Volume", regions: "Sequence[Region]", protocol: "StudyProtocol"
) -> "tuple[Passport, ...]":
    """Judge the shape of every tumour and lesion."""
    from quant.measure.passport.passport import measure_passport

    return tuple(
        measure_passport(volume, region, protocol.morphology)
        for region in regions
        if str(region.role) in LESION_ROLES
    )


def _passport_rows(passports: "Sequence[Passport]") -> "Iterator[Measurement]":
    from quant.measure.passport.rows import passport_rows

    for passport in passports:
        yield from passport_rows(passport)


def _without_tumour(unit: str, intervals: "IntervalSettings") -> "Iterator[Measurement]":
    """Yield the study's own values as absent: there is no tumour to measure."""
    from quant.measure.passport.rows import PASSPORT_UNITS
    from quant.measure.shape.morphology import SHAPE_UNITS

    why = (Flag("TUMOUR_MISSING", "no usable region with role tumour"),)
    units: dict[str, str] = dict.fromkeys(
        ("tumour_max", "tumour_mean", "tumour_sd", "tumour_peak"), unit
    )
    units |= {"tumour_voxels": Quantity.NONE, "tumour_volume_ml": Quantity.ML, **SHAPE_UNITS}
    units |= PASSPORT_UNITS
    units |= {ratio.name: Quantity.NONE for ratio in RATIOS}
    units |= {chance_name(*one): Quantity.NONE for one in intervals.cutoffs.items()}
    for name, one in units.items():
        yield Measurement(name, None, one, flags=why)
