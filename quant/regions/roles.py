"""From a region's name to its role in the method.

Names come from people and from programs: ``GTV_Mass_PET``, ``lesion1 liver R lobe``,
``autochthon_left``, ``VertebraeL2``. A protocol word counts where a word of the name begins:
after anything that is neither letter nor digit, at a capital after a small letter, or at a letter
after a digit.

A word of tumour, lesion or exclusion that is negated does not count, and the name is flagged:

- right after no, not or non (``no tumour``, ``non-tumour``), or before free or negative
  (``tumor-free liver``);
- anywhere after minus, without, w/o, excluding, excl or except (``liver minus GTV and mets``);
- a tumour word right after a hyphen or minus sign, when a word for the liver came before:
  ``Liver-GTV`` is radiotherapy's usual name of the normal liver. ``GTV-liver``, ``liver_tumor``
  and ``liver tumour`` are tumours. After another organ (``Lungs-GTV``) only ``gtv`` is taken for
  subtracted: ``kidney-tumour`` is a tumour.

A ``reference sphere`` (``Reference sphere liver``) is what the engine itself wrote: no region.

Nor does a word of tumour or lesion count in the name of what lies about one, or is drawn from one:

- anywhere beside PTV, CTV, ITV or PRV (``PTV-GTV``, ``CTV tumour``), or with a margin added
  (``GTV+10mm``);
- before or after ring, rim, shell, halo, margin, expansion, bed, background and the like, after
  outside, around or resected, before cavity (``tumour_bed``, ``GTV 5 mm ring``);
- where the word is part of another term (``fat mass``, ``primary bronchus``).
"""

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from quant.domain.flags import Flag
from quant.domain.region import Role

if TYPE_CHECKING:
    from quant.domain.protocol import RegionSettings

LETTERS_AFTER = {1: 1, 2: 1, 3: 1, 4: 2}
"""By the length of a short word: how many letters may follow it (mets, GTVp and masses, but not
metal or masseter). Longer words may run on freely."""

LEFT, RIGHT = ("left", "l", "lt"), ("right", "r", "rt")

MUSCLES = {"autochthon": ("autochthon", "erector"), "psoas": ("psoas", "iliopsoas")}
"""Words for each choice of muscle; the plain word ``muscle`` stands for the chosen one."""

OTHER_MUSCLES = (
    "autochthon", "erector", "psoas", "iliopsoas", "glute", "quadratus", "trapezius", "deltoid",
    "pectoral", "thigh", "quadriceps",
)  # fmt: skip
"""A muscle so named is not meant by the plain word ``muscle``, unless the protocol chose it."""

LIVER_WORDS = ("liver", "hepat", "couinaud")

COUINAUD = re.compile(
    r"[ |-](?:segments?|couinaud)[ |-]*"
    r"(?:[1-8][ |-]*[ab]?|i{1,3}|i?v[ |-]*[ab]?|vi{1,3})(?![^\W_])"
)
"""A numbered segment; it is one of the liver only where the name says liver, too, since 3D Slicer
calls any new segment ``Segment_1``."""

COPY_NUMBER = re.compile(r" \(\d+\)$")
"""What makes the names of a study unique says nothing about the region."""

NEGATED_BEFORE = re.compile(
    r"[ |-](?:(?:no|not|non)(?:[ |-](?:an?|any|the))?"
    r"|(?:minus|without|w[ |-]o|excluding|excl|except)(?![^\W_]).*)$"
)
"""What stands before a word that is negated."""

NEGATED_AFTER = re.compile(r"[^ |-]*[ |-](?:free|negative)(?![^\W_])")
"""What follows a word that is negated."""

SUBTRACTED_FROM = re.compile(
    r"[ |-](?:lungs?|brain|body|external|kidneys?|bowels?|stomach|spleen|pancreas|heart|bones?"
    r"|marrow|cord|skin|organs?|bladder|muscles?|normal|healthy|tissue)(?![^\W_])"
)
"""What a ``gtv`` after a hyphen is taken from, by the naming rules of radiotherapy (TG-263)."""

