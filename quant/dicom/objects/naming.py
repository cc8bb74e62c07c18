"""Whether DICOM objects are written, and whom they name."""

from enum import StrEnum


class Naming(StrEnum):
    """``pseudonym``: the keyed hash of the tables; ``source``: the patient of the images."""

    NONE = "none"
    PSEUDONYM = "pseudonym"
    SOURCE = "source"
