"""Cut-offs as data: applied only where phase, nuclide and modality are those of the source.

A cut-off on a total with unseen segments is answered only when no score of theirs could turn the
answer round. Which side is worse is what the source says; nothing is assumed.
"""

import operator
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from quant.domain.flags import Flag
from quant.errors import UsageError
from quant.scoring.analysis.relative import RelativeScore
from quant.scoring.readings.segments import System
from quant.scoring.readings.totals import Reading
from quant.scoring.tables.words import modality_of, nuclide_of, phase_of

SHIPPED = Path(__file__).parent / "cutoffs.toml"

OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip


MEANINGS: Mapping[str, Callable[[str], object]] = {
    "phases": phase_of, "nuclides": nuclide_of, "modalities": modality_of,
}  # fmt: skip

NOT_STATED = "not stated"
TOTAL, RELATIVE = "total", "relative"


class Answer(StrEnum):
    """What a cut-off says of a total."""

    MET = "met"
    NOT_MET = "not met"
    UNDETERMINED = "undetermined"
    NOT_APPLIED = "not applied"


@dataclass(frozen=True, slots=True)
class Cutoff:
    """One cut-off and where it was found.

    Parameters
    ----------
    name : str
        Stable name.
    system : System
        Total that it is of.
    operator, value : str, float
        Together the condition, such as ``> 2``. An operator ``not stated`` is never applied.
    worse : str
        ``above``, ``below`` or ``not stated``: the side with the worse outcome in the source.
    phases, nuclides, modalities : tuple of str
        Where it was found; it is applied nowhere else. Empty: the source does not say, never
        applied.
    endpoint, population, source : str
    verified : bool
        Whether the value was read in the source.
    unverified : str
        What of it was not.
    requires : str
        A condition that a table of scores does not hold; with one it is never applied.
    quantity : str
        ``total`` or ``relative`` (score / score at the baseline).
    """

    name: str
    system: System
    operator: str
    value: float
    worse: str
    phases: tuple[str, ...]
    nuclides: tuple[str, ...]
    modalities: tuple[str, ...]
    endpoint: str
    population: str
    source: str
    verified: bool
    unverified: str = ""
    requires: str = ""
    quantity: str = TOTAL

    @property
    def condition(self) -> str:
        """Such as ``curie > 2``."""
        sign = "(operator not stated)" if self.operator == NOT_STATED else self.operator
        what = str(self.system) if self.quantity == TOTAL else f"{self.system} {self.quantity}"
        return f"{what} {sign} {self.value:g}"

    def holds(self, value: float) -> bool:
        """Tell whether a total or a relative score meets the condition."""
        return OPERATORS[self.operator](value, self.value)


@dataclass(frozen=True, slots=True)
class Direction:
    """What one source found of the direction of an uptake ratio; sources contradict each other."""

    quantity: str
    worse: str
    finding: str
    source: str
    verified: bool


@dataclass(frozen=True, slots=True)
class CutoffResult:
    """A cut-off put to one reading.

    Parameters
    ----------
    reading : Reading
    cutoff : Cutoff
    answer : Answer
    why : str
        The numbers behind the answer, or what would be needed to apply it.
    flags : tuple of Flag
    """

    reading: Reading
    cutoff: Cutoff
    answer: Answer
    why: str
    flags: tuple[Flag, ...] = ()


