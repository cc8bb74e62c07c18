"""DICOM SR: Comprehensive 3D SR by template 1500, with every measurement of a record.

One measurement group a segment (template 1411), and one for what belongs to none (template 1501):
averages over two spheres, and the flags of the study. A measurement's method, its interval and
its flags are properties of its numeric item; a measurement without a value is a text that says
why, since no number stands for it.
"""

import hashlib
from typing import TYPE_CHECKING, Any, get_args

from quant.dicom.objects.concepts import (
    ABSENT,
    DERIVATION,
    FLAG,
    INTERVAL_COVERS,
    INTERVAL_HIGH,
    INTERVAL_LOW,
    INTERVAL_MEDIAN,
    MEASUREMENT_METHOD,
    METHOD,
    NM_PROCEDURE,
    PT_PROCEDURE,
    SCHEME,
    SCHEME_NAME,
    Code,
    concept_of,
)
from quant.dicom.objects.form import MAKER, SERIAL, SERIES_SR, Measured, blank_image, finished
from quant.dicom.objects.items import (
    CONTAINS,
    code_item,
    encoded_tree,
    number_item,
    text_item,
    with_content,
)
from quant.dicom.objects.segmentation import SEGMENTATION
from quant.domain.flags import CODES
from quant.domain.protocol import RatioName
from quant.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydicom.dataset import Dataset

    from quant.dicom.objects.segments import Segment
    from quant.domain.flags import Flag
    from quant.domain.measurement import Interval, Measurement

STUDY_LABEL = "Study"

RATIOS = frozenset(
    f"{name}{end}" for name in get_args(RatioName) for end in ("", "_noise", "_placement_noise")
)
"""Measurements that divide one uptake by another."""


def write_measurements(
    measured: Measured, segments: "Sequence[Segment]", segmentation_uid: str
) -> bytes:
    """Make a DICOM Structured Report of a study.

    Parameters
    ----------
    measured : Measured
    segments : sequence of Segment
        Those of the segmentation.
    segmentation_uid : str
        Its SOPInstanceUID; empty when there is none.

    Returns
    -------
    bytes
        The file; the same study gives the same bytes.

    References
    ----------
    DICOM PS3.3 A.35.13; PS3.16 TID 1500, 1411, 1501, 300.
    """
    from highdicom.sr import Comprehensive3DSR

    evidence = _evidence(measured, segmentation_uid)
    report = _report(measured, segments, segmentation_uid)
    digest = hashlib.sha256(repr(measured.record.measurements).encode()).hexdigest()
    data = Comprehensive3DSR(
        evidence=evidence,
        content=report[0],
        is_complete=True,
        series_description="Measurements (spectct-quant)",
        **measured.sop_arguments("measurements", SERIES_SR, digest, segmentation_uid),
    )
    data.CodingSchemeIdentificationSequence = [_scheme()]
    content_items = _content(data, measured, segments)
    del data.ContentSequence
    return with_content(finished(data, measured), content_items)


def _content(data: "Dataset", measured: Measured, segments: "Sequence[Segment]") -> list[bytes]:
    """Encode the tree that highdicom made, with the measurements in its groups."""
    (container,) = (one for one in data.ContentSequence if one.ValueType == "CONTAINER")
    *own, last = container.ContentSequence
    extra = {
        id(group): _items_of_segment(measured, segment)
        for group, segment in zip(own, segments, strict=True)
    }
    extra[id(last)] = _items_of_study(measured, {one.roi for one in segments})
    return [encoded_tree(one, extra) for one in data.ContentSequence]


def _evidence(measured: Measured, segmentation_uid: str) -> "list[Dataset]":
    """Return stand-ins of the images that were measured, and of the segmentation."""
    found = []
    for uid, sop_class in measured.source.sop_classes.items():
        image = blank_image(measured)
        image.SOPClassUID, image.SOPInstanceUID = sop_class, uid
        found.append(image)
    if segmentation_uid:
        other = blank_image(measured)
        other.SOPClassUID, other.SOPInstanceUID = SEGMENTATION, segmentation_uid
        other.SeriesInstanceUID, other.Modality = measured.uid("segmentation"), "SEG"
        found.append(other)
    return found


def _scheme() -> "Dataset":
    import pydicom

    item = pydicom.Dataset()
    item.CodingSchemeDesignator = SCHEME
    item.CodingSchemeName = SCHEME_NAME
    item.CodingSchemeVersion = VERSION
    item.CodingSchemeResponsibleOrganization = f"{MAKER} developers"
    return item


