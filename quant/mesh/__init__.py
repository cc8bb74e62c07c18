"""The surface of a region as a closed triangle mesh in LPS millimetres, and files of it."""

from quant.mesh.build import as_trimesh, isosurface_mesh, region_mesh, to_trimesh
from quant.mesh.files import CONVENTION, ply_bytes, stl_bytes

__all__ = [
    "CONVENTION",
    "as_trimesh",
    "isosurface_mesh",
    "ply_bytes",
    "region_mesh",
    "stl_bytes",
    "to_trimesh",
]
