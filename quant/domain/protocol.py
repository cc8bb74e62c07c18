"""The settings of a measurement: frozen, validated, every one with its unit and its source.

A protocol is a TOML file (:mod:`quant.pipeline.protocols` reads it); this module holds its shape.
Unknown settings are refused by name.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from quant.domain.region import RasterRule

PAPER = "Zhou et al. 2025 (seed paper), section semi-quantification"
IBSI = "IBSI reference manual, arXiv:1612.07003"
DICOM = "DICOM PS3.3 C.8.9, C.8.4.10, C.8.4.12"
HOUSE = "engine default, see DECISIONS.md"


def _setting(source: str, description: str) -> object:
    """Attach the description and the source that ``quant protocol show`` prints."""
    return Field(description=description, json_schema_extra={"source": source})


Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
SphereVolume = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
Distance = Annotated[float, Field(ge=0, le=500, allow_inf_nan=False)]
GridSize = Annotated[float, Field(ge=0.5, le=50, allow_inf_nan=False)]
Word = Annotated[str, Field(min_length=1, pattern=r"\w")]
Words = tuple[Word, ...]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Criterion(StrEnum):
    """Which admissible position is chosen.

    ``deepest``: farthest from every wall, ties to the region's centroid. ``uniform``: least
    coefficient of variation. Marked centres (a markup point) override the criterion.
    """

    DEEPEST = "deepest"
    UNIFORM = "uniform"


class PeakRule(StrEnum):
    """Which voxels count into the 1 cm3 peak sphere.

    ``fractional``: each voxel by the fraction inside the sphere. ``centres``: voxels whose centre
    lies inside (IBSI 0F91).
    """

    FRACTIONAL = "fractional"
    CENTRES = "centres"


class Settings(BaseModel):
    """Base of all settings: frozen, unknown names refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class RegionSettings(Settings):
    """How regions get their role and their weights."""

    rule: Annotated[
        RasterRule,
        _setting(HOUSE, "fractional: weight = part of the voxel inside; centre: 0 or 1"),
    ] = RasterRule.FRACTIONAL
    accept_other_frame: Annotated[
        bool,
        _setting(HOUSE, "take regions of another frame of reference as they are, flagged; "
                 "false: refuse them"),
    ] = False  # fmt: skip
    muscle: Annotated[
        Literal["autochthon", "psoas"],
        _setting(HOUSE, "which muscle beside L2 stands for 'both sides of the lumbar 2 vertebra'"),
    ] = "autochthon"
    tumour: Annotated[Words, _setting(HOUSE, "words that make a region a tumour")] = (
        "tumour",
        "tumor",
        "primary",
        "gtv",
        "mass",
        "neuroblastoma",
    )
    lesion: Annotated[Words, _setting(HOUSE, "words that make a region a lesion")] = (
        "lesion",
        "met",
        "metastasis",
        "metastases",
    )
    liver: Annotated[Words, _setting(HOUSE, "words for the liver")] = ("liver",)
    vertebra_l2: Annotated[Words, _setting(HOUSE, "words for vertebra L2")] = (
        "vertebrae_L2",
        "L2",
    )
    exclude: Annotated[Words, _setting(HOUSE, "words for regions that spheres must avoid")] = (
        "exclude",
        "vessel",
        "gallbladder",
        "cyst",
    )


WholeNumber = Annotated[int, Field(strict=True, ge=1, le=1000)]
Part = Literal["only", "sum"] | WholeNumber
"""Which of several volumes of one object: the only one there is, their sum, or the n-th."""


class EmissionSettings(Settings):
    """Which volume of an emission object that holds several is measured.

    A number counts from 1 in the order of the object; it does not apply to an object that holds
    one volume. A sum of activity concentrations or SUV is their mean. Both are flagged.
    """

    gates: Annotated[
        Part,
        _setting(HOUSE, "cardiac or respiratory gates (time slots): sum, only, or the n-th"),
    ] = "sum"
    rr_intervals: Annotated[Part, _setting(HOUSE, "R-R intervals: sum, only, or the n-th")] = "sum"
    energy_window: Annotated[
        Part, _setting(HOUSE, "energy windows: only (else refused), sum, or the n-th")
    ] = "only"
    detector: Annotated[
        Part, _setting(HOUSE, "detectors: only (else refused), sum, or the n-th")
    ] = "only"
    rotation: Annotated[
        Part, _setting(HOUSE, "rotations: only (else refused), sum, or the n-th")
    ] = "only"
    phase: Annotated[
        Part, _setting(HOUSE, "phases of a dynamic study: only (else refused), sum, or the n-th")
    ] = "only"


