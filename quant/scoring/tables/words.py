"""The words of a table of reader scores: columns, spellings, and what is allowed where.

A word is taken as written here, whatever its case; everything else is refused with what is
allowed. Nothing is matched by likeness.
"""

import difflib
from collections.abc import Iterable, Mapping

from quant.scoring.readings.segments import SEGMENTS, Segment, System, total_segments
from quant.scoring.readings.totals import Modality, Phase

KEY_COLUMNS = ("patient", "time_point", "modality", "nuclide", "phase", "reader")
"""Columns that every table of reader scores has; no cell of them may be empty."""

LONG_COLUMNS = ("system", "segment", "score")
OPTIONAL_COLUMNS = ("day", "note")
LONG_OPTIONAL = ("in_field", "reason")

COLUMN_ALIASES = {"time": "time_point", "timepoint": "time_point", "radionuclide": "nuclide"}

MODALITIES: Mapping[str, Modality] = {
    "planar": Modality.PLANAR,
    "spect/ct": Modality.SPECT_CT,
    "spect-ct": Modality.SPECT_CT,
    "spect_ct": Modality.SPECT_CT,
    "combined": Modality.COMBINED,
}

NUCLIDES: Mapping[str, str] = {
    f"{form}": f"{element}-{mass}"
    for element, mass in (("I", "123"), ("I", "124"), ("I", "131"), ("F", "18"))
    for form in (
        f"{element}-{mass}".lower(),
        f"{mass}-{element}".lower(),
        f"{element}{mass}".lower(),
        f"{mass}{element}".lower(),
    )
}
"""Nuclides of MIBG and its analogues, written ``I-123``, ``123I``, ``123-I`` or ``I123``."""

STATED_PHASES = tuple(one for one in Phase if one is not Phase.NOT_STATED)
PHASES: Mapping[str, Phase] = {str(one).lower(): one for one in STATED_PHASES}

SYSTEMS: Mapping[str, System] = {str(one): one for one in System}

UNASSESSED = ("not assessable", "not_assessable", "not-assessable", "na")


def phase_of(text: str) -> Phase | None:
    """Phase by its name; spaces and underscores count as hyphens."""
    return PHASES.get("-".join(text.lower().replace("_", " ").replace("-", " ").split()))


def modality_of(text: str) -> Modality | None:
    """Modality by its name."""
    return MODALITIES.get(text.lower())


def nuclide_of(text: str) -> str | None:
    """Nuclide as the engine writes it (``I-123``)."""
    return NUCLIDES.get(text.lower())


def system_of(text: str) -> System | None:
    """Scoring system by its name."""
    return SYSTEMS.get("_".join(text.lower().replace("-", " ").replace("_", " ").split()))


def segment_by_word(system: System, text: str) -> Segment | None:
    """Segment by its key, its number in the system, or its label."""
    word = "_".join(text.lower().replace("-", " ").replace("_", " ").split())
    for one in SEGMENTS[system]:
        label = "_".join(one.label.lower().split())
        if word in {one.key, label} or (one.number and word == str(one.number)):
            return one
    return None


def segment_list(system: System) -> str:
    """Segments of a system for an error: number and key."""
    return ", ".join(f"{one.number} {one.key}" for one in total_segments(system))


def allowed(words: Iterable[object]) -> str:
    """Say what is allowed, each once."""
    return "allowed: " + ", ".join(dict.fromkeys(str(one) for one in words))


def near(word: str, words: Iterable[str]) -> str:
    """Nearest known word as a question, or nothing."""
    found = difflib.get_close_matches(word, list(words), n=1, cutoff=0.7)
    return f" (did you mean {found[0]}?)" if found else ""
