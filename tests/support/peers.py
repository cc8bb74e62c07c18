"""Public readers behind one question: which volumes a folder holds, and where they lie.

Every reader is used in its plainest documented way. Programs that are not installed are skipped
(dcm2niix, dicom2nifti: used when they are on the PATH); none of them is a dependency. nibabel reads
what the converters write; its own reader of DICOM warns that it is for Siemens time series only.
"""

import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray

from quant.dicom.index import index_tree
from quant.dicom.pairing import select
from quant.dicom.volumes import read_volume
from quant.errors import StudyError

LPS_OF_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Picture:
    """A volume as a reader gives it: (K, J, I) values, and (k, j, i, 1) to LPS mm if it says so."""

    values: NDArray[np.float64]
    affine: NDArray[np.float64] | None

    def centroid_mm(self) -> tuple[float, ...]:
        """Centre of gravity of the values, LPS mm: the place of a hot voxel in an empty volume."""
        if self.affine is None:
            raise Absent("gives no geometry")
        if not self.values.any():
            raise Refused("gives zeros only")
        index = np.indices(self.values.shape).reshape(3, -1)
        weights = self.values.ravel() / self.values.sum()
        place = self.affine @ np.append(index @ weights, 1.0)
        return tuple(float(value) for value in place[:3])

    def at_mm(self, place: tuple[float, ...], margin: int = 0) -> float:
        """Value of the voxel nearest to a place, LPS mm, or the mean of a cube around it."""
        if self.affine is None:
            raise Absent("gives no geometry")
        index = np.rint(np.linalg.solve(self.affine, [*place, 1.0])[:3]).astype(int)
        if (index < 0).any() or (index >= self.values.shape).any():
            raise Refused("the place lies outside")
        return float(self.values[tuple(slice(n - margin, n + margin + 1) for n in index)].mean())


class Refused(Exception):  # noqa: N818 - an answer, not a failure of ours
    """The reader gives no volume and says so."""


class Absent(Exception):  # noqa: N818 - the same
    """The reader is not installed here, or leaves this question to its caller."""


Reader = Callable[[Path], list[Picture]]


def ours(folder: Path) -> list[Picture]:
    """Read what this engine chooses: the emission volume, else every CT volume."""
    index = index_tree(folder)
    if not index.studies:
        raise Refused("; ".join(sorted({one.code for one in index.quarantined})))
    (study,) = index.studies
    selection = select(study)
    wanted = [selection.emission] if selection.emission else list(study.by_modality("CT"))
    if not wanted:
        raise Refused("; ".join(flag.code for flag in (*selection.flags, *study.flags)))
    try:
        volumes = [read_volume(series) for series in wanted]
    except StudyError as error:
        raise Refused(error.code) from error
    return [Picture(one.values.astype(np.float64), one.grid.affine) for one in volumes]


def simple_itk(folder: Path) -> list[Picture]:
    """Read every series with ImageSeriesReader, a single file with ReadImage."""
    import SimpleITK

    itk: Any = SimpleITK
    itk.ProcessObject.GlobalWarningDisplayOff()
    reader = itk.ImageSeriesReader()
    pictures = []
    try:
        for series in reader.GetGDCMSeriesIDs(str(folder)):
            names = reader.GetGDCMSeriesFileNames(str(folder), series)
            image = itk.ReadImage(names if len(names) > 1 else names[0])
            affine = np.eye(4)
            axes = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
            affine[:3, :3] = axes[:, ::-1]
            affine[:3, 3] = image.GetOrigin()
            pictures.append(Picture(itk.GetArrayFromImage(image).astype(np.float64), affine))
    except RuntimeError as error:
        raise Refused(str(error).strip().splitlines()[-1][:80]) from error
    if not pictures:
        raise Refused("finds no series")
    return pictures


def highdicom(folder: Path) -> list[Picture]:
    """Read with highdicom: one file as Image, several as a volume of the series."""
    import highdicom as hd

    data = [pydicom.dcmread(path) for path in sorted(folder.iterdir())]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            volume: Any = (
                hd.Image.from_dataset(data[0]).get_volume()
                if len(data) == 1
                else hd.get_volume_from_series(data)
            )
    except Exception as error:  # whatever it raises is its answer
        raise Refused(str(error)[:80]) from error
    return [Picture(np.asarray(volume.array, dtype=np.float64), np.asarray(volume.affine))]


def pydicom_values(folder: Path) -> list[Picture]:
    """Read pixels with pydicom and its rescale; it leaves geometry to the caller."""
    import pydicom.pixels

    rescale: Any = getattr(pydicom.pixels, "apply_rescale")  # noqa: B009 - not in its typed API
    data = [pydicom.dcmread(path) for path in folder.iterdir()]
    data.sort(key=lambda one: int(one.get("InstanceNumber", 0) or 0))
    try:
        frames = [np.asarray(rescale(one.pixel_array, one), dtype=float) for one in data]
    except Exception as error:  # whatever it raises is its answer
        raise Refused(str(error)[:80]) from error
    values = np.concatenate([f.reshape(-1, *f.shape[-2:]) for f in frames])
    return [Picture(values, None)]


def dcm2niix(folder: Path) -> list[Picture]:
    """Convert with dcm2niix, if it is on the PATH; every volume that it writes."""
    return _converted(["dcm2niix", "-z", "n", "-o"], folder)


def dicom2nifti(folder: Path) -> list[Picture]:
    """Convert with dicom2nifti, if it is on the PATH."""
    return _converted(["dicom2nifti"], folder)


def _converted(command: list[str], folder: Path) -> list[Picture]:
    program = shutil.which(command[0])
    if program is None:
        raise Absent("not on the PATH")
    with tempfile.TemporaryDirectory() as name:
        places = [name, str(folder)] if command[-1] == "-o" else [str(folder), name]
        subprocess.run(  # noqa: S603 - a fixed program on files of our own making
            [program, *command[1:], *places], check=False, capture_output=True, timeout=120
        )
        pictures = [one for path in sorted(Path(name).rglob("*.nii*")) for one in _of_nifti(path)]
    if not pictures:
        raise Refused("writes no volume")
    return pictures


def _of_nifti(path: Path) -> list[Picture]:
    import nibabel as nib

    image: Any = nib.load(path)
    values = np.asarray(image.dataobj, dtype=np.float64)
    affine = (LPS_OF_RAS @ image.affine)[:, [2, 1, 0, 3]]
    stacks = values.reshape(*values.shape[:3], -1)
    return [Picture(stacks[..., n].T.copy(), affine) for n in range(stacks.shape[-1])]


PEERS: dict[str, Reader] = {
    "SimpleITK": simple_itk,
    "dcm2niix": dcm2niix,
    "highdicom": highdicom,
    "pydicom": pydicom_values,
    "dicom2nifti": dicom2nifti,
}
"""The public readers by name, in the order of the table."""
