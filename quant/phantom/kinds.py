"""The kinds of phantom that the generator makes."""

from enum import StrEnum


class PhantomKind(StrEnum):
    """What to simulate.

    ``torso``: 123I-MIBG SPECT/CT on a real CT. ``solids``: exact solids in several geometries,
    neither blurred nor noisy. ``nema``: the NEMA IEC body phantom in PET. ``skeleton``: bones and
    lesions of known place and size, with their Curie and SIOPEN scores.
    """

    TORSO = "torso"
    SOLIDS = "solids"
    NEMA = "nema"
    SKELETON = "skeleton"
