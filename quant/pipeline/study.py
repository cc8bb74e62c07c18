"""The story of one study, on one page: from its files to its record."""

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from quant.dicom.files.digests import with_input_hash
from quant.domain.flags import CODES, Flag, Severity
from quant.domain.measurement import Measurement
from quant.domain.protocol import NoiseSource
from quant.domain.record import LESION_ROLES, RegionSummary, Status, StudyRecord
from quant.domain.region import Role
from quant.domain.units import Quantity
from quant.errors import QuantError, StudyError
from quant.measure.ratios import RATIOS, chance_name
from quant.pipeline.failure import blank_record, failed
from quant.pipeline.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quant.domain.passport import Passport
    from quant.domain.protocol import IntervalSettings, StudyProtocol
    from quant.domain.region import Region
    from quant.domain.study import SeriesEntry, StudyFiles
    from quant.domain.volume import Volume
    from quant.pipeline.laying import LaidRegions
    from quant.reference.placement import ReferenceSpheres

logger = logging.getLogger(__name__)

NAMES_SHOWN = 12
LOST_CODES = (
    "TRUNCATED", "DICOM_UNREADABLE", "DUP_CONFLICT", "PIXELS_MISSING", "NO_PERMISSION", "ZIP_LIMIT",
    "ROI_UNREADABLE",
)  # fmt: skip
"""A study that lost one of its files may have lost the volume that was meant: never ``ok``."""


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
    with watch.step("import"):
        from quant.dicom.calibrate import calibrated
        from quant.dicom.geometry.gaps import ct_flags
        from quant.dicom.outline.flip import flip_flags
        from quant.dicom.pairing import select
        from quant.dicom.volumes import read_volume
        from quant.pipeline.laying import lay_regions
        from quant.reference.placement import place_spheres
        from quant.regions.sources import gather_shapes

    with watch.step("select series"):
        selection = select(study, protocol.emission)
    blank = replace(blank, candidates=selection.candidates, flags=(*blank.flags, *selection.flags))
    if selection.emission is None:
        return StudyOutcome(_no_emission(blank))
    with watch.step("read emission volume"):
        try:
            volume = read_volume(selection.emission)
            volume = calibrated(volume, selection.emission, protocol.calibration)
        except StudyError as error:
            return StudyOutcome(failed(blank, error.code, str(error)))
    with watch.step("compare with CT"):
        blank = replace(blank, flags=(*blank.flags, *flip_flags(study, selection, volume)))
    with watch.step("read regions"):
        found = gather_shapes(study, protocol.regions)
    with watch.step("load kernels"):
        warm_up()
    with watch.step("lay regions"):
        laid = lay_regions(found, study.study_uid, volume.grid, protocol.regions)
        blank = replace(blank, flags=(*blank.flags, *ct_flags(selection.ct, laid.regions)))
    with watch.step("place reference spheres"):
        spheres = place_spheres(volume, laid.regions, laid.marks, protocol)
    with watch.step("measure"):
        measurements = _measurements(volume, laid.regions, spheres, protocol)
        passports = _passports(volume, laid.regions, protocol)
    if protocol.intervals.noise is not NoiseSource.NONE:
        with watch.step("resample noise"):
            from quant.measure.uncertainty import under_noise

            seed = f"{blank.protocol_hash}\n{blank.input_hash}"
            measurements += under_noise(
                volume, laid.regions, spheres.placed, protocol, measurements, seed
            )
    blank = replace(blank, passports=passports)
    measurements += tuple(_passport_rows(passports))
    record = _judged(_record(blank, volume, laid, spheres, measurements))
    return StudyOutcome(record, volume, laid.regions, selection.ct, selection.emission)


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
    from quant.measure.morphology import measure_morphology
    from quant.measure.positions import position_values
    from quant.measure.ratios import measure_ratios
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
    from quant.measure.passport import measure_passport

    return tuple(
        measure_passport(volume, region, protocol.morphology)
        for region in regions
        if str(region.role) in LESION_ROLES
    )


