"""Half-lives of the radionuclides of nuclear medicine.

References
----------
ICRP Publication 107 (2008), Nuclear decay data for dosimetric calculations, Ann. ICRP 38(3).
Compared value by value with the data of radioactivedecay 0.6.1, which hold the same table.
"""

import math

SOURCE = "ICRP-107"

HALF_LIFE_TOLERANCE = 0.02
"""A header's half-life is believed within this part of the table's."""

_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3600.0, 86400.0

HALF_LIFE_S: dict[str, float] = {
    "C-11": 20.39 * _MINUTE_S,
    "N-13": 9.965 * _MINUTE_S,
    "O-15": 122.24,
    "F-18": 109.77 * _MINUTE_S,
    "Sc-43": 3.891 * _HOUR_S,
    "Sc-44": 3.97 * _HOUR_S,
    "Sc-47": 3.3492 * _DAY_S,
    "Cr-51": 27.7025 * _DAY_S,
    "Co-57": 271.74 * _DAY_S,
    "Cu-61": 3.333 * _HOUR_S,
    "Cu-62": 9.673 * _MINUTE_S,
    "Cu-64": 12.7 * _HOUR_S,
    "Cu-67": 61.83 * _HOUR_S,
    "Ga-67": 3.2612 * _DAY_S,
    "Ga-68": 67.71 * _MINUTE_S,
    "Rb-82": 1.273 * _MINUTE_S,
    "Y-86": 14.74 * _HOUR_S,
    "Zr-89": 78.41 * _HOUR_S,
    "Y-90": 64.1 * _HOUR_S,
    "Tc-94m": 52.0 * _MINUTE_S,
    "Tc-99m": 6.015 * _HOUR_S,
    "In-111": 2.8047 * _DAY_S,
    "I-123": 13.27 * _HOUR_S,
    "I-124": 4.176 * _DAY_S,
    "I-125": 59.4 * _DAY_S,
    "I-131": 8.0207 * _DAY_S,
    "Xe-133": 5.243 * _DAY_S,
    "Tb-152": 17.5 * _HOUR_S,
    "Tb-155": 5.32 * _DAY_S,
    "Tb-161": 6.906 * _DAY_S,
    "Sm-153": 46.5 * _HOUR_S,
    "Ho-166": 26.8 * _HOUR_S,
    "Lu-177": 6.647 * _DAY_S,
    "Re-186": 3.7183 * _DAY_S,
    "Re-188": 17.004 * _HOUR_S,
    "Tl-201": 72.912 * _HOUR_S,
    "Pb-203": 51.873 * _HOUR_S,
    "Pb-212": 10.64 * _HOUR_S,
    "Bi-212": 60.55 * _MINUTE_S,
    "Bi-213": 45.59 * _MINUTE_S,
    "At-211": 7.214 * _HOUR_S,
    "Ra-223": 11.43 * _DAY_S,
    "Ra-224": 3.66 * _DAY_S,
    "Ac-225": 10.0 * _DAY_S,
}
"""Half-lives, s, by radionuclide in the form of :func:`quant.dicom.acquisition.nuclide`."""


def half_life_s(radionuclide: str) -> float | None:
    """Return the half-life of a radionuclide (``I-123``), s; None when it is not in the table."""
    return HALF_LIFE_S.get(radionuclide)


def agrees(found_s: float, radionuclide: str) -> bool:
    """Tell whether a half-life, s, is that of a radionuclide within 2 %."""
    known_s = HALF_LIFE_S.get(radionuclide)
    return known_s is not None and abs(found_s / known_s - 1.0) <= HALF_LIFE_TOLERANCE


def others_with(found_s: float, radionuclide: str) -> tuple[str, ...]:
    """Name the other radionuclides whose half-life, s, this could be."""
    return tuple(name for name in HALF_LIFE_S if name != radionuclide and agrees(found_s, name))


def decay_constant_per_s(half_life_s: float) -> float:
    """Return the decay constant of a half-life, 1/s."""
    return math.log(2.0) / half_life_s


def mean_rate_delay_s(half_life_s: float, duration_s: float) -> float:
    """Return when, after the start of a frame, the rate equals its mean over the frame, s.

    ``ln(x / (1 - exp(-x))) / lambda`` with ``x = lambda * duration``; half the duration for
    frames that are short against the half-life.
    """
    constant = decay_constant_per_s(half_life_s)
    decays = constant * duration_s
    if decays < 1e-9:
        return duration_s / 2.0
    return math.log(decays / -math.expm1(-decays)) / constant
