"""The record of a measured study: its facts, regions and flags, and its status."""

from dataclasses import replace
from typing import TYPE_CHECKING

from quant.domain.flags import CODES, Flag, Severity
from quant.domain.measurement import Measurement
from quant.domain.record import RegionSummary, Status, StudyRecord
from quant.domain.region import Role
from quant.measure.ratios import RATIOS
from quant.pipeline.failure import failed

if TYPE_CHECKING:
    from quant.domain.region import Region
    from quant.domain.volume import Volume
    from quant.pipeline.laying import LaidRegions
    from quant.reference.placement import ReferenceSpheres

NAMES_SHOWN = 12
LOST_CODES = (
    "TRUNCATED", "DICOM_UNREADABLE", "DUP_CONFLICT", "PIXELS_MISSING", "NO_PERMISSION", "ZIP_LIMIT",
    "ROI_UNREADABLE",
)  # fmt: skip
"""A study that lost one of its files may have lost the volume that was meant: never ``ok``."""


def record_of(
    blank: StudyRecord,
    volume: "Volume",
    laid: "LaidRegions",
    spheres: "ReferenceSpheres",
    measurements: tuple[Measurement, ...],
) -> StudyRecord:
    """Fill the blank record: what was measured, on which regions and spheres, with what flags."""
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


def judged(record: StudyRecord) -> StudyRecord:
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


def without_emission(blank: StudyRecord) -> StudyRecord:
    """Fail a study that holds no volume to measure, by the weightiest reason that is known."""
    errors = [flag for flag in blank.flags if flag.severity is Severity.ERROR]
    first = errors[0] if errors else Flag("NO_EMISSION")
    info = CODES[first.code]
    rest = tuple(flag for flag in blank.flags if flag is not first)
    message = f"{info.sentence} Found: {first.detail or 'none'}. Next step: {info.action}"
    return failed(replace(blank, flags=rest), first.code, message)
