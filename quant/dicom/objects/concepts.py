"""Codes of what is measured, of its units and of what was found, for DICOM objects.

Values that DICOM or IBSI name have their codes. All others, ratios of counts first, stand under
the private scheme :data:`SCHEME` by the name that they have in the tables. A ratio of two SUV
is a lesion to background SUV ratio (126039 DCM) whose measurement method is the private code.

References
----------
DICOM PS3.16: TID 300, 1411, 1500; CID 7180, 7464, 7469, 7477; CID 83 (units, UCUM).
"""

import hashlib
from dataclasses import dataclass

from quant.domain.region import Role
from quant.domain.units import SUV_UNITS, Unit

SCHEME = "99SPECTQUANT"
SCHEME_NAME = "spectct-quant: names of the columns in docs/columns.md"

Code = tuple[str, str, str]
"""Value, scheme and meaning (at most 64 characters)."""

MEAN: Code = ("373098007", "SCT", "Mean")
MAXIMUM: Code = ("56851009", "SCT", "Maximum")
DEVIATION: Code = ("386136009", "SCT", "Standard Deviation")
PEAK: Code = ("126031", "DCM", "Peak Value Within ROI")

ACTIVITY: Code = ("110821", "DCM", "Nuclear Medicine Tomographic Activity")
SUV_RATIO: Code = ("126039", "DCM", "Lesion to Background SUV Ratio")

NEOPLASM: Code = ("108369006", "SCT", "Neoplasm")
LESION: Code = ("52988006", "SCT", "Lesion")
REFERENCE_REGION: Code = ("C94970", "NCIt", "Reference Region")
ABNORMAL: Code = ("49755003", "SCT", "Morphologically Abnormal Structure")
SPATIAL: Code = ("309825002", "SCT", "Spatial and Relational Concept")

LIVER: Code = ("10200004", "SCT", "Liver")
SKELETAL_MUSCLE: Code = ("127954009", "SCT", "Skeletal muscle")
LEFT: Code = ("7771000", "SCT", "Left")
RIGHT: Code = ("24028007", "SCT", "Right")

DERIVATION: Code = ("121401", "DCM", "Derivation")
MEASUREMENT_METHOD: Code = ("370129005", "SCT", "Measurement Method")
INTERVAL_LOW: Code = ("interval_low", SCHEME, "Lower end of the interval")
INTERVAL_MEDIAN: Code = ("interval_median", SCHEME, "Median of what the interval covers")
INTERVAL_HIGH: Code = ("interval_high", SCHEME, "Upper end of the interval")
INTERVAL_COVERS: Code = ("interval_covers", SCHEME, "What the interval covers")
METHOD: Code = ("method", SCHEME, "How the value was made")
FLAG: Code = ("flag", SCHEME, "Flag")
ABSENT: Code = ("absent", SCHEME, "Measurement without a value")

NM_PROCEDURE: Code = ("105371005", "SCT", "Single photon emission computerized tomography")
PT_PROCEDURE: Code = ("44136-0", "LN", "PET unspecified body region")

PLACES: dict[Role, tuple[Code, Code | None]] = {
    Role.LIVER: (LIVER, None),
    Role.MUSCLE_LEFT: (SKELETAL_MUSCLE, LEFT),
    Role.MUSCLE_RIGHT: (SKELETAL_MUSCLE, RIGHT),
}
"""Organ and side in which a reference sphere lies."""

_IBSI: dict[str, Code] = {
    "mesh_volume_ml": ("RNU0", "IBSI", "Volume of Mesh"),
    "surface_area_mm2": ("C0JK", "IBSI", "Surface Area of Mesh"),
    "asphericity": ("25C7", "IBSI", "Asphericity"),
    "sphericity": ("QCFX", "IBSI", "Sphericity"),
    "max_diameter_mm": ("L0JK", "IBSI", "Maximum 3D Diameter of a Mesh"),
}

_UPTAKE: dict[str, Code] = {"max": MAXIMUM, "mean": MEAN, "sd": DEVIATION, "peak": PEAK}

_VOLUME: Code = ("118565006", "SCT", "Volume")

