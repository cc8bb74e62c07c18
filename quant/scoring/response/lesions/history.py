"""Lesions followed over time: what a row of a lesion table means."""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from quant.domain.flags import Flag


class Kind(StrEnum):
    """Part that a lesion plays."""

    TARGET = "target"
    NON_TARGET = "non-target"
    NEW = "new"


class State(StrEnum):
    """What was seen of a lesion at one time point."""

    MEASURED = "measured"
    PRESENT = "present"
    ABSENT = "absent"
    TOO_SMALL = "too small"
    NOT_ASSESSABLE = "not assessable"
    PROGRESSED = "progressed"
    EQUIVOCAL = "equivocal"
    MERGED = "merged"
    SPLIT = "split"


class Uptake(StrEnum):
    """Uptake of a lesion, against its uptake at baseline where it is not none or avid."""

    NONE = "none"
    AVID = "avid"
    IMPROVED = "improved"
    STABLE = "stable"
    INCREASED = "increased"
    NOT_ASSESSABLE = "not assessable"


class Component(StrEnum):
    """Where a lesion counts in the INRC."""

    PRIMARY = "primary"
    METASTASIS = "metastasis"


class Proof(StrEnum):
    """What beside uptake shows that a new lesion is disease."""

    NONE = "none"
    IMAGING = "imaging"
    BIOPSY = "biopsy"


class Method(StrEnum):
    """How a lesion was measured."""

    CT = "CT"
    MRI = "MRI"
    CALIPER = "caliper"
    X_RAY = "x-ray"


class Tracer(StrEnum):
    """What made a lesion avid."""

    MIBG = "MIBG"
    FDG = "FDG"


BONE_WORDS = ("bone", "bones", "skeleton")
"""Organs that mean a lesion of bone."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How diameters were measured on a region: a sentence, and what to know of it."""

    text: str
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class LesionRow:
    """One lesion at one time point, as a checked row of a table states it.

    Parameters
    ----------
    row : int
        Row of the table (the header is row 1).
    lesion, organ : str
    kind : Kind
    node : bool
        A lymph node: measured by its short axis.
    state : State
    longest_mm, short_mm : Fraction or None
        Longest diameter and short axis, mm, exactly as written.
    slice_mm : Fraction or None
        CT slice thickness, mm.
    method : Method or None
    soft_tissue : bool or None
        Whether a lesion of bone has a soft-tissue part that is measured.
    belongs_to : str
        For ``merged``: the lesion whose diameter now covers this one. Else: the lesion of which
        this one is a fragment.
    component, uptake, tracer, proof
        For the INRC; None where not stated.
    measured : Measured or None
        Set when the diameters come from a region.
    """

    row: int
    lesion: str
    organ: str
    kind: Kind
    node: bool
    state: State
    longest_mm: Fraction | None = None
    short_mm: Fraction | None = None
    slice_mm: Fraction | None = None
    method: Method | None = None
    soft_tissue: bool | None = None
    belongs_to: str = ""
    component: Component | None = None
    uptake: Uptake | None = None
    tracer: Tracer | None = None
    proof: Proof | None = None
    measured: Measured | None = None

    @property
    def diameter_mm(self) -> Fraction | None:
        """The diameter that counts: a node's short axis, else the longest diameter."""
        return self.short_mm if self.node else self.longest_mm

    @property
    def in_bone(self) -> bool:
        """Whether the organ is bone."""
        return self.organ.lower() in BONE_WORDS

    @property
    def is_fragment(self) -> bool:
        """Whether this is a part of another lesion that has split."""
        return bool(self.belongs_to) and self.state is not State.MERGED


@dataclass(frozen=True, slots=True)
class Visit:
    """One time point of one patient.

    Parameters
    ----------
    label : str
    day : int
        Days from the baseline.
    when_written : datetime.date or int
        Date or day as the table writes it.
    rows : dict of str to LesionRow
        By lesion, in the order of the table.
    """

    label: str
    day: int
    when_written: dt.date | int
    rows: dict[str, LesionRow] = field(default_factory=dict)

    @property
    def date(self) -> dt.date | None:
        """Date; None where the table counts days."""
        return self.when_written if isinstance(self.when_written, dt.date) else None

    @property
    def when(self) -> str:
        """Label and date for a sentence."""
        shown = self.date.isoformat() if self.date else f"day {self.day}"
        return f"{self.label} ({shown})" if self.label != shown else shown


@dataclass(frozen=True, slots=True)
class LesionHistory:
    """All lesions of one patient, ordered by date.

    Parameters
    ----------
    patient : str
        Key as in the table.
    visits : tuple of Visit
        The baseline first.
    earlier : tuple of Visit
        Time points before the baseline: kept, not answered.
    """

    patient: str
    visits: tuple[Visit, ...]
    earlier: tuple[Visit, ...] = ()

    @property
    def baseline(self) -> Visit:
        """The visit with which all others are compared."""
        return self.visits[0]

    def of_kind(self, kind: Kind) -> tuple[LesionRow, ...]:
        """Lesions of a kind as they were at baseline."""
        return tuple(row for row in self.baseline.rows.values() if row.kind is kind)
