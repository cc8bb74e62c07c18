"""Mesh files of a study's primary tumour."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quant.domain.region import Region


def write_meshes(region: "Region", folder: Path) -> None:
    """Write ``tumour.stl`` and ``tumour.ply``: the closed mesh at 0.5, LPS mm.

    A region without a voxel that is at least half inside has no mesh; nothing is written.
    """
    from quant.mesh import region_mesh, write_ply, write_stl

    if region.voxels == 0:
        return
    folder.mkdir(parents=True, exist_ok=True)
    vertices, faces = region_mesh(region)
    write_stl(folder / "tumour.stl", vertices, faces)
    write_ply(folder / "tumour.ply", vertices, faces)
