"""Files on which readers differ, each with a question whose answer is known by construction.

The pictures are empty but for one hot voxel (its place is asked) or uniform (a value is asked).
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from tests.support.dicom_builder import AXIAL, CT, PT, item, nm, save, save_all, slices
from tests.support.enhanced_builder import enhanced
from tests.support.peers import Absent, Picture

Numbers = tuple[float, ...]
ROW, COLUMN = 4, 2
"""Where the hot voxel is in its slice."""


@dataclass(frozen=True)
class Case:
    """One situation: how to build it, what to ask, what is true.

    Parameters
    ----------
    name, question : str
    build : callable
        Writes the files into an empty folder.
    ask : callable
        The answer from one volume of a reader.
    truth : tuple of float or None
        By construction; None when the right answer is to refuse.
    code : str
        What our refusal is called, where it is right to refuse.
    wrong : dict of str to tuple of float
        What peers were seen to answer: for the record, and to know when one is mended.
    tolerance : float
    """

    name: str
    question: str
    build: Callable[[Path], object]
    ask: Callable[[Picture], Numbers]
    truth: Numbers | None
    code: str = ""
    wrong: dict[str, Numbers] | None = None
    tolerance: float = 1e-3

    def off(self, answer: Numbers) -> float:
        """Greatest difference from the truth; the distance, mm, for a place."""
        assert self.truth is not None
        if len(answer) != len(self.truth):
            return float("inf")
        difference = np.subtract(answer, self.truth)
        place = self.ask is Picture.centroid_mm
        return float(np.linalg.norm(difference) if place else np.abs(difference).max())

    def best(self, pictures: Sequence[Picture]) -> Numbers:
        """Return the best answer among the volumes that a reader gives: the benefit of doubt."""
        answers = [self.ask(one) for one in pictures]
        return min(answers, key=self.off) if self.truth is not None else answers[0]


def hot(slices_: int, at: int, dtype: type = np.int16) -> NDArray[np.generic]:
    """(K, 7, 6) zeros with one voxel of 1000 in slice ``at``, row 4, column 2."""
    stored: NDArray[Any] = np.zeros((slices_, 7, 6), dtype=dtype)
    stored[at, ROW, COLUMN] = 1000
    return stored


def _nm(stored: NDArray[np.generic] | None = None, /, **changes: object) -> Callable[[Path], Path]:
    data = nm(hot(5, 3, np.uint16) if stored is None else stored, InstanceNumber=1, **changes)
    return lambda folder: save(data, folder / "nm.dcm")


def _top_level() -> Callable[[Path], Path]:
    data = nm(
        hot(5, 3, np.uint16),
        InstanceNumber=1,
        ImagePositionPatient=[-10.0, -20.0, 30.0],
        ImageOrientationPatient=list(AXIAL),
        DetectorInformationSequence=None,
    )
    return lambda folder: save(data, folder / "nm.dcm")


def _gated() -> Callable[[Path], Path]:
    """Two gates of five slices with 1000 and 2000 in the hot voxel."""
    gate = hot(5, 3, np.uint16)
    return _nm(
        np.concatenate([gate, (2 * gate).astype(np.uint16)]),
        ImageType=["DERIVED", "PRIMARY", "RECON GATED TOMO", "EMISSION"],
        FrameIncrementPointer=[0x00540060, 0x00540070, 0x00540080],
        RRIntervalVector=[1] * 10,
        TimeSlotVector=[1] * 5 + [2] * 5,
        SliceVector=[1, 2, 3, 4, 5] * 2,
        NumberOfSlices=5,
        NumberOfRRIntervals=1,
        NumberOfTimeSlots=2,
    )


def _projections() -> Callable[[Path], Path]:
    return _nm(
        None,
        ImageType=["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"],
        FrameIncrementPointer=[0x00540010, 0x00540020, 0x00540050, 0x00540090],
        SliceVector=None,
        NumberOfSlices=None,
        SpacingBetweenSlices=None,
        EnergyWindowVector=[1] * 5,
        DetectorVector=[1] * 5,
        RotationVector=[1] * 5,
        AngularViewVector=[1, 2, 3, 4, 5],
    )


def _mapping() -> Dataset:
    return item(
        RealWorldValueFirstValueMapped=0,
        RealWorldValueLastValueMapped=65535,
        RealWorldValueSlope=3.0,
        RealWorldValueIntercept=0.0,
        LUTExplanation="activity",
        LUTLabel="Bq/ml",
        MeasurementUnitsCodeSequence=[
            item(CodeValue="Bq/ml", CodingSchemeDesignator="UCUM", CodeMeaning="Bq/ml")
        ],
    )


def _ct(folder: Path) -> object:
    return save_all(slices(CT, hot(6, 5)), folder)


def _with_gap(folder: Path) -> object:
    """Slices 8 and 9 of twelve are missing; the hot voxel is in slice 6."""
    heights = [2.5 * index for index in range(12) if index not in (8, 9)]
    return save_all(slices(CT, hot(10, 6), heights), folder)


def _tilted(folder: Path) -> object:
    """Each slice 0.6 mm further down the column: 13.5 degrees of gantry tilt."""
    series = slices(CT, hot(6, 5), GantryDetectorTilt=float(np.degrees(np.arctan2(0.6, 2.5))))
    for index, data in enumerate(series):
        data.ImagePositionPatient = [-10.0, -20.0 + 0.6 * index, 30.0 + 2.5 * index]
    return save_all(series, folder)


def _copied(folder: Path) -> object:
    series = slices(CT, hot(6, 3))
    save(copy.deepcopy(series[4]), folder / "copy.dcm")
    return save_all(series, folder)


def _same_place(folder: Path) -> object:
    """Write a seventh image, other pixels and UID, in the place of the third."""
    series = slices(CT, hot(6, 5))
    other = copy.deepcopy(series[2])
    other.SOPInstanceUID += ".9"
    other.InstanceNumber = 77
    other.PixelData = np.full((7, 6), 3, dtype=np.int16).tobytes()
    save(other, folder / "other.dcm")
    return save_all(series, folder)


def _two_acquisitions(folder: Path) -> object:
    """Write two sweeps over the same places in one series, hot in slice 5 and in slice 1."""
    first = slices(CT, hot(6, 5), AcquisitionNumber=1)
    second = slices(CT, hot(6, 1), AcquisitionNumber=2)
    for index, data in enumerate(second):
        data.SOPInstanceUID += ".2"
        data.InstanceNumber = index + 7
    return save_all([*first, *second], folder)


def _slopes(*values: str) -> Callable[[Path], object]:
    series = slices(PT, np.full((3, 7, 6), 201, dtype=np.int16))
    for data, slope in zip(series, values, strict=True):
        data.RescaleSlope = slope
    return lambda folder: save_all(series, folder)


def _monochrome1(folder: Path) -> object:
    series = slices(PT, hot(6, 5), PhotometricInterpretation="MONOCHROME1")
    return save_all(series, folder)


def _jpeg_lossless(folder: Path) -> object:
    """Write process 14, first-order prediction; SimpleITK's encoder makes the pixel data."""
    import SimpleITK

    itk: Any = SimpleITK
    scratch = folder.with_name(folder.name + "_scratch")
    for data in slices(CT, hot(6, 5)):
        plain = save(data, scratch / "plain.dcm")
        writer = itk.ImageFileWriter()
        writer.UseCompressionOn()
        writer.SetCompressor("JPEG")
        writer.SetFileName(str(scratch / "packed.dcm"))
        writer.Execute(itk.ReadImage(str(plain)))
        packed = pydicom.dcmread(scratch / "packed.dcm")
        data["PixelData"] = packed["PixelData"]
        save(data, folder / f"{data.InstanceNumber}.dcm", packed.file_meta.TransferSyntaxUID)
    return folder


