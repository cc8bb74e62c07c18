"""Mesh files of a study's primary tumour."""

from pathlib import Path
from typing import TYPE_CHECKING

from quant.report.writing import write_files

if TYPE_CHECKING:
    from quant.domain.region import Region

MESH = "tumour.stl"


def write_meshes(region: "Region", folder: Path) -> None:
    """Write ``tumour.stl`` and ``tumour.ply``: the closed mesh at 0.5, LPS mm.

    A region without a voxel that is at least half inside has no mesh; nothing is written.
    """
    from quant.mesh import ply_bytes, region_mesh, stl_bytes

    if region.voxels == 0:
        return
    vertices, faces = region_mesh(region)
    stl, ply = stl_bytes(vertices, faces), ply_bytes(vertices, faces)
    write_files(folder, {MESH: stl, "tumour.ply": ply})
