"""The real torso on which uptake is simulated: a CT and its label map, as LPS grids."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid

DATA = Path(__file__).parent / "data"

BODY_HU = -300.0
"""Voxels above this belong to the body (its largest connected part)."""


@dataclass(frozen=True, slots=True, eq=False)
class Torso:
    """CT and label map on one axial grid (slices to the head, rows to the back, columns left).

    Parameters
    ----------
    grid : Grid
        In the frame of reference that the caller gives.
    hu : (K, J, I) float64
        CT, Hounsfield units.
    labels : (K, J, I) int32
        Label map.
    values : dict of str to int
        Label value of each class name.
    """

    grid: Grid
    hu: NDArray[np.float64]
    labels: NDArray[np.int32]
    values: dict[str, int]

    def mask(self, name: str) -> NDArray[np.bool_]:
        """(K, J, I) bool: voxels of a class."""
        return np.asarray(self.labels == self.values[name])

    def any_of(self, *starts: str) -> NDArray[np.bool_]:
        """(K, J, I) bool: voxels of all classes whose names start so."""
        chosen = [value for name, value in self.values.items() if name.startswith(starts)]
        return np.isin(self.labels, chosen)

    def body(self) -> NDArray[np.bool_]:
        """(K, J, I) bool: the body without the table."""
        from scipy import ndimage

        parts, count = ndimage.label(self.hu > BODY_HU)
        if count == 0:
            return np.zeros(self.grid.shape, dtype=np.bool_)
        return np.asarray(parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:])))


def read_torso(frame_of_reference_uid: str) -> Torso:
    """Read the CT and the label map that come with the package.

    Parameters
    ----------
    frame_of_reference_uid : str
        Frame of reference of the simulated study.

    Returns
    -------
    Torso
    """
    import nibabel as nib

    # nibabel declares a base class that has neither affine nor data
    ct: Any = nib.load(DATA / "example_ct.nii.gz")
    labels: Any = nib.load(DATA / "example_seg_fast_force_split.nii.gz")
    step = np.diag(ct.affine)[:3]
    if np.count_nonzero(ct.affine[:3, :3]) != 3 or step.min() <= 0:
        raise ValueError("the torso's files are expected on an upright RAS grid")
    shape = (ct.shape[2], ct.shape[1], ct.shape[0])
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = step[2], step[1], step[0], 1.0
    # RAS x and y point the other way than LPS: flipped, the last voxel becomes the first
    last = ct.affine[:3, 3] + step * (np.array(ct.shape) - 1)
    affine[:3, 3] = -last[0], -last[1], ct.affine[2, 3]
    return Torso(
        Grid(shape, affine, frame_of_reference_uid),
        _upright(np.asarray(ct.dataobj, dtype=np.float64)),
        _upright(np.asarray(labels.dataobj)).astype(np.int32),
        _label_values(),
    )


def _upright(ras: NDArray[np.float64]) -> NDArray[np.float64]:
    """(x, y, z) RAS to (K, J, I) LPS."""
    return np.ascontiguousarray(ras.transpose(2, 1, 0)[:, ::-1, ::-1])


def _label_values() -> dict[str, int]:
    lines = (DATA / "labels.csv").read_text(encoding="utf-8").split()[1:]
    return {name: int(value) for value, name in (line.split(",") for line in lines)}
