"""What the page of a study shows of its record."""

from quant.domain.flags import CODES, Flag
from quant.domain.record import LESION_ROLES, RegionSummary, StudyRecord
from quant.domain.units import Unit
from quant.report.flagged import explained
from quant.report.ratios import RatioRow, answers, chances, ratio_rows

ABSENT = "\u2013"
"""An en dash stands for an absent value."""

LESION_VALUES = ("tumour_max", "tumour_mean", "tumour_peak", "tmax_lmax", "asphericity")

SUMMARY = (
    ("tumour_max", "Tmax", "unit"),
    ("tumour_mean", "Tmean", "unit"),
    ("tumour_peak", "Tpeak (1 ml)", "unit"),
    ("tumour_volume_ml", "Tumour volume", "ml"),
    ("mesh_volume_ml", "Mesh volume", "ml"),
    ("surface_area_mm2", "Surface area", "mm²"),
    ("asphericity", "Asphericity (IBSI)", ""),
    ("asphericity_corrected", "Asphericity, corrected", ""),
    ("asphericity_floor", "Floor: digital sphere", ""),
    ("asphericity_excess", "Excess over the floor", ""),
    ("asphericity_smoothed", "Asphericity, smoothed isosurface", ""),
    ("max_diameter_mm", "Maximum 3D diameter", "mm"),
    ("components", "Parts", ""),
)


def number(value: float | None) -> str:
    """Four significant digits for people, whole numbers as they are; a dash where absent."""
    if value is None:
        return ABSENT
    if isinstance(value, int):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 10000 else f"{value:#.4g}".rstrip(".")


def study_view(record: StudyRecord) -> dict[str, object]:
    """Everything that the page shows of one study."""
    names = {one.name for one in record.measurements}
    ratios = ratio_rows(record)
    uptake_unit = "" if record.unit == Unit.RELATIVE else record.unit
    shape = [
        (label, record.value(name), uptake_unit if unit == "unit" else unit)
        for name, label, unit in SUMMARY
        if name in names
    ]
    return {
        "record": record,
        "uptake_unit": uptake_unit,
        "covers": _coverage(ratios),
        "ratios": ratios,
        "with_noise": any(row.noise is not None for row in ratios),
        "chances": chances(record),
        "answers": answers(ratios),
        "shape": shape,
        "verdict": _verdict(record),
        "spheres": [
            (sphere, _sphere_values(record, str(sphere.role))) for sphere in record.spheres
        ],
        "regions": [(region, _region_values(record, region)) for region in record.regions],
        "flags": _explained(record),
        "traces": _traces(record),
    }


def _coverage(ratios: list[RatioRow]) -> str:
    """Which part the intervals of the ratios cover, as the record says it."""
    covered = [row.measured.interval.covers for row in ratios if row.measured.interval]
    return covered[0].split(" of ")[0].replace("%", "\u00a0%") if covered else ""


def _verdict(record: StudyRecord) -> str:
    """How far the primary tumour's asphericity is to be trusted; empty without one."""
    primary = record.primary
    words = [one.words for one in record.passports if primary and one.roi == primary.name]
    return words[0] if words else ""


def _sphere_values(record: StudyRecord, role: str) -> dict[str, float | int | None]:
    what = ("mean", "max", "sd", "volume_ml")
    return {name: record.value(f"{role}_{name}") for name in what}


def _region_values(record: StudyRecord, region: RegionSummary) -> list[float | int | None]:
    """Maximum, mean, peak, Tmax/Lmax and asphericity of a tumour or lesion; blanks for organs."""
    if region.role not in LESION_ROLES:
        return []
    mine = {one.name: one.value for one in record.measurements if one.roi == region.name}
    return [mine.get(name) for name in LESION_VALUES]


def _explained(record: StudyRecord) -> list[tuple[Flag, str, str, str]]:
    """Each code once: with what was found, severity, meaning and what to do, the worst first."""
    return [
        (flag, str(flag.severity), CODES[flag.code].sentence, CODES[flag.code].action)
        for flag in explained(record)
    ]


def _traces(record: StudyRecord) -> list[tuple[str, str]]:
    """Return what the numbers were made from and by what: facts of the images, hashes, versions."""
    rows = [(key, value) for key, value in record.facts.items() if value]
    rows += [("protocol", record.protocol_name), ("protocol hash", record.protocol_hash)]
    rows += [("input hash", record.input_hash)]
    rows += [(f"version of {name}", version) for name, version in record.versions.items()]
    return [(key, value) for key, value in rows if value]
