"""The surface of a region as a closed triangle mesh in LPS millimetres, and files of it."""

from quant.mesh.build import as_trimesh, isosurface_mesh, region_mesh, to_trimesh
from quant.mesh.files import CONVENTION, write_ply, write_stl

__all__ = [
    "CONVENTION",
    "as_trimesh",
    "isosurface_mesh",
    "region_mesh",
    "to_trimesh",
    "write_ply",
    "write_stl",
]
