"""Sum of diameters of the target lesions: what each lesion adds, and what is missing."""

from dataclasses import dataclass
from fractions import Fraction

from quant.scoring.response.answers import RecistSettings
from quant.scoring.response.derivation import Derivation, mm, names
from quant.scoring.response.lesions.history import Kind, LesionHistory, LesionRow, State, Visit


@dataclass(frozen=True, slots=True)
class Part:
    """What one target lesion adds to the sum.

    Parameters
    ----------
    lesion : str
    known_mm : Fraction
        Of the pieces that were assessed.
    text : str
        How it was found.
    missing : bool
        Whether a piece, or the whole lesion, was not assessed.
    gone : bool
        Whether the lesion meets complete response: absent, or a node of normal size.
    """

    lesion: str
    known_mm: Fraction
    text: str
    missing: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class TargetSum:
    """Sum of diameters at one time point."""

    parts: tuple[Part, ...]

    @property
    def known_mm(self) -> Fraction:
        """Sum of what was assessed: the sum of diameters when nothing is missing."""
        return sum((part.known_mm for part in self.parts), Fraction(0))

    @property
    def missing(self) -> tuple[str, ...]:
        """Targets that were not, or not wholly, assessed."""
        return tuple(part.lesion for part in self.parts if part.missing)

    @property
    def total_mm(self) -> Fraction | None:
        """Sum of diameters; None when a target is missing."""
        return None if self.missing else self.known_mm

    @property
    def gone(self) -> bool:
        """Whether every target meets complete response."""
        return all(part.gone and not part.missing for part in self.parts)


def sum_targets(
    history: LesionHistory, visit: Visit, settings: RecistSettings, notes: Derivation
) -> TargetSum:
    """Add up the target lesions at one time point.

    A node adds its short axis, any other lesion its longest diameter; absent lesions add 0, those
    too small to measure the default unless a diameter is given, fragments their own diameters, and
    a lesion that merged adds 0 beside the one that covers it.
    """
    targets = history.of_kind(Kind.TARGET)
    found = TargetSum(tuple(_part(visit, lesion, settings, notes) for lesion in targets))
    if not targets:
        return found
    listed = "; ".join(part.text for part in found.parts)
    notes.say(
        "RECIST-SUM",
        f"Sum of diameters {mm(found.known_mm)} = {listed}."
        if not found.missing
        else f"Sum of diameters unknown: {names(found.missing)} not assessed; "
        f"the others add up to {mm(found.known_mm)} ({listed}).",
        {"sum_mm": found.total_mm, "assessed_sum_mm": found.known_mm},
    )
    return found


def _part(visit: Visit, lesion: LesionRow, settings: RecistSettings, notes: Derivation) -> Part:
    row = visit.rows.get(lesion.lesion)
    pieces = [one for one in visit.rows.values() if one.is_fragment]
    pieces = [one for one in pieces if one.belongs_to == lesion.lesion]
    name = lesion.lesion
    if row is not None and row.state is State.MERGED:
        notes.say(
            "RECIST-SPLIT-MERGE",
            f"{name} has merged with {row.belongs_to}: the longest diameter of the whole is "
            f"counted once, under {row.belongs_to}.",
        )
        return Part(name, Fraction(0), f"{name} in {row.belongs_to}", gone=True)
    for one in (*pieces, *([row] if row is not None else [])):
        _say_measured(one, notes)
    if pieces:
        notes.say(
            "RECIST-SPLIT-MERGE",
            f"{name} has split: the diameters of its fragments "
            f"{names(one.lesion for one in pieces)} are added.",
        )
    if row is not None and row.state is not State.SPLIT:
        pieces.insert(0, row)
    if not pieces:
        return Part(name, Fraction(0), f"{name} without an assessment", missing=True)
    sizes = [_size(one, lesion, settings, notes) for one in pieces]
    known = sum((size for size in sizes if size is not None), Fraction(0))
    gone = all(
        size is not None and (size < settings.node_normal_mm if lesion.node else size == 0)
        for size in sizes
    )
    shown = " + ".join("?" if size is None else mm(size) for size in sizes)
    kind = ", short axis" if lesion.node else ""
    return Part(name, known, f"{name} {shown}{kind}", missing=None in sizes, gone=gone)


def _say_measured(row: LesionRow, notes: Derivation) -> None:
    """Say how a diameter was measured on a region."""
    if row.measured is None:
        return
    notes.say("DIAMETER", row.measured.text)
    for flag in row.measured.flags:
        notes.flag(flag.code, flag.detail)


def _size(
    row: LesionRow, lesion: LesionRow, settings: RecistSettings, notes: Derivation
) -> Fraction | None:
    """Diameter of a piece, mm; None when it was not assessed."""
    if row.state is State.ABSENT:
        return Fraction(0)
    if row.state is State.NOT_ASSESSABLE:
        return None
    written = row.short_mm if lesion.node else row.longest_mm
    if written is not None:
        return written
    notes.say(
        "RECIST-TOO-SMALL",
        f"{row.lesion} is too small to measure: {mm(settings.too_small_mm)} stands for it.",
        {"default_mm": settings.too_small_mm},
    )
    notes.flag("RECIST_TOO_SMALL", row.lesion)
    return settings.too_small_mm
