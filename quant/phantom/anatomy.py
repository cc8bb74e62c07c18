"""The real CT and label map that carry the simulated uptake, and where that uptake goes."""

import csv
from dataclasses import dataclass
from importlib.resources import as_file, files

import numpy as np
from numpy.typing import NDArray

from quant.domain.grid import Grid
from quant.phantom.compounds import BallUnion
from quant.phantom.occupancy import occupancy
from quant.phantom.solids import Ball, Solid

CT_FILE, LABEL_FILE, NAMES_FILE = (
    "example_ct.nii.gz",
    "example_seg_fast_force_split.nii.gz",
    "labels.csv",
)

LIVER_RIGHT, LIVER_LEFT, MUSCLE, TUMOUR = 6.0, 9.6, 1.0, 24.0
"""Uptake of the tissues from which the ratios follow, relative units."""

BODY = 0.6
"""Uptake of soft tissue that has no label."""

UPTAKE = {
    "liver": LIVER_RIGHT,
    "spleen": 3.5,
    "kidney_": 2.5,
    "adrenal_gland_": 2.5,
    "urinary_bladder": 5.0,
    "small_bowel": 1.2,
    "colon": 1.5,
    "duodenum": 1.2,
    "stomach": 1.2,
    "pancreas": 1.2,
    "vertebrae_": 0.8,
    "sacrum": 0.8,
    "hip_": 0.8,
    "femur_": 0.8,
    "rib_": 0.8,
    "lung_": 0.4,
    "aorta": 1.1,
    "inferior_vena_cava": 1.1,
    "portal_vein": 1.1,
    "iliac_": 1.1,
    "gluteus_": MUSCLE,
    "autochthon_": MUSCLE,
    "iliopsoas_": MUSCLE,
}
"""Uptake by the beginning of a label's name; labels not named here take ``BODY``."""

LOBE_NORMAL, LOBE_OFFSET_MM, LOBE_BEGINS_X_MM = (0.614, -0.789, 0.0), 127.4, -58.0
"""The hot left lobe: in front and to the left of the plane through gallbladder and vena cava."""

TUMOUR_SOLID = BallUnion(
    (
        (48.0, -170.0, 372.0),
        (61.0, -177.0, 385.0),
        (35.0, -176.0, 360.0),
        (50.0, -186.0, 365.0),
        (56.0, -161.0, 355.0),
    ),
    (18.0, 13.0, 13.0, 12.0, 11.0),
)
"""The lobulated primary, before the left kidney, where the left adrenal gland lies."""

LESIONS: dict[str, tuple[Ball, float]] = {
    "Lesion 1": (Ball((-106.0, -203.0, 351.0), 8.0), 18.0),
    "Lesion 2": (Ball((9.0, -150.0, 278.0), 9.0), 12.0),
    "Lesion 3": (Ball((-83.0, -140.0, 164.0), 10.0), 10.0),
    "Lesion 4": (Ball((83.0, -146.0, 122.0), 8.0), 12.0),
}
"""Foci and their uptake: right lobe of the liver, L4, right ilium, left femur."""

ORGANS = ("liver", "vertebrae_L2", "autochthon_left", "autochthon_right")


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """CT and label map on one grid.

    Parameters
    ----------
    grid : Grid
        LPS: slices to the head, rows to the back, columns to the left.
    hu : (K, J, I) float64
    labels : (K, J, I) uint8
    names : dict of str to int
        Label value by name.
    """

    grid: Grid
    hu: NDArray[np.float64]
    labels: NDArray[np.uint8]
    names: dict[str, int]

    def mask(self, name: str) -> NDArray[np.bool_]:
        """(K, J, I) bool: voxels of one label."""
        return self.labels == self.names[name]

    def points_mm(self) -> NDArray[np.float64]:
        """(K, J, I, 3) float64: voxel centres, LPS mm."""
        index = np.stack(np.meshgrid(*(np.arange(n) for n in self.grid.shape), indexing="ij"), -1)
        return self.grid.to_mm(index)


def read_anatomy(frame_of_reference_uid: str) -> Anatomy:
    """Read the CT and the label map that come with the package (Apache-2.0, see ORIGIN.md)."""
    affine, hu = _read_nifti(CT_FILE)
    _, labels = _read_nifti(LABEL_FILE)
    table = files("quant.phantom").joinpath("data", NAMES_FILE).read_text(encoding="utf-8")
    names = {row["name"]: int(row["label"]) for row in csv.DictReader(table.splitlines())}
    k, j, i = hu.shape
    grid = Grid((k, j, i), affine, frame_of_reference_uid)
    return Anatomy(grid, hu, labels.astype(np.uint8), names)


def uptake_map(anatomy: Anatomy) -> NDArray[np.float64]:
    """Uptake (K, J, I) of every CT voxel, relative units, before any blur."""
    uptake = np.where(body_mask(anatomy.hu), BODY, 0.0)
    for name, label in anatomy.names.items():
        value = next((v for stem, v in UPTAKE.items() if name.startswith(stem)), BODY)
        uptake[anatomy.labels == label] = value
    uptake[left_lobe(anatomy)] = LIVER_LEFT
    spots: list[tuple[Solid, float]] = [(TUMOUR_SOLID, TUMOUR), *LESIONS.values()]
    for solid, value in spots:
        uptake += occupancy(solid, anatomy.grid) * (value - uptake)
    return uptake


def left_lobe(anatomy: Anatomy) -> NDArray[np.bool_]:
    """(K, J, I) bool: the hot part of the liver."""
    points = anatomy.points_mm()
    beyond = points @ np.array(LOBE_NORMAL) >= LOBE_OFFSET_MM
    left: NDArray[np.bool_] = anatomy.mask("liver") & beyond & (points[..., 0] > LOBE_BEGINS_X_MM)
    return left


def body_mask(hu: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(K, J, I) bool: the largest connected piece above -250 HU, its air filled slice by slice."""
    from scipy.ndimage import binary_fill_holes, label

    pieces, _ = label(hu > -250.0)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    body = pieces == sizes.argmax()
    filled: NDArray[np.bool_] = np.stack([binary_fill_holes(plane) for plane in body])
    return filled


def _read_nifti(name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read a RAS-aligned NIfTI file of the package: LPS affine and values (K, J, I)."""
    import nibabel

    with as_file(files("quant.phantom").joinpath("data", name)) as path:
        image = nibabel.load(path)
        values = np.asanyarray(image.dataobj).astype(np.float64)
    ras = np.asarray(image.affine, dtype=np.float64)
    if np.abs(ras[:3, :3] - np.diag(np.diag(ras[:3, :3]))).max() > 1e-6 or ras[0, 0] <= 0.0:
        raise ValueError("the shipped files are aligned with RAS")
    steps = np.diag(ras)[:3]
    last = ras[:3, 3] + steps * (np.array(values.shape) - 1)
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = steps[2], steps[1], steps[0], 1.0
    affine[:3, 3] = -last[0], -last[1], ras[2, 3]
    return affine, np.ascontiguousarray(values.transpose(2, 1, 0)[:, ::-1, ::-1])
