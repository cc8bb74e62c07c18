"""The column table: name, unit, type and meaning of every column that the engine writes.

One data structure makes the headers of the CSV files, the Parquet schemas and the documentation
(``docs/columns.md``, checked by a test).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from quant.domain.record import RegionSummary, StudyRecord
from quant.measure.ratios import RATIOS

Cell = str | int | float | None


class ColumnType(StrEnum):
    """Type of a column in Parquet and in data frames."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    ``unit`` is ``unit`` where the column is in the unit that the row's own column ``unit`` names,
    and empty for text. ``read`` takes the record and, in the lesion table, the region.
    """

    name: str
    unit: str
    type: ColumnType
    description: str
    read: Callable[[StudyRecord, RegionSummary | None], Cell]


def _fact(
    name: str, description: str, read: Callable[[StudyRecord, RegionSummary | None], Cell]
) -> Column:
    return Column(name, "", ColumnType.TEXT, description, read)


def _measured(
    name: str, unit: str, description: str, kind: ColumnType = ColumnType.NUMBER
) -> Column:
    def read(record: StudyRecord, region: RegionSummary | None) -> Cell:
        try:
            return record.value(name, region.name if region is not None else None)
        except KeyError:
            return None

    return Column(name, unit, kind, description, read)


_BOUNDS = {"low": "Lower end", "median": "Median", "high": "Upper end"}


def _bound(ratio: str, end: str) -> Column:
    def read(record: StudyRecord, region: RegionSummary | None) -> Cell:
        try:
            interval = record.interval(ratio, region.name if region is not None else None)
        except KeyError:
            return None
        if interval is None:
            return None
        return {"low": interval.low, "median": interval.median, "high": interval.high}[end]

    text = f"{_BOUNDS[end]} of the 90 % interval of {ratio} over admissible reference positions"
    return Column(f"{ratio}_{end}", "1", ColumnType.NUMBER, text, read)


def joined_flags(record: StudyRecord, region: RegionSummary | None = None) -> str:
    """Codes of a study, or of one region and its measurements, sorted and joined by ``;``."""
    if region is not None:
        codes = {flag.code for flag in region.flags}
        mine = [one for one in record.measurements if one.roi == region.name]
    else:
        codes = {flag.code for flag in record.flags}
        mine = list(record.measurements)
    codes |= {flag.code for one in mine for flag in one.flags}
    return ";".join(sorted(codes))


_IDENTITY = (
    _fact("study_uid", "DICOM StudyInstanceUID", lambda record, _: record.study_uid),
    _fact(
        "series_uid",
        "DICOM SeriesInstanceUID of the emission volume",
        lambda record, _: record.series_uid,
    ),
    _fact(
        "subject_key",
        "Keyed hash of the patient's identifier",
        lambda record, _: record.subject_key,
    ),
)

_CONTEXT = (
    _fact("modality", "NM or PT", lambda record, _: record.modality),
    _fact(
        "unit",
        "Unit of the uptake columns: counts, Bq/ml, SUVbw or relative",
        lambda record, _: record.unit,
    ),
    _fact(
        "radionuclide", "Radionuclide, for instance I-123", lambda record, _: record.radionuclide
    ),
)

_UPTAKE = (
    _measured("tumour_max", "unit", "Tmax: largest value of voxels at least half inside"),
    _measured("tumour_mean", "unit", "Tmean: mean weighted by the part of the voxel inside"),
    _measured("tumour_sd", "unit", "Weighted standard deviation"),
    _measured("tumour_peak", "unit", "Tpeak: highest mean in a 1 ml sphere centred in the region"),
    _measured("tumour_voxels", "1", "Voxels at least half inside", ColumnType.INTEGER),
    _measured("tumour_volume_ml", "ml", "Sum of weights times voxel volume"),
)


def _sphere(role: str, what: str) -> tuple[Column, ...]:
    return (
        _measured(f"{role}_max", "unit", f"Largest value in {what}"),
        _measured(f"{role}_mean", "unit", f"Mean in {what}"),
        _measured(f"{role}_sd", "unit", f"Standard deviation in {what}"),
        _measured(f"{role}_x_mm", "mm", f"Centre of {what}, LPS x"),
        _measured(f"{role}_y_mm", "mm", f"Centre of {what}, LPS y"),
        _measured(f"{role}_z_mm", "mm", f"Centre of {what}, LPS z"),
        _measured(f"{role}_volume_ml", "ml", f"Realised volume of {what}"),
        _measured(
            f"{role}_inside",
            "1",
            f"Purity of {what}: part of its weight on organ tissue, voxel by voxel",
        ),
    )


_SPHERES = (
    *_sphere("liver", "the 30 ml liver sphere"),
    *_sphere("muscle_left", "the left 10 ml muscle sphere"),
    *_sphere("muscle_right", "the right 10 ml muscle sphere"),
    _measured("muscle_max", "unit", "Mmax: average of the two sides' maxima"),
    _measured("muscle_mean", "unit", "Mmean: average of the two sides' means"),
)

_RATIOS = tuple(
    column
    for ratio in RATIOS
    for column in (
        _measured(ratio.name, "1", f"{ratio.tumour} / {ratio.reference}"),
        _bound(ratio.name, "low"),
        _bound(ratio.name, "median"),
        _bound(ratio.name, "high"),
    )
)


def _verdict(record: StudyRecord, region: RegionSummary | None) -> Cell:
    chosen = region if region is not None else record.primary
    mine = [one for one in record.passports if chosen is not None and one.roi == chosen.name]
    return mine[0].verdict.code if mine else None


_SHAPE = (
    _measured("mesh_volume_ml", "ml", "Volume of the closed mesh at 0.5 (IBSI RNU0)"),
    _measured("surface_area_mm2", "mm2", "Area of the same mesh (IBSI C0JK)"),
    _measured("asphericity", "1", "(S^3/(36 pi V^2))^(1/3) - 1 of that mesh, a fraction (25C7)"),
    _measured("sphericity", "1", "1 / (asphericity + 1) (IBSI QCFX)"),
    _measured(
        "asphericity_corrected", "1", "Discretisation-corrected: plane-fitted area, voxel volume"
    ),
    _measured("surface_area_corrected_mm2", "mm2", "Plane-fitted 2x2x2 weighted surface area"),
    _measured(
        "asphericity_floor", "1", "Asphericity of a digital sphere of the same volume and grid"
    ),
    _measured("asphericity_floor_sd", "1", "SD of that over sub-voxel positions"),
    _measured("asphericity_excess", "1", "asphericity - asphericity_floor"),
    _measured("asphericity_floor_psf", "1", "Floor of that sphere blurred by the stated PSF"),
    _measured("asphericity_corrected_floor", "1", "What asphericity_corrected is of that sphere"),
    _measured("asphericity_corrected_floor_sd", "1", "SD of that over sub-voxel positions"),
    _measured(
        "asphericity_corrected_excess", "1", "asphericity_corrected - asphericity_corrected_floor"
    ),
    _measured(
        "asphericity_smoothed", "1", "Isosurface of the smoothed weights that keeps the volume"
    ),
    _measured(
        "asphericity_weights", "1", "Isosurface of the fractional weights that keeps the volume"
    ),
    _measured("asphericity_crofton", "1", "Crofton area along 13 directions, voxel volume"),
    _fact(
        "asphericity_verdict",
        "ASP_RESOLVED, ASP_RESOLUTION_UNSTATED or ASP_UNRELIABLE: is the region large enough?",
        _verdict,
    ),
    _measured("equivalent_diameter_mm", "mm", "Diameter of the ball of the region's volume"),
    _measured("diameter_over_fwhm", "1", "That over the stated resolution"),
    _measured("touches_edge", "1", "1 if in the outermost layer, else 0", ColumnType.INTEGER),
    _measured("max_diameter_mm", "mm", "Largest distance of two mesh vertices (IBSI L0JK)"),
    _measured("components", "1", "Connected parts of the region", ColumnType.INTEGER),
    _measured("holes", "1", "Enclosed cavities", ColumnType.INTEGER),
    _measured("tunnels", "1", "Holes through the region, as of a ring", ColumnType.INTEGER),
    _measured("euler_number", "1", "Euler number of the region", ColumnType.INTEGER),
)

_TRACE = (
    _fact("protocol", "Name of the protocol", lambda record, _: record.protocol_name),
    _fact(
        "protocol_hash",
        "SHA-256 of the protocol's settings",
        lambda record, _: record.protocol_hash,
    ),
    _fact("input_hash", "SHA-256 of the study's files", lambda record, _: record.input_hash),
    _fact(
        "version",
        "Version of the engine",
        lambda record, _: record.versions.get("spectct-quant", ""),
    ),
)

STUDY_COLUMNS: tuple[Column, ...] = (
    *_IDENTITY,
    _fact("status", "ok, partial or failed", lambda record, _: str(record.status)),
    _fact("flags", "Codes of everything flagged, joined by ;", lambda r, _: joined_flags(r)),
    *_CONTEXT,
    _fact(
        "tumour_name",
        "Name of the primary tumour's region",
        lambda record, _: record.primary.name if record.primary else None,
    ),
    *_UPTAKE,
    *_SPHERES,
    *_RATIOS,
    *_SHAPE,
    *_TRACE,
)
"""Columns of ``studies.csv`` and ``studies.parquet``: one row per emission volume measured."""

LESION_COLUMNS: tuple[Column, ...] = (
    *_IDENTITY,
    _fact("roi", "Name of the region", lambda _, region: region.name if region else None),
    _fact("role", "tumour or lesion", lambda _, region: region.role if region else None),
    Column(
        "is_primary",
        "1",
        ColumnType.INTEGER,
        "1 for the primary tumour, else 0",
        lambda _, region: int(region.is_primary) if region else None,
    ),
    _fact("source", "Format of the region", lambda _, region: region.source if region else None),
    _fact("rule", "How weights were made", lambda _, region: region.rule if region else None),
    Column(
        "clipped_fraction",
        "1",
        ColumnType.NUMBER,
        "Part of the region outside the emission volume",
        lambda _, region: region.clipped_fraction if region else None,
    ),
    _fact("flags", "Codes of this region, joined by ;", joined_flags),
    *_CONTEXT,
    *_UPTAKE,
    *_RATIOS,
    *_SHAPE,
    *_TRACE,
)
"""Columns of ``lesions.csv`` and ``lesions.parquet``: one row per tumour or lesion region.