def _report(measured: Measured, segments: "Sequence[Segment]", segmentation_uid: str) -> Any:  # noqa: ANN401 - highdicom has no types
    from highdicom import sr
    from pydicom.sr.codedict import codes

    device = sr.DeviceObserverIdentifyingAttributes(
        uid=measured.uid("observer"),
        name=MAKER,
        manufacturer_name=MAKER,
        model_name=MAKER,
        serial_number=SERIAL,
    )
    observer = sr.ObserverContext(codes.DCM.Device, device)
    is_nm = measured.record.modality == "NM"
    groups = [_segment_group(measured, one, segmentation_uid) for one in segments]
    groups.append(_study_group(measured))
    return sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer),
        procedure_reported=sr.CodedConcept(*(NM_PROCEDURE if is_nm else PT_PROCEDURE)),
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )


def _algorithm(measured: Measured) -> Any:  # noqa: ANN401 - highdicom has no types
    from highdicom import sr

    record = measured.record
    parameters = [f"protocol {record.protocol_name}", f"protocol SHA-256 {record.protocol_hash}"]
    return sr.AlgorithmIdentification(MAKER, VERSION, parameters, manufacturer=MAKER)


def _segment_group(measured: Measured, segment: "Segment", segmentation_uid: str) -> Any:  # noqa: ANN401 - highdicom has no types
    """Return the group of a segment without its measurements."""
    from highdicom import sr

    sites = []
    if segment.place is not None:
        organ, side = segment.place
        laterality = sr.CodedConcept(*side) if side is not None else None
        sites.append(sr.FindingSite(sr.CodedConcept(*organ), laterality))
    series = sr.SourceSeriesForSegmentation(measured.source.series_uid)
    return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            measured.tracking_uid(segment.label), segment.label
        ),
        referenced_segment=sr.ReferencedSegment(
            SEGMENTATION, segmentation_uid, segment.number, source_series=series
        ),
        finding_type=sr.CodedConcept(*segment.finding),
        finding_sites=sites or None,
        algorithm_id=_algorithm(measured),
    )


def _study_group(measured: Measured) -> Any:  # noqa: ANN401 - highdicom has no types
    """Return the group of what belongs to no segment, without its measurements."""
    from highdicom import sr

    identifier = sr.TrackingIdentifier(measured.tracking_uid(STUDY_LABEL), STUDY_LABEL)
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=identifier, algorithm_id=_algorithm(measured)
    )


def _items_of_segment(measured: Measured, segment: "Segment") -> list[bytes]:
    record = measured.record
    rows = [one for one in record.measurements if one.roi == segment.roi]
    known = [one for one in record.regions if one.name == segment.roi and segment.sphere is None]
    return _items(rows, record.unit, [flag for one in known for flag in one.flags])


def _items_of_study(measured: Measured, others: set[str]) -> list[bytes]:
    """Encode averages, regions without a voxel, and flags of the study."""
    record = measured.record
    rows = [one for one in record.measurements if one.roi not in others]
    return _items(rows, record.unit, record.flags)


def _items(rows: "Sequence[Measurement]", uptake_unit: str, flags: "Iterable[Flag]") -> list[bytes]:
    """Encode measurements, then what has no number: absent ones with their reasons, and flags."""
    items = [_number(one, one.value, uptake_unit) for one in rows if one.value is not None]
    for one in rows:
        if one.value is None:
            why = "; ".join(map(_in_words, one.flags))
            of = f" of {one.roi}" if one.roi else ""
            items.append(text_item(ABSENT, f"{one.name}{of}: {why}", CONTAINS))
    return items + [text_item(FLAG, _in_words(flag), CONTAINS) for flag in dict.fromkeys(flags)]


def _number(one: "Measurement", value: float, uptake_unit: str) -> bytes:
    """Encode a measurement with derivation, method, interval and flags below it."""
    coded = concept_of(one.name, one.unit, uptake_unit, RATIOS)
    below: list[bytes] = []
    if coded.method is not None:
        below.append(code_item(MEASUREMENT_METHOD, coded.method))
    if coded.derivation is not None:
        below.append(code_item(DERIVATION, coded.derivation))
    if one.method:
        below.append(text_item(METHOD, one.method))
    if one.interval is not None:
        below += _interval(one.interval, coded.unit)
    below += [text_item(FLAG, _in_words(flag)) for flag in one.flags]
    return number_item(coded.name, value, coded.unit, tuple(below), CONTAINS)


def _interval(interval: "Interval", unit: Code) -> list[bytes]:
    ends = (
        (INTERVAL_LOW, interval.low),
        (INTERVAL_MEDIAN, interval.median),
        (INTERVAL_HIGH, interval.high),
    )
    items = [number_item(code, value, unit) for code, value in ends if value is not None]
    return [*items, text_item(INTERVAL_COVERS, interval.covers)]


def _in_words(flag: "Flag") -> str:
    """Return a flag as its code, what it means, and what was found."""
    found = f" Found: {flag.detail}." if flag.detail else ""
    return f"{flag.code}: {CODES[flag.code].sentence}{found}"