TARGET = re.compile(r"[ |-]z?(?:[pci]tv|prv)(?:[\d_ |-]|$|[a-z](?![^\W_]))")
"""Volumes of radiotherapy that are larger than the tumour."""

MARGIN_ADDED = re.compile(r"[+\u00b1]\s*\d")

ABOUT = r"rings?|shell|halo|margins?|exp(?:ansion|anded)?|bed|bett|background|bkg|surround\w*"

ABOUT_BEFORE = re.compile(
    rf"[ |-](?:{ABOUT}|rim[ |-]of|outside|around|near|peri|resected|excised|former)"
    r"(?:[ |-](?:of|the|an?|around))*$"
)
"""What stands before a tumour when something about it is meant."""

ABOUT_AFTER = re.compile(
    rf"[^ |-]*(?:[ |-]\d+)?(?:[ |-]?[cm]m)?[ |-](?:{ABOUT}|rim|cavity)(?![^\W_])"
)
"""What stands after it."""

OTHER_TERM = re.compile(
    r"[ |-](?:(?:fat|lean|body|muscle|muscular)[ |-]mass|mass[ |-]effect"
    r"|primary[ |-](?:bronch\w*|motor|visual|auditory|sensory|somatosensory|cortex))(?![^\W_])"
)
"""Terms that hold a word of the protocol by accident."""

UNFINISHED = re.compile(r"[ |-](?:minus|without|w[ |-]o|excluding|excl|except|no|not)$")
"""A name that breaks off where something should be taken away."""

REFERENCE_SPHERE = re.compile(r"[ |-]reference[ |-]spheres?(?![^\W_])")
"""What the engine calls its spheres in its own DICOM SEG: a sphere is not the organ around it."""

HYPHENS = "-\u2010\u2011\u2012\u2013\u2014\u2212"

ORDER = (
    Role.EXCLUDE,
    Role.TUMOUR,
    Role.LESION,
    Role.LIVER_SEGMENT,
    Role.MUSCLE_LEFT,
    Role.MUSCLE_RIGHT,
    Role.VERTEBRA_L2,
    Role.LIVER,
)
"""Which role wins when a name fits several. A muscle at L2 is a muscle, not the vertebra."""


def assign_role(name: str, settings: "RegionSettings") -> tuple[Role, tuple[Flag, ...]]:
    """Tell what a region means to the method, from its name.

    Parameters
    ----------
    name : str
        ROI name, segment label, label name or file stem.
    settings : RegionSettings
        The protocol's words for each role, and its choice of muscle.

    Returns
    -------
    role : Role
        ``OTHER`` when no word matches.
    flags : tuple of Flag
        ``ROLE_AMBIGUOUS`` when words of several roles match.
    """
    marked = mark_words(name)
    if REFERENCE_SPHERE.search(marked):
        return Role.OTHER, ()
    words = {
        Role.EXCLUDE: settings.exclude,
        Role.TUMOUR: settings.tumour,
        Role.LESION: settings.lesion,
        Role.VERTEBRA_L2: settings.vertebra_l2,
        Role.LIVER: settings.liver,
    }
    found = {role for role, listed in words.items() if any(_holds(marked, w) for w in listed)}
    negated = {role for role in found if _is_negated(marked, role, words)}
    if MARGIN_ADDED.search(name) or TARGET.search(marked):
        negated |= found & {Role.TUMOUR, Role.LESION}
    found -= negated
    found |= _muscle_roles(marked, settings.muscle)
    if COUINAUD.search(marked) and any(_words(marked, LIVER_WORDS)):
        found = found - {Role.LIVER} | {Role.LIVER_SEGMENT}
    ranked = [role for role in ORDER if role in found] or [Role.OTHER]
    others = ranked[1:] + [role for role in ORDER if role in negated]
    if not others and ranked[0] is not Role.OTHER and UNFINISHED.search(marked):
        others = [Role.OTHER]
    if not others:
        return ranked[0], ()
    detail = f"'{name}' taken as {ranked[0]}, fits {', '.join(others)}"
    return ranked[0], (Flag("ROLE_AMBIGUOUS", detail),)