def _passport_rows(passports: "Sequence[Passport]") -> "Iterator[Measurement]":
    from quant.measure.passport_rows import passport_rows

    for passport in passports:
        yield from passport_rows(passport)


def _without_tumour(unit: str, intervals: "IntervalSettings") -> "Iterator[Measurement]":
    """Yield the study's own values as absent: there is no tumour to measure."""
    from quant.measure.morphology import SHAPE_UNITS
    from quant.measure.passport_rows import PASSPORT_UNITS

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


def _record(
    blank: StudyRecord,
    volume: "Volume",
    laid: "LaidRegions",
    spheres: "ReferenceSpheres",
    measurements: tuple[Measurement, ...],
) -> StudyRecord:
    from quant.reference.placement import unused_marks

    tumours = [region for region in laid.regions if region.role is Role.TUMOUR]
    primary = max(tumours, key=lambda region: region.volume_ml, default=None)
    flags = [*blank.flags, *volume.flags, *laid.flags]
    if primary is None:
        flags.append(Flag("TUMOUR_MISSING", _names_seen(laid)))
    if primary is not None and len(tumours) > 1:
        detail = f"{len(tumours)} regions, primary is {primary.name!r}"
        flags.append(Flag("TUMOUR_SEVERAL", detail))
    flags.extend(unused_marks(laid.marks))
    for one in spheres.placed.values():
        flags.extend(one.flags)
    for role, why in spheres.flags.items():
        flags.extend(flag for flag in why if role not in spheres.placed)
    return replace(
        blank,
        series_uid=volume.provenance.series_uid,
        modality=volume.provenance.modality,
        unit=str(volume.unit),
        radionuclide=volume.provenance.facts.get("Radionuclide", ""),
        facts=dict(volume.provenance.facts),
        regions=tuple(
            _summary(region, laid.region_flags.get(region.name, ()), region is primary)
            for region in laid.regions
        ),
        spheres=tuple(one.sphere for one in spheres.placed.values()),
        measurements=measurements,
        flags=tuple(flags),
        quarantine=laid.quarantined,
    )


def _names_seen(laid: "LaidRegions") -> str:
    """Name the regions that are there, so that a reader sees which one was meant."""
    names = [*(region.name for region in laid.regions), *laid.unused]
    shown = ", ".join(repr(name) for name in names[:NAMES_SHOWN])
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return f"regions found: {shown or 'none'}{more}"


def _summary(region: "Region", flags: tuple[Flag, ...], is_primary: bool) -> RegionSummary:  # noqa: FBT001 - a fact of the region, not a switch
    return RegionSummary(
        name=region.name,
        role=str(region.role),
        source=region.source,
        rule=str(region.rule),
        volume_ml=region.volume_ml,
        voxels=region.voxels,
        clipped_fraction=region.clipped_fraction,
        is_primary=is_primary,
        flags=flags,
    )


def _judged(record: StudyRecord) -> StudyRecord:
    """Set the status: ok when the primary and all its ratios were measured."""
    if all(one.value is None for one in record.measurements):
        info = CODES["NOTHING_MEASURED"]
        detail = f"{info.sentence} {info.action}"
        return failed(record, "NOTHING_MEASURED", detail)
    refused = [one for one in record.quarantine if CODES[one.code].severity is Severity.ERROR]
    whole = record.primary is not None and all(
        record.measurement(ratio.name).value is not None for ratio in RATIOS
    )
    lost = any(flag.code in LOST_CODES for flag in record.flags)
    complete = whole and not refused and not lost
    return replace(record, status=Status.OK if complete else Status.PARTIAL)


def _no_emission(blank: StudyRecord) -> StudyRecord:
    errors = [flag for flag in blank.flags if flag.severity is Severity.ERROR]
    first = errors[0] if errors else Flag("NO_EMISSION")
    info = CODES[first.code]
    rest = tuple(flag for flag in blank.flags if flag is not first)
    message = f"{info.sentence} Found: {first.detail or 'none'}. Next step: {info.action}"
    return failed(replace(blank, flags=rest), first.code, message)
