"""PET and SPECT series whose SUV is known by physics: background 0.20, muscle 1.00, tumour 4.00.

Written after the digital reference objects of the IBSI SUV benchmark, which are not among the data
of this repository. Stored values come from the true concentration at the true moment; nothing of
the reader is used, and the mean over a frame is the integral of the decay over it.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from tests.support.dicom_builder import PT, changed, item, nm, slices

SUV = np.array([0.2, 1.0, 4.0])
STORED = np.array([1000, 5000, 20000], dtype=np.uint16)

HALF_LIVES_S = {
    "F-18": 6586.2, "Ga-68": 4062.6, "I-124": 360806.4, "Zr-89": 282276.0, "I-131": 692988.48,
    "Lu-177": 574300.8, "Tc-99m": 21654.0, "C-11": 1223.4,
}  # fmt: skip
"""s, ICRP-107."""

NAMES = {
    "F-18": "^18^Fluorine", "Ga-68": "^68^Gallium", "I-124": "^124^Iodine",
    "Zr-89": "^89^Zirconium", "I-131": "^131^Iodine", "Lu-177": "^177^Lutetium",
    "Tc-99m": "^99m^Technetium", "C-11": "^11^Carbon",
}  # fmt: skip

NOON = datetime.fromisoformat("2024-03-14T12:00:00")
BED_S = 180.0
"""Duration of a bed position; two slices each."""


@dataclass(frozen=True)
class Person:
    """Somebody in a scanner."""

    weight_kg: float = 81.3
    height_m: float = 1.76
    sex: str = "M"

    def grams(self) -> float:
        """Weight, g."""
        return self.weight_kg * 1000.0

    def lean_grams(self, kind: str) -> float:
        """Lean body mass, by the formulas as printed in the papers."""
        weight, height = self.weight_kg, self.height_m
        men = {
            "LBM": 1.10 * weight - 0.0120 * weight**2 / height**2,
            "LBMJAMES128": 1.10 * weight - 0.0128 * weight**2 / height**2,
            "LBMJANMA": 9270.0 * weight / (6680.0 + 216.0 * weight / height**2),
            "IBW": 48.0 + 1.06 * (height * 100.0 - 152.0),
        }
        women = {
            "LBM": 1.07 * weight - 0.0148 * weight**2 / height**2,
            "LBMJAMES128": 1.07 * weight - 0.0148 * weight**2 / height**2,
            "LBMJANMA": 9270.0 * weight / (8780.0 + 244.0 * weight / height**2),
            "IBW": 45.5 + 0.91 * (height * 100.0 - 152.0),
        }
        found = {"M": men[kind], "F": women[kind], "O": (men[kind] + women[kind]) / 2.0}
        return 1000.0 * found[self.sex]

    def surface_cm2(self) -> float:
        """Body surface, cm2."""
        logarithm = 0.425 * math.log(self.weight_kg) + 0.725 * math.log(100.0 * self.height_m)
        return 71.84 * math.exp(logarithm)


@dataclass(frozen=True)
class Scan:
    """One examination: what was given, when, and when which slice was acquired."""

    person: Person = Person()
    nuclide: str = "F-18"
    dose_bq: float = 3.4e8
    given: datetime = NOON - timedelta(minutes=62)
    started: datetime = NOON
    beds: Sequence[float] = (0.0, 0.0, 190.0, 190.0)
    """Start of the bed of every slice, s after ``started``."""
    decay_correction: str = "START"
    units: str = "BQML"
    changes: dict[str, object] = field(default_factory=dict)
    every: tuple[Callable[[Dataset], object], ...] = ()
    """What is done to every slice in the end."""

    @property
    def constant(self) -> float:
        """Decay constant, 1/s."""
        return math.log(2.0) / HALF_LIVES_S[self.nuclide]

    def left(self, moment: datetime) -> float:
        """Part of the activity that is left at a moment."""
        return math.exp(-self.constant * (moment - self.given).total_seconds())

    def frame_mean(self) -> float:
        """Mean of the decay over a frame, from its start."""
        decays = self.constant * BED_S
        return -math.expm1(-decays) / decays

    def acquired(self, index: int) -> datetime:
        """When the bed of a slice was started."""
        return self.started + timedelta(seconds=self.beds[index])

    def concentration(self, index: int) -> NDArray[np.float64]:
        """Return what the scanner states for a slice, Bq/ml."""
        whole = SUV * self.dose_bq / self.person.grams()
        if self.decay_correction == "ADMIN":
            return whole
        if self.decay_correction == "NONE":
            return whole * self.left(self.acquired(index)) * self.frame_mean()
        return whole * self.left(self.started)

    def frame_reference_ms(self, index: int) -> float:
        """Return when the rate of a slice was its mean, ms after the start of the scan."""
        late_s = -math.log(self.frame_mean()) / self.constant
        return 1000.0 * (self.beds[index] + late_s)


def decimal(value: float) -> str:
    """Write a decimal string of at most 16 characters, to 10 digits."""
    return f"{value:.10g}"[:16] if 1e-4 <= abs(value) < 1e6 else f"{value:.9e}"[:16]


def stamps(stem: str, moment: datetime) -> dict[str, object]:
    return {f"{stem}Date": f"{moment:%Y%m%d}", f"{stem}Time": f"{moment:%H%M%S.%f}"}


def radiopharmaceutical(scan: Scan, **changes: object) -> Dataset:
    base: dict[str, object] = {
        "RadionuclideTotalDose": decimal(scan.dose_bq),
        "RadionuclideHalfLife": decimal(HALF_LIVES_S[scan.nuclide]),
        "RadiopharmaceuticalStartDateTime": f"{scan.given:%Y%m%d%H%M%S.%f}",
        "RadiopharmaceuticalStartTime": f"{scan.given:%H%M%S.%f}",
        "RadionuclideCodeSequence": [item(CodeMeaning=NAMES[scan.nuclide], CodeValue="x")],
    }
    return item(**(base | changes))


def pet(scan: Scan, **injection: object) -> list[Dataset]:
    """Return the series of a scan; ``injection`` changes the radiopharmaceutical's item.

    Three columns hold background, muscle and tumour; slopes differ between slices.
    """
    stored = np.tile(STORED, (len(scan.beds), 2, 1))
    series = slices(PT, stored)
    for index, data in enumerate(series):
        data.PixelData = np.round(stored[index] / 4 * (4 - index % 4)).astype("<u2").tobytes()
        slope = scan.concentration(index)[1] / (STORED[1] / 4 * (4 - index % 4))
        base: dict[str, object] = {
            "RescaleSlope": decimal(slope),
            "Units": scan.units,
            "CorrectedImage": ["ATTN", "SCAT", "DECY"],
            "DecayCorrection": scan.decay_correction,
            "PatientWeight": decimal(scan.person.weight_kg),
            "PatientSize": decimal(scan.person.height_m),
            "PatientSex": scan.person.sex,
            "ActualFrameDuration": str(int(BED_S * 1000.0)),
            "FrameReferenceTime": decimal(scan.frame_reference_ms(index)),
            "RadiopharmaceuticalInformationSequence": [radiopharmaceutical(scan, **injection)],
            **stamps("Series", scan.started),
            **stamps("Acquisition", scan.acquired(index)),
        }
        changed(data, **(base | scan.changes))
        for change in scan.every:
            change(data)
    return series


def rescaled(factor: float) -> Callable[[Dataset], None]:
    """Return a change that multiplies the slope: the series is in other units."""

    def change(data: Dataset) -> None:
        data.RescaleSlope = decimal(float(data.RescaleSlope) * factor)

    return change


def private(
    group: int, creator: str, element: int, value: str, *, vr: str, block: int = 0x10
) -> Callable[[Dataset], None]:
    """Return a change that adds a private attribute; without a creator when that is empty."""

    def change(data: Dataset) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for taken in range(0x10, block):
                data.add_new(group << 16 | taken, "LO", f"SOMEBODY ELSE {taken:X}")
                data.add_new(group << 16 | taken << 8 | element, "LO", "7777")
            if creator:
                data.add_new(group << 16 | block, "LO", creator)
            written = value.encode() if vr == "UN" else value
            data.add_new(group << 16 | block << 8 | element, vr, written)

    return change


def ge_time(moment: datetime, vr: str = "DT", block: int = 0x10) -> Callable[[Dataset], None]:
    stated = f"{moment:%Y%m%d%H%M%S}.00"
    return private(0x0009, "GEMS_PETD_01", 0x0D, stated, vr=vr, block=block)


def philips(
    element: int, factor: float, vr: str = "DS", block: int = 0x10
) -> Callable[[Dataset], None]:
    creator = "Philips PET Private Group"
    return private(0x7053, creator, element, decimal(factor), vr=vr, block=block)


def spect(scan: Scan, dose: str, concentration: float, **changes: object) -> Dataset:
    """Return an NM reconstruction in Bq/ml whose SUV of 1 is ``concentration``."""
    stored = np.tile(STORED, (4, 2, 1))
    mapping = item(
        RealWorldValueFirstValueMapped=0,
        RealWorldValueLastValueMapped=65535,
        RealWorldValueSlope=concentration / float(STORED[1]),
        RealWorldValueIntercept=0.0,
        MeasurementUnitsCodeSequence=[
            item(CodeValue="Bq/ml", CodingSchemeDesignator="UCUM", CodeMeaning="Bq/ml")
        ],
    )
    for keyword in ("RealWorldValueFirstValueMapped", "RealWorldValueLastValueMapped"):
        mapping[keyword].VR = "US"
    base: dict[str, object] = {
        "RealWorldValueMappingSequence": [mapping],
        "PatientWeight": decimal(scan.person.weight_kg),
        "PatientSize": decimal(scan.person.height_m),
        "PatientSex": scan.person.sex,
        "RadiopharmaceuticalInformationSequence": [
            radiopharmaceutical(scan, RadionuclideTotalDose=dose)
        ],
        **stamps("Acquisition", scan.started),
    }
    return nm(stored, **(base | changes))


def in_suv(scan: Scan, size: float) -> Callable[[Dataset], None]:
    """Return a change that makes the values SUV of a body size (g, or cm2)."""
    return rescaled(size / (scan.dose_bq * scan.left(scan.started)))


def moved(scan: Scan, **changes: object) -> Scan:
    """Return the scan with other attributes in its headers."""
    return replace(scan, changes={**scan.changes, **changes})
