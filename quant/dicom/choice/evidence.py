"""What headers say about a series' corrections: words of descriptions, CorrectedImage, methods."""

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from quant.dicom.files.facts import text, words
from quant.dicom.values.calibration import is_attenuation_unit

if TYPE_CHECKING:
    from quant.dicom.files.facts import Facts

AC_WORDS = frozenset((
    "AC", "CTAC", "CTACSC", "IRAC", "IRACSC", "IRACRR", "IRACSCRR", "ACSC", "ACSCRR", "ACRR",
    "ATTCORR", "MAC", "AK",
))  # fmt: skip
"""Whole words of a description that say: corrected for attenuation."""

NAC_WORDS = frozenset((
    "NAC", "NC", "NOAC", "NONAC", "IRNC", "IRNCRR", "IRNAC", "NOATT", "NOATTN", "UNCORRECTED",
    "NCSC", "NOCTAC", "NACSC", "NACNSC", "NOACSC", "NONATTCORR", "NONATTCOR", "NATTCORR",
))  # fmt: skip
"""Whole words that say: not corrected."""

NEGATIONS = frozenset((
    "NO", "NON", "NOT", "WITHOUT", "W/O", "UN", "OHNE", "SANS", "SIN", "SENZA",
))  # fmt: skip
ATTENUATION_WORDS = frozenset((
    "ATTENUATION", "ATTEN", "ATTN", "ATT",
))  # fmt: skip
CORRECTION_WORDS = frozenset((
    "CORRECTED", "CORRECTION", "CORR",
))  # fmt: skip

MAP_WORDS = frozenset((
    "MUMAP", "UMAP", "MUMAPS", "UMAPS", "ACMAP", "ACMAPS", "ATTMAP", "CTACMAP",
))  # fmt: skip
MAP_BEFORE = frozenset((
    "MU", "U", "AC", "ATTENUATION", "ATTEN", "ATTN", "ATT", "CTAC", "TRANSMISSION",
))  # fmt: skip
"""Words that make a following MAP or MAPS an attenuation map."""

NOT_AN_IMAGE = frozenset((
    "MIP", "PROJECTION", "REPROJECTION", "FUSED", "FUSION",
))  # fmt: skip
"""ImageType words of pictures made from a volume."""


GLUED = re.compile(r"^(?:SPECT|TOMO|RECON)(?=N?AC$|NC$)")
"""What is written without a gap before the word that counts: SPECTNAC."""


class Correction(StrEnum):
    """Whether a volume is corrected for attenuation."""

    YES = "attenuation corrected"
    NO = "not attenuation corrected"
    UNKNOWN = "correction unknown"


def tokens(description: str) -> tuple[str, ...]:
    """Split a description into upper-case words; a Greek mu counts as U."""
    plain = description.upper().replace("W/O", "WITHOUT")
    for letter in ("\u00b5", "\u03bc", "\u039c"):
        plain = plain.replace(letter, "U")
    return tuple(GLUED.sub("", word) for word in re.findall(r"[A-Z0-9]+", plain))


def describing(facts: "Facts") -> tuple[str, ...]:
    """Return the words of SeriesDescription and ImageID."""
    return (*tokens(text(facts, "SeriesDescription")), "", *tokens(text(facts, "ImageID")))


def described_correction(said: tuple[str, ...]) -> tuple[Correction, str]:
    """Tell from whole words whether a description claims the correction, and which word did."""
    for at, word in enumerate(said):
        before = said[at - 1] if at else ""
        follows = said[at + 1] if at + 1 < len(said) else ""
        negated = before in NEGATIONS
        claims = word in AC_WORDS or (word in ATTENUATION_WORDS and follows in CORRECTION_WORDS)
        if word in NAC_WORDS or (negated and (claims or word in ATTENUATION_WORDS)):
            return Correction.NO, f"{before} {word}".strip() if negated else word
    for at, word in enumerate(said):
        follows = said[at + 1] if at + 1 < len(said) else ""
        if word in AC_WORDS or (word in ATTENUATION_WORDS and follows in CORRECTION_WORDS):
            return Correction.YES, word
    return Correction.UNKNOWN, ""


def correction_of(facts: "Facts") -> tuple[Correction, tuple[str, ...]]:
    """Weigh the evidence for the attenuation correction.

    CorrectedImage (0028,0051) with ATTN decides; then the words of the description; then a stated
    AttenuationCorrectionMethod; a CorrectedImage that lists other corrections only says no.

    Returns
    -------
    tuple of (Correction, reasons)
    """
    corrected = words(facts, "CorrectedImage")
    said, word = described_correction(describing(facts))
    method = text(facts, "AttenuationCorrectionMethod").upper()
    reasons = [f"CorrectedImage {'/'.join(corrected) or 'missing'}"]
    if said is not Correction.UNKNOWN:
        reasons.append(f"its description says {word}: {said}")
    if method:
        reasons.append(
            "AttenuationCorrectionMethod is stated"
            if _is_method(method)
            else "AttenuationCorrectionMethod says none"
        )
    if "ATTN" in corrected:
        return Correction.YES, tuple(reasons)
    if said is not Correction.UNKNOWN:
        return said, tuple(reasons)
    if method:
        answer = Correction.YES if _is_method(method) else Correction.NO
        return answer, tuple(reasons)
    return (Correction.NO if corrected else Correction.UNKNOWN), tuple(reasons)


def contradicts(facts: "Facts") -> str:
    """Return the word of the description that denies what CorrectedImage claims; else empty."""
    said, word = described_correction(describing(facts))
    return word if said is Correction.NO and "ATTN" in words(facts, "CorrectedImage") else ""


def _is_method(method: str) -> bool:
    return not {"NONE", "NO", "NAC", "OFF"} & set(tokens(method))


def map_evidence(facts: "Facts") -> str:
    """Return what makes a series an attenuation map; empty when nothing does.

    The radiopharmaceutical text ATTENUATION MAPS alone does not: GE writes it into emission
    objects as well (see :func:`suspected_map`).
    """
    types = words(facts, "ImageType")
    if "TRANSMISSION" in types:
        return "ImageType TRANSMISSION"
    if is_attenuation_unit(facts):
        return "Units 1/cm"
    found = _map_words(describing(facts)) or _map_words(tokens(" ".join(types)))
    if found:
        return f"it is called {found}"
    if suspected_map(facts) and "ATTN" not in words(facts, "CorrectedImage"):
        return "its radiopharmaceutical is ATTENUATION MAPS"
    return ""


def suspected_map(facts: "Facts") -> bool:
    """Tell whether the radiopharmaceutical text names attenuation maps."""
    item = "RadiopharmaceuticalInformationSequence.0.Radiopharmaceutical"
    return bool(_map_words(tokens(text(facts, item))))


def _map_words(said: tuple[str, ...]) -> str:
    for at, word in enumerate(said):
        if word in MAP_WORDS:
            return word
        if word in ("MAP", "MAPS") and at and said[at - 1] in MAP_BEFORE:
            return f"{said[at - 1]} {word}"
    return ""