def read_cutoffs(path: Path = SHIPPED) -> tuple[Cutoff, ...]:
    """Read cut-offs from a TOML file with tables ``[[cutoff]]``.

    Raises
    ------
    UsageError
        ``CUTOFFS_INVALID`` with every problem, by name of the cut-off.
    """
    problems: list[str] = []
    found = [_cutoff(one, n, problems) for n, one in enumerate(_tables(path, "cutoff"), start=1)]
    names = [one.name for one in found if one]
    problems += [
        f"{name}: there twice" for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if problems:
        raise _invalid(path, "; ".join(problems))
    return tuple(one for one in found if one)


@cache
def directions() -> tuple[Direction, ...]:
    """List what sources found of the direction of uptake: both, so none is assumed."""
    return tuple(Direction(**one) for one in _tables(SHIPPED, "direction"))


def apply_cutoffs(
    readings: Iterable[Reading],
    cutoffs: Iterable[Cutoff],
    relative: Iterable[RelativeScore] = (),
) -> tuple[CutoffResult, ...]:
    """Put every cut-off of a reading's system to its total, or to its relative score."""
    rules = tuple(cutoffs)
    related = {(one.reading.key, one.reading.system): one for one in relative}
    return tuple(
        put(one, rule, related.get((one.key, one.system)))
        for one in readings
        for rule in rules
        if rule.system is one.system
    )


def put(reading: Reading, cutoff: Cutoff, relative: RelativeScore | None = None) -> CutoffResult:
    """Put one cut-off to one reading, or say what would be needed to do so."""
    needs = _unmet(reading, cutoff)
    if cutoff.quantity == RELATIVE and (relative is None or relative.value is None):
        needs.append("a relative score, which this reading does not have")
    if needs:
        why = "needed: " + "; ".join(needs)
        flag = Flag("CUTOFF_NOT_APPLIED", f"{cutoff.name}: {why}")
        return CutoffResult(reading, cutoff, Answer.NOT_APPLIED, why, (flag,))
    if relative is not None and relative.value is not None and cutoff.quantity == RELATIVE:
        return _put_relative(reading, cutoff, relative, relative.value)
    return _put_total(reading, cutoff)


def _put_relative(
    reading: Reading, cutoff: Cutoff, relative: RelativeScore, value: float
) -> CutoffResult:
    if relative.left_out:
        why = f"not assessed at both times: {', '.join(relative.left_out)}"
        flag = Flag("CUTOFF_UNDETERMINED", f"{cutoff.name}: {why}")
        return CutoffResult(reading, cutoff, Answer.UNDETERMINED, why, (flag,))
    answer = Answer.MET if cutoff.holds(value) else Answer.NOT_MET
    why = f"relative score {relative.now}/{relative.then}, condition {cutoff.condition}"
    return CutoffResult(reading, cutoff, answer, why)


def _put_total(reading: Reading, cutoff: Cutoff) -> CutoffResult:
    total = reading.total
    least, most = total.low or 0, total.upper_bound
    if cutoff.holds(least) != cutoff.holds(most):
        why = f"the total lies between {least} and {most}: not all segments were wholly assessed"
        flag = Flag("CUTOFF_UNDETERMINED", f"{cutoff.name}: {why}")
        return CutoffResult(reading, cutoff, Answer.UNDETERMINED, why, (flag,))
    answer = Answer.MET if cutoff.holds(least) else Answer.NOT_MET
    span = f"{total.total}" if least == most else f"{total.total} ({least} to {most})"
    return CutoffResult(reading, cutoff, answer, f"total {span}, condition {cutoff.condition}")


def _unmet(reading: Reading, cutoff: Cutoff) -> list[str]:
    key = reading.key
    needs = [
        f"{what} {' or '.join(allowed) if allowed else 'as in the source, which does not state it'}"
        f" (here {found})"
        for what, allowed, found in (
            ("phase", cutoff.phases, str(key.phase)),
            ("nuclide", cutoff.nuclides, key.nuclide),
            ("modality", cutoff.modalities, str(key.modality)),
        )
        if found not in allowed
    ]
    if cutoff.operator == NOT_STATED:
        needs.append("the operator of the source, which is not known")
    if cutoff.requires:
        needs.append(f"{cutoff.requires} (a table of scores does not say)")
    return needs


def _tables(path: Path, name: str) -> list[dict[str, Any]]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _invalid(path, str(error)) from error
    tables = data.get(name, [])
    unknown = sorted(set(data) - {"cutoff", "direction"})
    if unknown or not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise _invalid(path, f"no tables [[{name}]], or unknown: {', '.join(unknown)}")
    return tables


def _invalid(path: Path, found: str) -> UsageError:
    return UsageError(
        "CUTOFFS_INVALID",
        f"The file of cut-offs {path.name} does not validate.",
        found=found,
        needed="tables [[cutoff]] as docs/scoring.md lists them",
        next_step="correct the named cut-offs",
    )


def _cutoff(table: dict[str, Any], number: int, problems: list[str]) -> Cutoff | None:
    name = str(table.get("name", f"cut-off {number}"))
    known = {one.name: one for one in fields(Cutoff)}
    wrong = [f"no such setting: {key}" for key in sorted(set(table) - set(known))]
    wrong += [
        f"{key} is missing"
        for key, one in known.items()
        if one.default is MISSING and key not in table
    ]
    wrong = wrong or _wrong_values(table)
    problems += [f"{name}: {text}" for text in wrong]
    if wrong:
        return None
    lists = {
        key: tuple(str(meaning(word)) for word in table[key]) for key, meaning in MEANINGS.items()
    }
    return Cutoff(**{**table, **lists, "system": System(table["system"])})


def _wrong_values(table: dict[str, Any]) -> list[str]:
    texts = ("name", "endpoint", "population", "source", "unverified", "requires")
    wrong = [f"{key} is no text" for key in texts if not isinstance(table.get(key, ""), str)]
    for key, words in (
        ("system", tuple(map(str, System))),
        ("operator", (*OPERATORS, NOT_STATED)),
        ("worse", ("above", "below", NOT_STATED)),
        ("quantity", (TOTAL, RELATIVE)),
    ):
        if table.get(key, TOTAL) not in words:
            wrong.append(f"{key} is one of {', '.join(words)}")
    if isinstance(table["value"], bool) or not isinstance(table["value"], int | float):
        wrong.append("value is a number")
    if not isinstance(table["verified"], bool):
        wrong.append("verified is true or false")
    wrong += [
        f"{key} is a list of known words"
        for key, meaning in MEANINGS.items()
        if not _all_known(table[key], meaning)
    ]
    return wrong


def _all_known(words: object, meaning: Callable[[str], object]) -> bool:
    return isinstance(words, list) and all(isinstance(one, str) and meaning(one) for one in words)