_UNITS: dict[str, Code] = {
    "1": ("1", "UCUM", "no units"),
    "ml": ("ml", "UCUM", "milliliter"),
    "mm": ("mm", "UCUM", "millimeter"),
    "mm2": ("mm2", "UCUM", "square millimeter"),
    Unit.COUNTS: ("{counts}", "UCUM", "counts"),
    Unit.COUNT_RATE: ("{counts}/s", "UCUM", "counts per second"),
    Unit.BQ_PER_ML: ("Bq/ml", "UCUM", "Becquerels/milliliter"),
    Unit.RELATIVE: ("{propcounts}", "UCUM", "proportional to counts"),
    Unit.SUV_BW: ("g/ml{SUVbw}", "UCUM", "Standardized Uptake Value body weight"),
    Unit.SUV_LBM: ("g/ml{SUVlbm}", "UCUM", "Standardized Uptake Value lean body mass"),
    Unit.SUV_LBM_JAMES128: (
        "g/ml{SUVlbm(James128)}", "UCUM", "Standardized Uptake Value lean body mass (James 128)",
    ),
    Unit.SUV_LBM_JANMA: (
        "g/ml{SUVlbm(Janma)}", "UCUM", "Standardized Uptake Value lean body mass (Janma)",
    ),
    Unit.SUV_BSA: ("cm2/ml{SUVbsa}", "UCUM", "Standardized Uptake Value body surface area"),
    Unit.SUV_IBW: ("g/ml{SUVibw}", "UCUM", "Standardized Uptake Value ideal body weight"),
}  # fmt: skip

_SUV: dict[str, Code] = {
    Unit.SUV_BW: ("126401", "DCM", "SUVbw"),
    Unit.SUV_LBM: ("126402", "DCM", "SUVlbm"),
    Unit.SUV_LBM_JAMES128: ("126402", "DCM", "SUVlbm"),
    Unit.SUV_LBM_JANMA: ("126402", "DCM", "SUVlbm"),
    Unit.SUV_BSA: ("126403", "DCM", "SUVbsa"),
}

_RATIO_UNIT: Code = ("{ratio}", "UCUM", "ratio")


@dataclass(frozen=True, slots=True)
class Concept:
    """How a measurement is coded: what it is, how it was derived, by which method, its unit."""

    name: Code
    unit: Code
    derivation: Code | None = None
    method: Code | None = None


def private(name: str) -> Code:
    """Return the private code of a column: its own name, or what stands for a longer one.

    Code values have 16 characters; there are longer ones (LongCodeValue), which readers of reports
    do not expect in names. A longer name gives its first 7 characters, a hyphen and 8 digits of its
    SHA-256; the meaning is the name.
    """
    if len(name) > 16:
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        return f"{name[:7]}-{digest}", SCHEME, name[:64]
    return name, SCHEME, name


def concept_of(name: str, unit: str, uptake_unit: str, ratios: frozenset[str]) -> Concept:
    """Code a measurement.

    Parameters
    ----------
    name : str
        Column name, for instance ``tumour_max`` or ``tmax_lmax``.
    unit : str
        Its own unit.
    uptake_unit : str
        Unit of the emission volume.
    ratios : frozenset of str
        Names that are ratios of uptake.
    """
    if name in ratios:
        if uptake_unit in SUV_UNITS:
            return Concept(SUV_RATIO, _RATIO_UNIT, method=private(name))
        return Concept(private(name), _RATIO_UNIT)
    if name in _IBSI:
        return Concept(_IBSI[name], unit_code(unit))
    of, _, what = name.rpartition("_")
    if what in _UPTAKE and of in ("tumour", "liver", "muscle", "muscle_left", "muscle_right"):
        return Concept(_SUV.get(uptake_unit, ACTIVITY), unit_code(unit), _UPTAKE[what])
    if name.endswith("_volume_ml"):
        return Concept(_VOLUME, unit_code(unit))
    return Concept(private(name), unit_code(unit))


def unit_code(unit: str) -> Code:
    """Return the UCUM code of a unit; one that UCUM does not have becomes an annotation."""
    return _UNITS.get(unit, (f"{{{unit}}}", "UCUM", unit[:64]))