def _by_height(picture: Picture) -> Numbers:
    """One value a slice, from low to high; readers that know no geometry keep their order."""
    upward = picture.affine is None or picture.affine[2, 0] > 0
    column = picture.values[:, 0, 0]
    return tuple(float(round(value, 4)) for value in (column if upward else column[::-1]))


def _greatest(picture: Picture) -> Numbers:
    return (float(picture.values.max()),)


def _hot_value(picture: Picture) -> Numbers:
    """Value of the hot voxel above that of the first voxel."""
    if picture.affine is None:
        return (float(picture.values[-1, ROW, COLUMN] - picture.values[0, 0, 0]),)
    return (picture.at_mm((-6.0, -8.0, 42.5)) - picture.at_mm((-10.0, -20.0, 30.0)),)


def _size(picture: Picture) -> Numbers:
    """Slices of a volume; a reader that gives frames without a place claims none."""
    if picture.affine is None:
        raise Absent("gives frames")
    return (float(len(picture.values)),)


PLACE = "place of the hot voxel, mm"
HIGH: Numbers = (-6.0, -8.0, 42.0)
"""The hot voxel of the NM objects: position + column 2 (2 mm) + row 4 (3 mm) + slice 3 (4 mm)."""

CONTROLS = (
    Case("plain NM reconstruction", PLACE, _nm(), Picture.centroid_mm, HIGH),
    Case("plain CT series", PLACE, _ct, Picture.centroid_mm, (-6.0, -8.0, 42.5)),
    Case("plain PET series", "values", _slopes("0.3", "0.3", "0.3"), _by_height, (60.3,) * 3),
)
"""What every reader gets right, or refuses: it shows that the questions are fair."""