def mark_words(name: str) -> str:
    """Return the name in small letters, with a mark before every word.

    A space stands where the name has a separator (a hyphen where that is a lone hyphen or minus),
    a bar where only the letters change (``liverROI`` becomes `` liver|roi``): there a word may
    begin, but a longer word may also run on (``GTVp``).
    """
    text = unicodedata.normalize("NFKC", COPY_NUMBER.sub("", name))
    text = re.sub(r"[\W_]+", _separator, text).strip(" -")
    bars = r"(?<=[^\W\d_])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])|(?<=\d)(?=[^\W\d_])"
    return " " + re.sub(bars, "|", text).lower()


def _separator(found: re.Match[str]) -> str:
    lone = found.group().strip()
    return "-" if lone and lone in HYPHENS else " "


@lru_cache(maxsize=256)
def _pattern(word: str) -> re.Pattern[str]:
    """Compile a protocol word: its parts at word starts, with or without a gap between them."""
    parts = re.split(r"[ |-]", mark_words(word).strip())
    tail = ""
    letters = LETTERS_AFTER.get(len(parts[-1]))
    if parts[-1].isalpha() and letters is not None:
        tail = rf"[^\W\d_]{{0,{letters}}}(?![^\W\d_])"
    elif parts[-1][-1:].isdigit():
        tail = r"(?!\d)"
    runs = (r"\|?".join(re.escape(letter) for letter in part) for part in parts)
    return re.compile(r"[ |-]" + r"[ |-]?".join(runs) + tail)


def _holds(marked: str, word: str) -> bool:
    return bool(mark_words(word).strip()) and _pattern(word).search(marked) is not None


def _is_negated(marked: str, role: Role, words: "dict[Role, tuple[str, ...]]") -> bool:
    """Tell whether every word of a role in a marked name is negated."""
    if role not in (Role.EXCLUDE, Role.TUMOUR, Role.LESION):
        return False
    return all(
        _is_denied(marked, match, role, words[Role.LIVER])
        for word in words[role]
        if _holds(marked, word)
        for match in _pattern(word).finditer(marked)
    )


def _is_denied(marked: str, match: re.Match[str], role: Role, liver: tuple[str, ...]) -> bool:
    """Tell whether one word of a marked name is negated, or belongs to what is not itself."""
    before = marked[: match.start()]
    if NEGATED_BEFORE.search(before) or NEGATED_AFTER.match(marked, match.end()):
        return True
    if role is Role.EXCLUDE:
        return False
    if ABOUT_BEFORE.search(before) or ABOUT_AFTER.match(marked, match.end()):
        return True
    if any(term.start() <= match.start() < term.end() for term in OTHER_TERM.finditer(marked)):
        return True
    if role is not Role.TUMOUR or not match.group().startswith("-"):
        return False
    organ = "gtv" in match.group() and SUBTRACTED_FROM.search(before)
    return bool(organ) or any(_holds(before, word) for word in liver)


def _words(marked: str, beginnings: tuple[str, ...]) -> list[str]:
    """Return the words of a marked name that begin in one of the given ways."""
    return [word for word in re.split(r"[ |-]", marked) if word.startswith(beginnings)]


def _muscle_roles(marked: str, choice: str) -> set[Role]:
    """Return the muscle roles that a name fits: a muscle word together with a side."""
    words = re.split(r"[ |-]", marked)
    plain = "muscle" in words or "muscles" in words
    named = _words(marked, OTHER_MUSCLES)
    if not (_words(marked, MUSCLES[choice]) or (plain and not named)):
        return set()
    sides = {Role.MUSCLE_LEFT: LEFT, Role.MUSCLE_RIGHT: RIGHT}
    return {role for role, names in sides.items() if any(word in names for word in words)}
