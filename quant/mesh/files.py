"""Mesh files: binary STL and PLY."""

import numpy as np
from numpy.typing import NDArray

CONVENTION = "LPS mm (DICOM patient: x to left, y to back, z to head); faces outward"
"""Written into every file and onto every mesh."""

_STL_TRIANGLE = np.dtype(
    [("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")]
)
_PLY_FACE = np.dtype([("count", "u1"), ("corners", "<i4", (3,))])


def stl_bytes(vertices: NDArray[np.float64], faces: NDArray[np.int32]) -> bytes:
    """Return a binary little-endian STL file; the header names the convention.

    Parameters
    ----------
    vertices : (V, 3) float64
        LPS, mm; stored as float32.
    faces : (F, 3) int32
    """
    triangles = np.zeros(len(faces), dtype=_STL_TRIANGLE)
    corners = vertices[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    triangles["normal"] = normals / np.where(lengths > 0.0, lengths, 1.0)
    triangles["corners"] = corners
    # 3D Slicer reads SPACE=LPS; a header that began with "solid" would mean text
    header = f"binary STL; SPACE=LPS; {CONVENTION}".encode("ascii")[:80].ljust(80)
    return header + np.array(len(faces), dtype="<u4").tobytes() + triangles.tobytes()


def ply_bytes(vertices: NDArray[np.float64], faces: NDArray[np.int32]) -> bytes:
    """Return a binary little-endian PLY file; a comment names the convention.

    Parameters
    ----------
    vertices : (V, 3) float64
        LPS, mm; stored as float32.
    faces : (F, 3) int32
    """
    lines = [
        "ply",
        "format binary_little_endian 1.0",
        "comment SPACE=LPS",
        f"comment {CONVENTION}",
        f"element vertex {len(vertices)}",
        *(f"property float {axis}" for axis in "xyz"),
        f"element face {len(faces)}",
        "property list uchar int vertex_indices",
        "end_header",
    ]
    records = np.zeros(len(faces), dtype=_PLY_FACE)
    records["count"] = 3
    records["corners"] = faces
    head = ("\n".join(lines) + "\n").encode("ascii")
    return head + vertices.astype("<f4").tobytes() + records.tobytes()
