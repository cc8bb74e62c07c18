"""Surfaces against other packages: regions, whole arrays, label maps, isosurfaces and meshes.

``python benchmarks/surface.py [--json FILE]`` prints one table per case, all contenders of a table
timed round by round in one run; ratios are to the first. What is not installed is left out, and
said. Peers see the same array of voxels; ours also gives Euler number, voxel faces and plane-fitted
area.
"""

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray
from rows import Row, json_option, speed_rows, write_rows
from timing import as_lines, fastest_s

from quant.domain.grid import Grid
from quant.domain.region import Region
from quant.measure.shape.surface import (
    isosurface_area_volume,
    measure_label_surfaces,
    measure_surface,
)
from quant.mesh import isosurface_mesh, region_mesh
from quant_kernels._jit import kernel

Spacing = tuple[float, float, float]
Mask = NDArray[np.uint8]
Contenders = dict[str, Callable[[], object]]

CT: Spacing = (1.5, 0.98, 0.98)
BALL_30_ML = (19.276, 19.276, 19.276)
LIVER_1_L = (46.0, 65.0, 80.0)
LIVER_1_6_L = (54.0, 75.0, 94.0)
SLOW_ROUNDS = 3
"""Rounds of a table with contenders that take seconds."""


@kernel
def _read_bytes(flat: NDArray[np.uint8]) -> int:
    """Read every byte once."""
    found = np.uint8(0)
    for i in range(flat.shape[0]):
        found |= flat[i]
    return int(found)


@kernel
def _read_words(flat: NDArray[np.uint64]) -> np.uint64:
    """Read every byte once, eight at a time: what memory allows."""
    found = np.uint64(0)
    for i in range(flat.shape[0]):
        found |= flat[i]
    return found


def ellipsoid(shape: tuple[int, int, int], spacing_mm: Spacing, radii_mm: Spacing) -> Mask:
    """Fill the voxels whose centre lies in an ellipsoid in the middle of an array."""
    axes = [
        ((np.arange(n) - (n - 1) / 2.0) * step / radius) ** 2
        for n, step, radius in zip(shape, spacing_mm, radii_mm, strict=True)
    ]
    inside = sum(np.meshgrid(*axes, indexing="ij", sparse=True)) <= 1.0
    return np.ascontiguousarray(inside).astype(np.uint8)


def cut_out(spacing_mm: Spacing, radii_mm: Spacing, margin: int = 0) -> Mask:
    """Make the smallest array that holds an ellipsoid."""
    size = [2 * int(r / step) + 1 for r, step in zip(radii_mm, spacing_mm, strict=True)]
    k, j, i = (n + 2 * margin for n in size)
    return ellipsoid((k, j, i), spacing_mm, radii_mm)


def scikit_image(values: NDArray[np.float32], spacing_mm: Spacing, level: float) -> float:
    """Marching cubes and the area of the mesh."""
    from skimage.measure import marching_cubes, mesh_surface_area

    padded = np.pad(values, 1).astype(np.float32)
    vertices, faces, _, _ = marching_cubes(padded, level, spacing=spacing_mm, method="lorensen")
    return float(mesh_surface_area(vertices, faces))