class SphereSettings(Settings):
    """How a reference sphere is placed."""

    volume_ml: Annotated[SphereVolume, _setting(PAPER, "volume of the sphere, ml")]
    criterion: Annotated[Criterion, _setting(HOUSE, "which admissible position is taken")] = (
        Criterion.DEEPEST
    )
    refine: Annotated[
        bool, _setting(HOUSE, "is the centre sought within the voxel, or is it the voxel's centre?")
    ] = True
    inside_fraction: Annotated[
        Fraction, _setting(HOUSE, "least fraction of the sphere inside the organ")
    ] = 0.999
    edge_distance_mm: Annotated[
        Distance,
        _setting(HOUSE, "least distance from the sphere to the organ's edge, mm"),
    ] = 0.0
    lesion_distance_mm: Annotated[
        Distance,
        _setting(HOUSE, "least distance from the sphere to tumour, lesions, excluded regions, mm"),
    ] = 10.0
    focus_sigma: Annotated[
        Positive,
        _setting(HOUSE, "a voxel this many robust SD above the organ's median is a focus"),
    ] = 5.0
    focus_contrast: Annotated[
        NotNegative,
        _setting(HOUSE, "... and at least this fraction of the median above it"),
    ] = 0.05
    adaptive: Annotated[
        bool, _setting(HOUSE, "may the sphere shrink to fit an organ that is too small?")
    ] = False
    least_volume_ml: Annotated[
        SphereVolume, _setting(HOUSE, "smallest sphere that an adaptive radius may give, ml")
    ] = 1.0
    least_inside_fraction: Annotated[
        Fraction,
        _setting(HOUSE, "below this fraction inside the organ, a sphere is not placed at all"),
    ] = 0.75


class UptakeSettings(Settings):
    """How uptake in the tumour is read."""

    peak_volume_ml: Annotated[SphereVolume, _setting(IBSI, "volume of the peak sphere, ml")] = 1.0
    peak_rule: Annotated[PeakRule, _setting(HOUSE, "which voxels count into the peak")] = (
        PeakRule.FRACTIONAL
    )


class MorphologySettings(Settings):
    """How shape is measured."""

    grid_mm: Annotated[
        GridSize | None,
        _setting(IBSI, "resample the mask to this isotropic grid before meshing, mm; none: as is"),
    ] = None
    psf_fwhm_mm: Annotated[
        GridSize | None,
        _setting(HOUSE, "resolution of the images (full width at half maximum), mm, to judge "
                 "whether a region is large enough for its shape; none: not stated"),
    ] = None  # fmt: skip


RatioName = Literal[
    "tmax_lmax", "tmean_lmean", "tmax_lmean", "tmax_mmax", "tmean_mmean", "tpeak_lmean"
]


class NoiseSource(StrEnum):
    """Whether intervals under counting noise are made beside those over positions."""

    NONE = "none"
    BOOTSTRAP = "bootstrap"


class IntervalSettings(Settings):
    """How intervals are made: over admissible reference positions, and under counting noise."""

    coverage: Annotated[
        Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)],
        _setting(HOUSE, "part of the positions, or of the replicates, that an interval covers"),
    ] = 0.90
    cutoffs: Annotated[
        dict[RatioName, Annotated[float, Field(allow_inf_nan=False)]],
        AfterValidator(lambda given: dict(sorted(given.items()))),
        _setting(HOUSE, "P(ratio > cut-off) is given for these; none: published cut-offs belong to "
                 "their estimator, nuclide and endpoint"),
    ] = {}  # fmt: skip
    noise: Annotated[
        NoiseSource, _setting(HOUSE, "bootstrap: also intervals under counting noise")
    ] = NoiseSource.NONE
    noise_cov: Annotated[
        NotNegative | None,
        _setting(HOUSE, "SD over mean of single voxels in the liver sphere by noise alone; none: "
                 "estimated there"),
    ] = None  # fmt: skip
    noise_fwhm_mm: Annotated[
        Annotated[float, Field(ge=0, le=50, allow_inf_nan=False)] | None,
        _setting(HOUSE, "FWHM of the Gaussian that makes the noise's correlation out of white "
                 "noise, mm; none: estimated in the liver sphere"),
    ] = None  # fmt: skip
    replicates: Annotated[
        Annotated[int, Field(strict=True, ge=50, le=100_000)],
        _setting(HOUSE, "number of noise images"),
    ] = 500
    seed: Annotated[
        Annotated[int, Field(strict=True, ge=0)],
        _setting(HOUSE, "joined with the hashes of protocol and input to seed the noise"),
    ] = 0


