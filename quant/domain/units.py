"""Units of voxel values and of measured quantities."""

from enum import StrEnum


class Unit(StrEnum):
    """Unit of the voxel values of a volume; the text is what tables and records print.

    SUV is g/ml, SUVbsa cm2/ml. The three lean body masses differ by several percent, so they are
    three units: Morgan 1994 (DICOM's plain LBM), James with 128, and Janmahasatian 2005.
    """

    COUNTS = "counts"
    COUNT_RATE = "counts/s"
    BQ_PER_ML = "Bq/ml"
    SUV_BW = "SUVbw"
    SUV_LBM = "SUVlbm"
    SUV_LBM_JAMES128 = "SUVlbm(James128)"
    SUV_LBM_JANMA = "SUVlbm(Janma)"
    SUV_BSA = "SUVbsa"
    SUV_IBW = "SUVibw"
    RELATIVE = "relative"
    HU = "HU"


SUV_UNITS = (
    Unit.SUV_BW,
    Unit.SUV_LBM,
    Unit.SUV_LBM_JAMES128,
    Unit.SUV_LBM_JANMA,
    Unit.SUV_BSA,
    Unit.SUV_IBW,
)
"""Every kind of SUV."""


class Quantity(StrEnum):
    """Units of measured values other than the volume's own unit."""

    NONE = "1"
    ML = "ml"
    MM = "mm"
    MM2 = "mm2"
