"""Derivation of a response: each step names its rule, says what followed, and shows the numbers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

Number: TypeAlias = int | float | str | None

EISENHAUER = "Eisenhauer et al. 2009, doi:10.1016/j.ejca.2008.10.026"
PARK = "Park et al. 2017, doi:10.1200/JCO.2016.72.0177"


@dataclass(frozen=True, slots=True)
class Rule:
    """Where a rule comes from.

    Parameters
    ----------
    source : str
        Paper and section.
    verified : bool
        Whether the wording was read again in the source; False is written as *unverified*.
    """

    source: str
    verified: bool = True


def _recist(section: str, *, verified: bool = True) -> Rule:
    return Rule(f"{EISENHAUER}, {section}", verified)


def _inrc(section: str, *, verified: bool = False) -> Rule:
    return Rule(f"{PARK}, {section}", verified)


RULES: dict[str, Rule] = {
    "RECIST-MEASURABLE": _recist("3.1 Definitions"),
    "RECIST-SLICES": _recist("3.1.1, Appendix II: slices thicker than 5 mm", verified=False),
    "RECIST-BONE": _recist("3.1.3 Bone lesions"),
    "RECIST-TARGETS": _recist("4.2 Baseline documentation"),
    "RECIST-SUM": _recist("4.2 Sum of diameters"),
    "RECIST-NODES": _recist("4.3.2 Lymph nodes"),
    "RECIST-TOO-SMALL": _recist("4.3.2 Too small to measure", verified=False),
    "RECIST-SPLIT-MERGE": _recist("4.3.2 Lesions that split or coalesce", verified=False),
    "RECIST-TARGET": _recist("4.3.1 Evaluation of target lesions"),
    "RECIST-NADIR": _recist("4.3.1 Reference: smallest sum on study, baseline included"),
    "RECIST-NON-TARGET": _recist("4.3.3, 4.3.4 Non-target lesions"),
    "RECIST-NEW": _recist("4.3.5 New lesions"),
    "RECIST-EQUIVOCAL": _recist("4.3.5 Equivocal new lesions", verified=False),
    "RECIST-MISSING": _recist("4.4.2 Missing assessments", verified=False),
    "RECIST-TIME-POINT": _recist("4.4.1, Table 1"),
    "RECIST-NON-TARGET-ONLY": _recist("4.4.1, Table 2"),
    "RECIST-AFTER-CR": _recist("Table 3, footnote on disease seen after CR", verified=False),
    "RECIST-BEST": _recist("4.4.3 Best overall response"),
    "RECIST-CONFIRMED": _recist("4.4.3, Table 3; 4.6.1", verified=False),
    "RECIST-SD-TIME": _recist("4.4.3 Minimum time of stable disease", verified=False),
    "INRC-PRIMARY": _inrc("primary tumour"),
    "INRC-SOFT": _inrc("metastatic soft tissue"),
    "INRC-BONE": _inrc("bone: relative MIBG score or FDG-avid lesions"),
    "INRC-SAME-METHOD": _inrc("one scoring and imaging method at all time points"),
    "INRC-NEW": _inrc("new lesions"),
    "INRC-METASTATIC": _inrc("soft tissue and bone metastases"),
    "INRC-MARROW": _inrc("bone marrow"),
    "INRC-MARROW-MINIMAL": _inrc("abstract: at most 5 % is minimal disease", verified=True),
    "INRC-OVERALL": _inrc("overall response"),
    "INRC-MISSING": _inrc("component not evaluable"),
    "DIAMETER": Rule("docs/response.md, diameters of regions (RECIST 3.1.1: axial plane)"),
    "ENGINE": Rule("not in the criteria: how this engine answers a case that they leave open"),
}
"""Every rule that a derivation may name."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a derivation."""

    rule: str
    sentence: str
    numbers: Mapping[str, Number] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """Return the step as JSON holds it, with its source."""
        rule = RULES[self.rule]
        found: dict[str, object] = {"rule": self.rule, "sentence": self.sentence}
        if self.numbers:
            found["numbers"] = dict(self.numbers)
        found["source"] = rule.source + ("" if rule.verified else " (unverified)")
        return found


class Derivation:
    """Steps and flags gathered while an answer is derived."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.flags: dict[str, str] = {}

    def say(self, rule: str, sentence: str, numbers: Mapping[str, object] | None = None) -> None:
        """Add a step; an unknown rule is a mistake of ours (KeyError)."""
        RULES[rule]
        shown = {name: shown_number(value) for name, value in (numbers or {}).items()}
        self.steps.append(Step(rule, sentence, shown))

    def flag(self, code: str, detail: str = "") -> None:
        """Add a registered code once, with what was found."""
        from quant.domain.flags import CODES

        CODES[code]
        known = self.flags.get(code)
        self.flags[code] = detail if not known else f"{known}; {detail}"

    def take(self, other: "Derivation") -> None:
        """Add the steps and flags of another derivation behind one's own."""
        self.steps.extend(other.steps)
        for code, detail in other.flags.items():
            self.flag(code, detail)

    def as_list(self) -> list[dict[str, object]]:
        """Return the steps as JSON holds them."""
        return [step.as_dict() for step in self.steps]


def shown_number(value: object) -> Number:
    """Return a number as JSON holds it: exact fractions as the nearest float."""
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    if value is None or isinstance(value, int | float | str):
        return value
    return str(value)


def mm(value: Fraction | None) -> str:
    """Write millimetres for a sentence: as few digits as are needed, at most three decimals."""
    if value is None:
        return "not measured"
    return f"{float(value):.3f}".rstrip("0").rstrip(".") + " mm"


def percent(part: Fraction, whole: Fraction) -> str:
    """Write the change from ``whole`` to ``part`` in percent, signed."""
    if whole == 0:
        return "from 0"
    return f"{float((part - whole) / whole * 100):+.2f} %"


def names(items: Iterable[str]) -> str:
    """List names for a sentence."""
    return ", ".join(items)
