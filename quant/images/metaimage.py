"""MetaImage label maps (.mha), read by SimpleITK."""

from typing import TYPE_CHECKING, Any

import numpy as np

from quant.images.labels import MOST_VOXELS, LabelMap, unreadable

if TYPE_CHECKING:
    from pathlib import Path


def read_metaimage(path: "Path") -> LabelMap:
    """Read a MetaImage file; SimpleITK's physical space is LPS mm already.

    Parameters
    ----------
    path : Path
        ``.mha``.

    Raises
    ------
    ReadError
        ``ROI_UNREADABLE`` when the file is not sound or is not one scalar volume.
    """
    import SimpleITK

    sitk: Any = SimpleITK  # its calls carry no types
    reader = sitk.ImageFileReader()
    reader.SetImageIO("MetaImageIO")
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    size, components = reader.GetSize(), reader.GetNumberOfComponents()
    if len(size) != 3 or components != 1 or int(np.prod(size)) > MOST_VOXELS:
        raise unreadable(path, f"size {size}, {components} components", "one scalar 3D volume")
    image = reader.Execute()
    directions = np.array(image.GetDirection(), dtype=np.float64).reshape(3, 3)
    columns = directions * np.array(image.GetSpacing(), dtype=np.float64)
    affine = np.eye(4)
    affine[:3, :3] = columns[:, ::-1]
    affine[:3, 3] = image.GetOrigin()
    return LabelMap(sitk.GetArrayFromImage(image), affine, {}, "MHA")
