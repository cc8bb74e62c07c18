"""Real files that ask the same of every reader: a phantom in MONOCHROME1, a PET of 59 slopes."""

import csv
from collections.abc import Sequence
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray

from tests.support.peers import LPS_OF_RAS, Absent, Picture

SARCOMA = Path(__file__).parents[1] / "data" / "ibsi_validation" / "STS_001"
NEMA_RATIO = 10.0
"""Activity of the spheres over that of the background, by the phantom's README: about 10 : 1."""


def sphere_to_background(pictures: Sequence[Picture], phantom: Path) -> float:
    """Mean of 27 voxels in the 37 mm sphere over those half-way between the two smallest."""
    with (phantom / "spheres.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    places = [tuple(float(row[f"centre_{axis}_lps_mm"]) for axis in "xyz") for row in rows]
    middle = tuple(float(value) for value in np.mean(places[:2], axis=0))
    (picture,) = pictures
    return picture.at_mm(places[-1], 1) / picture.at_mm(middle, 1)


def sarcoma_by_others() -> Picture:
    """Return the PET of STS_001 as the publishers of the set wrote it to NIfTI."""
    image = nibabel.load(SARCOMA / "PET_image.nii.gz")
    assert isinstance(image, nibabel.Nifti1Image)
    values = np.asarray(image.dataobj, dtype=np.float64).T.copy()
    affine = (LPS_OF_RAS @ np.asarray(image.affine))[:, [2, 1, 0, 3]]
    return Picture(values, affine)


def largest_difference(pictures: Sequence[Picture], truth: Picture) -> float:
    """Greatest difference of values, voxel for voxel by place, over the maximum of the truth."""
    (picture,) = pictures
    assert truth.affine is not None
    if picture.affine is None:
        raise Absent("gives no geometry")
    index = np.indices(truth.values.shape).reshape(3, -1)
    there = np.linalg.solve(
        picture.affine, truth.affine @ np.vstack([index, np.ones(len(index[0]))])
    )
    found: NDArray[np.float64] = picture.values[tuple(np.rint(there[:3]).astype(int))]
    return float(np.abs(found - truth.values.ravel()).max() / truth.values.max())