Names mean the same as in the table of studies: ``tumour_max`` is the maximum in the row's region.
"""

LONG_COLUMNS: tuple[tuple[str, str, ColumnType, str], ...] = (
    ("study_uid", "", ColumnType.TEXT, "DICOM StudyInstanceUID"),
    ("series_uid", "", ColumnType.TEXT, "DICOM SeriesInstanceUID of the emission volume"),
    ("roi", "", ColumnType.TEXT, "Region or sphere"),
    ("name", "", ColumnType.TEXT, "Name of the measurement"),
    ("value", "", ColumnType.NUMBER, "Value; empty when absent, then flags say why"),
    ("unit", "", ColumnType.TEXT, "Unit of the value"),
    ("method", "", ColumnType.TEXT, "How the value was made"),
    ("low", "", ColumnType.NUMBER, "Lower end of the interval, where there is one"),
    ("median", "", ColumnType.NUMBER, "Median of what the interval covers"),
    ("high", "", ColumnType.NUMBER, "Upper end of the interval"),
    ("covers", "", ColumnType.TEXT, "What the interval covers"),
    ("flags", "", ColumnType.TEXT, "Codes, joined by ;"),
    ("version", "", ColumnType.TEXT, "Version of the engine"),
    ("protocol", "", ColumnType.TEXT, "Name of the protocol"),
)
"""Columns of ``measurements.parquet``: one row per measurement."""


TABLE_COLUMNS: dict[str, tuple[Column, ...]] = {
    "studies": STUDY_COLUMNS,
    "lesions": LESION_COLUMNS,
    "measurements": tuple(Column(*row, read=lambda _record, _region: None) for row in LONG_COLUMNS),
}
"""Columns by the table's name."""


def columns_as_markdown() -> str:
    """Write the documentation of all columns."""
    lines = [
        "# Columns",
        "",
        "Made from the column table in `quant/report/columns.py`",
        "(`quant columns --markdown`); a test keeps it true.",
        "Uptake columns are in the unit that the column `unit` names. An empty cell has a code in",
        "`flags` that says why.",
    ]
    long = tuple(Column(*row, read=lambda _record, _region: None) for row in LONG_COLUMNS)
    tables = (
        ("studies.csv, studies.parquet", STUDY_COLUMNS),
        ("lesions.csv, lesions.parquet", LESION_COLUMNS),
        ("measurements.parquet", long),
    )
    for title, columns in tables:
        lines += [
            "",
            f"## {title}",
            "",
            "| column | unit | type | meaning |",
            "| --- | --- | --- | --- |",
        ]
        lines += [f"| `{c.name}` | {c.unit} | {c.type} | {c.description} |" for c in columns]
    return "\n".join(lines) + "\n"