def vtk_surface(values: NDArray[np.generic], spacing_mm: Spacing, level: float) -> object:
    """FlyingEdges without normals and gradients."""
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk

    padded = np.pad(values, 1)
    image = vtk.vtkImageData()
    image.SetDimensions(*padded.shape[::-1])
    image.SetSpacing(*spacing_mm[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(padded.ravel()))
    edges = vtk.vtkFlyingEdges3D()
    edges.SetInputData(image)
    edges.SetValue(0, level)
    edges.ComputeNormalsOff()
    edges.ComputeGradientsOff()
    edges.ComputeScalarsOff()
    edges.Update()
    return edges.GetOutput()


def vtk_area_volume(
    values: NDArray[np.generic], spacing_mm: Spacing, level: float
) -> tuple[float, float]:
    """FlyingEdges and MassProperties."""
    import vtk

    mass = vtk.vtkMassProperties()
    mass.SetInputData(vtk_surface(values, spacing_mm, level))
    mass.Update()
    return mass.GetSurfaceArea(), mass.GetVolume()


def simple_itk(labels: NDArray[np.generic], spacing_mm: Spacing) -> list[float]:
    """Perimeter (Crofton) and size of each label."""
    import SimpleITK as sitk  # noqa: N813 - its usual short name

    image = sitk.GetImageFromArray(labels)
    image.SetSpacing(spacing_mm[::-1])
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.ComputePerimeterOn()
    shape.Execute(image)
    return [shape.GetPerimeter(label) for label in shape.GetLabels()]


def trimesh_voxels(mask: Mask) -> tuple[float, float]:
    """Marching cubes of trimesh (scikit-image's, merged and checked), its area and volume."""
    import trimesh

    mesh = trimesh.voxel.ops.matrix_to_marching_cubes(np.pad(mask, 1), 1.0)
    return float(mesh.area), float(mesh.volume)


def zmesh_mesh(mask: Mask, spacing_mm: Spacing) -> object:
    """Zmesh of a label map, unsimplified."""
    import zmesh

    mesher = zmesh.Mesher(spacing_mm)
    mesher.mesh(np.pad(mask, 1))
    mesh = mesher.get(1, normals=False, reduction_factor=0)
    mesher.clear()
    return mesh


def pymcubes_mesh(mask: Mask) -> object:
    """Marching cubes of PyMCubes."""
    import mcubes

    return mcubes.marching_cubes(np.pad(mask, 1), 0.5)


PEERS = {"vtk": "vtk", "zmesh": "zmesh", "PyMCubes": "mcubes"}
"""Contenders that need not be there, and their module."""


def installed(contenders: Contenders) -> Contenders:
    """Leave out those whose package is not installed."""
    missing = {name for name, module in PEERS.items() if find_spec(module) is None}
    return {name: call for name, call in contenders.items() if name.split(":")[0] not in missing}


def floors(array: NDArray[np.generic]) -> Contenders:
    """Ways to read an array once."""
    flat = array.reshape(-1).view(np.uint8)
    words = flat[: flat.size // 8 * 8].view(np.uint64)
    return {
        "numba: read every byte": lambda: _read_bytes(flat),
        "numba: read in words of eight bytes": lambda: _read_words(words),
    }


def table(work: str, size: str, contenders: Contenders, rounds: int, calls: int = 1) -> list[Row]:
    """Time, print and return one table; the floor is the reading of every byte."""
    times = fastest_s(installed(contenders), rounds, calls)
    print("\n".join(as_lines(f"{work}: {size}", times)), flush=True)  # noqa: T201
    return speed_rows(work, size, times, times.get("numba: read every byte"))


def cut_region(name: str, spacing: Spacing, radii: Spacing) -> list[Row]:
    """Area and volume of a region cut out to its box."""
    mask = cut_out(spacing, radii)
    contenders: Contenders = {
        "ours: area, volume, Euler number and more": lambda: measure_surface(mask, spacing),
        "vtk: FlyingEdges + MassProperties": lambda: vtk_area_volume(mask, spacing, 0.5),
        "scikit-image: marching cubes + area": lambda: scikit_image(mask, spacing, 0.5),
        "SimpleITK: perimeter": lambda: simple_itk(mask, spacing),
        "zmesh: mesh": lambda: zmesh_mesh(mask, spacing),
        "PyMCubes: mesh": lambda: pymcubes_mesh(mask),
        "trimesh: marching cubes, area, volume": lambda: trimesh_voxels(mask),
        **floors(mask),
    }
    shape = "x".join(str(n) for n in mask.shape)
    rounds, calls = (7, 5) if mask.size < 100_000 else (SLOW_ROUNDS, 2)
    return table("surface of a region", f"{name}, {shape}", contenders, rounds, calls)


def whole_array(
    name: str, shape: tuple[int, int, int], spacing: Spacing, radii: Spacing
) -> list[Row]:
    """Area and volume of a region in a whole array: its box is found in the same call."""
    mask = ellipsoid(shape, spacing, radii)
    work = "surface of a region in a whole array"
    ours: Contenders = {"ours: box, area, volume and more": lambda: measure_surface(mask, spacing)}
    rows = table(work, name, {**ours, **floors(mask)}, 15, 3)
    if mask.size > 50_000_000:
        return rows
    peers: Contenders = {
        "vtk: FlyingEdges + MassProperties": lambda: vtk_area_volume(mask, spacing, 0.5),
        "scikit-image: marching cubes + area": lambda: scikit_image(mask, spacing, 0.5),
    }
    return rows + table(work, f"{name}, peers", {**ours, **peers}, SLOW_ROUNDS, 2)


def lesions(count: int = 40, size: int = 256) -> NDArray[np.uint16]:
    """Balls of 0.3 to 30 ml at 1.95 mm, anywhere; later ones over earlier ones."""
    rng = np.random.default_rng(1)
    labels = np.zeros((size,) * 3, dtype=np.uint16)
    for label in range(1, count + 1):
        radius = float(rng.uniform(2.2, 9.9))
        ball = ellipsoid((21,) * 3, (1.0,) * 3, (radius,) * 3).astype(bool)
        k, j, i = (slice(at, at + 21) for at in rng.integers(0, size - 21, 3).tolist())
        labels[k, j, i][ball] = label
    return labels


def label_maps() -> list[Row]:
    """Every label's area and volume."""
    labels, spacing = lesions(), (1.95,) * 3

    def crops() -> float:
        from scipy.ndimage import find_objects

        return sum(
            scikit_image(labels[box] == label, spacing, 0.5)
            for label, box in enumerate(find_objects(labels), 1)
            if box is not None
        )

    def one_by_one() -> float:
        return sum(
            measure_surface(labels, spacing, label=label).mesh_area_mm2 for label in range(1, 41)
        )

    contenders: Contenders = {
        "ours: all labels in one sweep": lambda: measure_label_surfaces(labels, spacing),
        "ours: label by label, whole array each": one_by_one,
        "SimpleITK: perimeter of all labels": lambda: simple_itk(labels, spacing),
        "scikit-image: on each label's box": crops,
        **floors(labels),
    }
    return table("surfaces of all labels", "40 lesions, 256^3, uint16", contenders, 5, 2)


def isosurface(name: str, radii: Spacing) -> list[Row]:
    """Area and volume of the isosurface of a smooth volume, and the meshes of both kinds."""
    from scipy.ndimage import gaussian_filter

    spacing = (3.0,) * 3
    mask = cut_out(spacing, radii, margin=4)
    values = gaussian_filter(mask.astype(np.float32), 1.2)
    grid = Grid(mask.shape, np.diag([3.0, 3.0, 3.0, 1.0])[:, [2, 1, 0, 3]])
    region = Region(grid, (0, 0, 0), mask.astype(np.float32), "r")
    by_scikit_image: Contenders = {
        "scikit-image: marching cubes + area": lambda: scikit_image(values, spacing, 0.5)
    }
    size = f"{name}, 3 mm"
    sums: Contenders = {
        "ours: no mesh": lambda: isosurface_area_volume(values, 0.5, spacing),
        "vtk: FlyingEdges + MassProperties": lambda: vtk_area_volume(values, spacing, 0.5),
    }
    grey: Contenders = {
        "ours: watertight, LPS mm": lambda: isosurface_mesh(values, grid, 0.5),
        "vtk: FlyingEdges": lambda: vtk_surface(values, spacing, 0.5),
    }
    binary: Contenders = {
        "ours: watertight, LPS mm": lambda: region_mesh(region),
        "vtk: FlyingEdges": lambda: vtk_surface(mask, spacing, 0.5),
        "scikit-image: marching cubes + area": lambda: scikit_image(mask, spacing, 0.5),
        "zmesh: mesh": lambda: zmesh_mesh(mask, spacing),
        "PyMCubes: mesh": lambda: pymcubes_mesh(mask),
    }
    return [
        *table("isosurface, area and volume", size, {**sums, **by_scikit_image}, 7, 5),
        *table("indexed mesh of an isosurface", size, {**grey, **by_scikit_image}, 7, 5),
        *table("indexed mesh of a region", size, binary, 7, 5),
    ]


def main() -> None:
    """Print all tables, and write their rows where asked."""
    options = json_option(__doc__).parse_args()
    cube = (3.0,) * 3
    rows = [
        *cut_region("30 ml ball, 3 mm", cube, BALL_30_ML),
        *cut_region("1.0 l, 3 mm", cube, LIVER_1_L),
        *cut_region("1.6 l, 1.95 mm", (1.95,) * 3, LIVER_1_6_L),
        *cut_region("1.6 l, CT 1.5 x 0.98 x 0.98 mm", CT, LIVER_1_6_L),
        *whole_array("128^3, 1 l", (128,) * 3, cube, LIVER_1_L),
        *whole_array("256^3, 1.6 l", (256,) * 3, (1.95,) * 3, LIVER_1_6_L),
        *whole_array("400x512x512, 1.6 l", (400, 512, 512), CT, LIVER_1_6_L),
        *label_maps(),
        *isosurface("30 ml ball", BALL_30_ML),
        *isosurface("1.0 l", LIVER_1_L),
    ]
    for name, module in PEERS.items():
        if find_spec(module) is None:
            print(f"left out: {name} is not installed")  # noqa: T201
    write_rows(options.json, rows)


if __name__ == "__main__":
    main()
