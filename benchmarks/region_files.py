"""CPU seconds to read a folder of organ masks beside a study: all of them, or those with a role."""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from quant.domain.protocol import RegionSettings
from quant.domain.study import StudyFiles
from quant.regions.sources import gather_shapes

MATRIX = (300, 512, 512)
WANTED = ("liver", "vertebrae_L2", "autochthon_left", "autochthon_right", "gallbladder")
MASKS = 117


def _write(folder: Path, shape: tuple[int, int, int]) -> tuple[Path, ...]:
    """Write one organ as 117 files; what is in them does not matter, how large they are does."""
    import nibabel

    make: Any = nibabel.Nifti1Image
    mask = np.zeros(shape[::-1], dtype=np.uint8)
    mask[tuple(slice(n // 3, n // 2) for n in mask.shape)] = 1
    names = [*WANTED, *(f"organ_{number}" for number in range(MASKS - len(WANTED)))]
    first = folder / f"{names[0]}.nii.gz"
    nibabel.save(make(mask, np.diag([-0.98, -0.98, 1.5, 1.0])), first)
    content = first.read_bytes()
    for name in names[1:]:
        (folder / f"{name}.nii.gz").write_bytes(content)
    return tuple(sorted(folder.iterdir()))


def _table(folder: Path, shape: tuple[int, int, int]) -> tuple[Path, ...]:
    """Write the same number of organs as one label map with a table beside it."""
    import json

    import nibabel

    make: Any = nibabel.Nifti1Image
    labels = np.zeros(shape[::-1], dtype=np.uint8)
    side = shape[0] // 6
    places = np.stack(np.meshgrid(*[np.arange(1, 6)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    for value, place in enumerate(places[:MASKS], start=1):
        labels[tuple(slice(p * side - side // 2, p * side + side // 3) for p in place)] = value
    names = [*WANTED, *(f"organ_{number}" for number in range(MASKS - len(WANTED)))]
    path = folder / "total.nii.gz"
    nibabel.save(make(labels, np.diag([-0.98, -0.98, 1.5, 1.0])), path)
    table = {str(value): name for value, name in enumerate(names, start=1)}
    (folder / "total.json").write_text(json.dumps(table), encoding="utf-8")
    return (path,)


def main() -> None:
    """Print CPU seconds and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="128 x 128 x 75 voxels only")
    shape = (75, 128, 128) if parser.parse_args().small else MATRIX
    for title, write in (("117 masks", _write), ("one label map of 117 organs", _table)):
        with tempfile.TemporaryDirectory() as folder:
            study = StudyFiles("1", "", (), write(Path(folder), shape))
            gather_shapes(study, RegionSettings(liver=("vertebrae_L2",)))  # imports and kernels
            spent: dict[str, float] = {}
            for name, words in (("all", None), ("with a role", RegionSettings())):
                start = time.process_time()
                found = gather_shapes(study, words)
                spent[name] = time.process_time() - start
                print(f"{title}, {name}: {len(found.shapes)} read, {spent[name]:.2f} s")  # noqa: T201
            print(f"  ratio {spent['all'] / spent['with a role']:.1f}")  # noqa: T201


if __name__ == "__main__":
    main()
