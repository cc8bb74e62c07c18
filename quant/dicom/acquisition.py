"""Facts of the acquisition that a record keeps: radionuclide, window, collimator, corrections."""

import re
from typing import TYPE_CHECKING

from quant.dicom.facts import number, text

if TYPE_CHECKING:
    from quant.dicom.facts import Facts
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


def radionuclide(facts: "Facts") -> tuple[str, str]:
    """Return the radionuclide and the attribute that said so; both empty when nothing does."""
    items = "RadiopharmaceuticalInformationSequence.0."
    sources = (
        ("RadionuclideCodeSequence", f"{items}RadionuclideCodeSequence.0.CodeMeaning"),
        ("Radiopharmaceutical", f"{items}Radiopharmaceutical"),
        ("EnergyWindowName", "EnergyWindowInformationSequence.0.EnergyWindowName"),
    )
    for source, keyword in sources:
        name = nuclide(text(facts, keyword))
        if name:
            return name, source
    return "", ""


def energy_window(facts: "Facts") -> str:
    """Return the first energy window, keV, such as ``143.1-174.9``; empty when unknown."""
    item = "EnergyWindowInformationSequence.0.EnergyWindowRangeSequence.0.EnergyWindow"
    low, high = number(facts, f"{item}LowerLimit"), number(facts, f"{item}UpperLimit")
    return "" if low is None or high is None else f"{low:g}-{high:g}"


def collimator(facts: "Facts") -> str:
    """Return the collimator's name, or its type; empty when unknown."""
    item = "DetectorInformationSequence.0.Collimator"
    return text(facts, f"{item}GridName") or text(facts, f"{item}Type")


def acquisition_facts(series: "SeriesEntry") -> dict[str, str]:
    """Return what a record keeps of a series' headers; absent facts are left out."""
    facts = series.facts
    name, source = radionuclide(facts)
    found = {keyword: text(facts, keyword) for keyword in PLAIN_FACTS}
    found |= {
        "Radionuclide": name,
        "radionuclide_source": source,
        "CollimatorGridName": collimator(facts),
        "EnergyWindowKeV": energy_window(facts),
        "EnergyWindowName": text(facts, "EnergyWindowInformationSequence.0.EnergyWindowName"),
    }
    return {keyword: value for keyword, value in found.items() if value}


def _symbol(name: str) -> str:
    return SYMBOLS.get(name) or ELEMENTS.get(name, "")
