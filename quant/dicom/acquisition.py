"""Facts of the acquisition that a record keeps: radionuclide, window, collimator, corrections."""

import re
from typing import TYPE_CHECKING

from quant.dicom.files.facts import MAX_ITEMS, text, whole
from quant.dicom.nm.layout import DETECTOR, WINDOW
from quant.dicom.nm.volumes import values_of, window_limits

if TYPE_CHECKING:
    from quant.dicom.files.facts import Facts
    from quant.domain.study import SeriesEntry

ELEMENTS = {
    "IODINE": "I", "TECHNETIUM": "Tc", "LUTETIUM": "Lu", "LUTECIUM": "Lu", "FLUORINE": "F",
    "GALLIUM": "Ga", "INDIUM": "In", "THALLIUM": "Tl", "YTTRIUM": "Y", "ZIRCONIUM": "Zr",
    "COPPER": "Cu", "SAMARIUM": "Sm", "RADIUM": "Ra", "ACTINIUM": "Ac", "XENON": "Xe",
    "CARBON": "C", "NITROGEN": "N", "OXYGEN": "O", "RUBIDIUM": "Rb", "HOLMIUM": "Ho",
    "TERBIUM": "Tb", "LEAD": "Pb", "BISMUTH": "Bi", "CHROMIUM": "Cr", "COBALT": "Co",
    "RHENIUM": "Re", "SCANDIUM": "Sc", "KRYPTON": "Kr", "ASTATINE": "At",
}  # fmt: skip
"""Symbols of the elements that nuclear medicine uses, by name."""

SYMBOLS = {symbol.upper(): symbol for symbol in ELEMENTS.values()}

AGENTS, WINDOWS = "RadiopharmaceuticalInformationSequence", "EnergyWindowInformationSequence"

_SYMBOL_FIRST = re.compile(r"(?<![A-Z])([A-Z]+)[\s^_-]*(\d{1,3})\s*(M?)(?![A-Z0-9])")
_NUMBER_FIRST = re.compile(r"(?<![A-Z0-9])\^?(\d{1,3})\s*(M?)\^?[\s_-]*([A-Z]+)")

PLAIN_FACTS = (
    "Manufacturer", "ManufacturerModelName", "SoftwareVersions", "ImageType", "CorrectedImage",
    "AttenuationCorrectionMethod", "ScatterCorrectionMethod", "DecayCorrection",
    "ReconstructionMethod", "ConvolutionKernel", "Units", "SUVType", "TransferSyntaxUID",
    "PatientPosition",
)  # fmt: skip


def nuclide(words: str) -> str:
    """Return a radionuclide as symbol and mass number (``I-123``, ``Tc-99m``); empty if unknown.

    Reads the spellings of DICOM code meanings and of vendors: ``^123^Iodine``, ``123-Iodine``,
    ``I-123``, ``I123``, ``123I-MIBG``, ``Technetium Tc99m``, ``99mTc``.
    """
    upper = words.upper()
    for symbol, mass, state in _SYMBOL_FIRST.findall(upper):
        if _symbol(symbol):
            return f"{_symbol(symbol)}-{mass}{state.lower()}"
    for mass, state, symbol in _NUMBER_FIRST.findall(upper):
        # "123MIBG" is no metastable state: M belongs to it only before an element
        if _symbol(symbol):
            return f"{_symbol(symbol)}-{mass}{state.lower()}"
    return ""


def radionuclide(facts: "Facts", window: int = 1) -> tuple[str, str]:
    """Return the radionuclide and the attribute that said so; both empty when nothing does.

    Where an object names several (two tracers at once), only the name of the energy window tells
    which one the volume shows; if it does not, none is returned.

    Parameters
    ----------
    facts : dict
    window : int
        Energy window of the volume, from 1.
    """
    found: dict[str, str] = {}
    for index in range(min(whole(facts, AGENTS) or 0, MAX_ITEMS)):
        item = f"{AGENTS}.{index}."
        sources = {
            "RadionuclideCodeSequence": f"{item}RadionuclideCodeSequence.0.CodeMeaning",
            "Radiopharmaceutical": f"{item}Radiopharmaceutical",
        }
        named = [(nuclide(text(facts, path)), source) for source, path in sources.items()]
        name, source = next(((name, source) for name, source in named if name), ("", ""))
        if name:
            found.setdefault(name, source)
    if len(found) == 1:
        return next(iter(found.items()))
    by_window = nuclide(text(facts, f"{WINDOWS}.{window - 1}.EnergyWindowName"))
    if by_window and (not found or by_window in found):
        return by_window, "EnergyWindowName"
    return "", ""


def collimator(facts: "Facts", detector: int = 1) -> str:
    """Return the name of a detector's collimator, or its type; empty when unknown."""
    item = f"DetectorInformationSequence.{detector - 1}.Collimator"
    return text(facts, f"{item}GridName") or text(facts, f"{item}Type")


def acquisition_facts(series: "SeriesEntry") -> dict[str, str]:
    """Return what a record keeps of a series' headers; absent facts are left out.

    Energy window, collimator and radionuclide are those of the volume's own window and detector;
    for the sum of several windows, all of them.
    """
    facts = series.facts
    members = [values_of(member) for member in series.members or (series,)]
    windows = sorted({values.get(WINDOW, 1) for values in members})
    nuclides = dict.fromkeys(radionuclide(facts, window) for window in windows)
    name, source = next(iter(nuclides)) if len(nuclides) == 1 else ("", "")
    found = {keyword: text(facts, keyword) for keyword in PLAIN_FACTS}
    found |= {
        "Radionuclide": name,
        "radionuclide_source": source,
        "CollimatorGridName": collimator(facts, members[0].get(DETECTOR, 1)),
        "EnergyWindowKeV": ", ".join(filter(None, (window_limits(facts, w) for w in windows))),
        "EnergyWindowName": ", ".join(
            filter(None, (text(facts, f"{WINDOWS}.{w - 1}.EnergyWindowName") for w in windows))
        ),
        "part": series.part,
    }
    return {keyword: value for keyword, value in found.items() if value}


def _symbol(name: str) -> str:
    return SYMBOLS.get(name) or ELEMENTS.get(name, "")
