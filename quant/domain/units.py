"""Units of voxel values and the radionuclides that the engine knows by name."""

from enum import StrEnum


class Unit(StrEnum):
    """Unit of the voxel values of a volume; the text is what tables and records print."""

    COUNTS = "counts"
    BQ_PER_ML = "Bq/ml"
    SUV_BW = "SUVbw"
    RELATIVE = "relative"
    HU = "HU"


class Quantity(StrEnum):
    """Units of measured values other than the volume's own unit."""

    NONE = "1"
    ML = "ml"
    MM = "mm"
    MM2 = "mm2"