class WantedQuantity(StrEnum):
    """What the values of the emission volume shall be.

    ``stored``: what the file states. The others are units, see :class:`quant.domain.units.Unit`;
    a volume that cannot be brought there keeps the unit that its file states, with the reason.
    """

    STORED = "stored"
    COUNT_RATE = "counts/s"
    BQ_PER_ML = "Bq/ml"
    SUV_BW = "SUVbw"
    SUV_LBM = "SUVlbm"
    SUV_LBM_JAMES128 = "SUVlbm(James128)"
    SUV_LBM_JANMA = "SUVlbm(Janma)"
    SUV_BSA = "SUVbsa"
    SUV_IBW = "SUVibw"


class DecayReference(StrEnum):
    """To which moment the activity in an NM reconstruction belongs; NM files do not say.

    ``uncorrected``: mean over the acquisition, which began at AcquisitionTime.
    """

    UNSTATED = "unstated"
    ACQUISITION_START = "acquisition_start"
    ADMINISTRATION = "administration"
    UNCORRECTED = "uncorrected"


class CalibrationSettings(Settings):
    """From stored values to the wanted quantity; what is not stated here or there is refused."""

    quantity: Annotated[
        WantedQuantity,
        _setting(HOUSE, "unit of the emission volume; stored: what the file states"),
    ] = WantedQuantity.STORED
    dose_unit: Annotated[
        Literal["header", "Bq", "kBq", "MBq"],
        _setting(DICOM, "unit of RadionuclideTotalDose; header: Bq in PT, MBq in NM objects"),
    ] = "header"
    assume_scan_day: Annotated[
        bool,
        _setting(HOUSE, "may an administration time without a date mean the day of the scan when "
                 "other days are possible (long half-lives)?"),
    ] = False  # fmt: skip
    nm_decay_reference: Annotated[
        DecayReference,
        _setting(HOUSE, "moment to which the activity in an NM reconstruction belongs, for SUV"),
    ] = DecayReference.UNSTATED
    nm_unstated_values: Annotated[
        Literal["relative", "counts"],
        _setting(HOUSE, "what the values of an NM reconstruction without a unit are"),
    ] = "relative"
    voxel_counts: Annotated[
        Literal["unstated", "total", "per_projection"],
        _setting(HOUSE, "counts in a voxel: of all projections, or divided by their number"),
    ] = "unstated"
    frames_in_rotation: Annotated[
        Literal["unstated", "per_head", "all_heads"],
        _setting(DICOM, "what NumberOfFramesInRotation counts: frames of each head, or of all"),
    ] = "unstated"
    heads: Annotated[
        Annotated[int, Field(ge=1, le=12)] | None,
        _setting(HOUSE, "number of heads that acquired at once; none: not stated"),
    ] = None
    sensitivity_cps_per_mbq: Annotated[
        Positive | None,
        _setting(HOUSE, "sensitivity of all heads together, counts per second and MBq; none: "
                 "not stated"),
    ] = None  # fmt: skip


class StudyProtocol(Settings):
    """All settings of one measurement."""

    name: Annotated[str, _setting(HOUSE, "name of the protocol")]
    description: Annotated[str, _setting(HOUSE, "what it is for")] = ""
    emission: EmissionSettings = EmissionSettings()
    regions: RegionSettings = RegionSettings()
    liver_sphere: SphereSettings = SphereSettings(volume_ml=30.0, edge_distance_mm=5.0)
    muscle_sphere: SphereSettings = SphereSettings(volume_ml=10.0)
    uptake: UptakeSettings = UptakeSettings()
    morphology: MorphologySettings = MorphologySettings()
    intervals: IntervalSettings = IntervalSettings()
    calibration: CalibrationSettings = CalibrationSettings()