CASES = (
    Case(
        "NM, SpacingBetweenSlices missing, thickness 4 mm",
        PLACE,
        _nm(SpacingBetweenSlices=None),
        Picture.centroid_mm,
        HIGH,
        wrong={"SimpleITK": (-6.0, -8.0, 33.0)},
    ),
    Case(
        "NM, SpacingBetweenSlices -4 mm",
        PLACE,
        _nm(SpacingBetweenSlices=-4.0),
        Picture.centroid_mm,
        (-6.0, -8.0, 18.0),
        wrong={"dcm2niix": HIGH},
    ),
    Case(
        "NM, normal points to the feet",
        PLACE,
        _nm(orientation=(1, 0, 0, 0, -1, 0)),
        Picture.centroid_mm,
        (-6.0, -32.0, 18.0),
        wrong={"dcm2niix": (-6.0, -32.0, 42.0)},
    ),
    Case(
        "NM, SliceVector 1, 3, 5, 2, 4",
        PLACE,
        _nm(SliceVector=[1, 3, 5, 2, 4]),
        Picture.centroid_mm,
        (-6.0, -8.0, 34.0),
        wrong={"SimpleITK": HIGH, "dcm2niix": HIGH},
    ),
    Case(
        "NM, position at top level only",
        PLACE,
        _top_level(),
        Picture.centroid_mm,
        HIGH,
        wrong={"SimpleITK": (4.0, 12.0, 12.0)},
    ),
    Case(
        "NM, two gates of five slices",
        "slices of a volume",
        _gated(),
        _size,
        (5.0,),
        wrong={"SimpleITK": (10.0,)},
    ),
    Case(
        "NM projections",
        "a volume?",
        _projections(),
        _size,
        None,
        code="NM_NOT_RECON",
        wrong={"SimpleITK": (5.0,), "dcm2niix": (5.0,)},
    ),
    Case(
        "NM, mapping 3 Bq/ml beside RescaleSlope 2, stored 1000",
        "value",
        _nm(RescaleSlope="2", RescaleIntercept="0", RealWorldValueMappingSequence=[_mapping()]),
        _greatest,
        (3000.0,),
        wrong={"SimpleITK": (2000.0,), "dcm2niix": (2000.0,), "pydicom": (2000.0,)},
    ),
    Case(
        "PET, slopes 1, 0.3, 0.5, stored 201",
        "values",
        _slopes("1", "0.3", "0.5"),
        _by_height,
        (201.0, 60.3, 100.5),
        wrong={"SimpleITK": (201.0, 60.0, 100.0)},
    ),
    Case(
        "PET in MONOCHROME1, hot voxel stored as 1000",
        "value above background",
        _monochrome1,
        _hot_value,
        (1000.0,),
        wrong={"SimpleITK": (-1000.0,), "highdicom": (-1000.0,)},
    ),
    Case(
        "CT, two adjacent slices missing of twelve",
        PLACE,
        _with_gap,
        Picture.centroid_mm,
        (-6.0, -8.0, 45.0),
        wrong={"SimpleITK": (-6.0, -8.0, 48.3333)},
    ),
    Case(
        "CT, gantry tilt of 13.5 degrees",
        PLACE,
        _tilted,
        Picture.centroid_mm,
        (-6.0, -5.0, 42.5),
        wrong={"SimpleITK": (-6.0, -8.0, 42.855), "dcm2niix": (-6.0, -2.0, 42.5)},
        tolerance=0.02,
    ),
    Case(
        "CT, one slice copied twice",
        PLACE,
        _copied,
        Picture.centroid_mm,
        (-6.0, -8.0, 37.5),
        wrong={"SimpleITK": (-6.0, -8.0, 41.6667)},
    ),
    Case(
        "CT, another image in the place of a slice",
        "a volume?",
        _same_place,
        _size,
        None,
        code="DUP_CONFLICT",
        wrong={"SimpleITK": (7.0,), "dcm2niix": (7.0,)},
    ),
    Case(
        "CT, two acquisitions in one series",
        PLACE,
        _two_acquisitions,
        Picture.centroid_mm,
        (-6.0, -8.0, 42.5),
        wrong={"SimpleITK": (-6.0, -8.0, 36.8182)},
    ),
    Case(
        "enhanced CT, frames in any order",
        PLACE,
        lambda folder: save(enhanced(slices(CT, hot(6, 5)), [3, 0, 5, 1, 4, 2]), folder / "ct.dcm"),
        Picture.centroid_mm,
        (-6.0, -8.0, 42.5),
        wrong={"SimpleITK": (-8.0, -16.0, 39.5)},
    ),
    Case(
        "CT in JPEG lossless (process 14)",
        PLACE,
        _jpeg_lossless,
        Picture.centroid_mm,
        (-6.0, -8.0, 42.5),
    ),
)
