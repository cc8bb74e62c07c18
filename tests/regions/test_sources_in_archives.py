"""Region files of every format read the same inside a ZIP archive, label tables included."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from quant.dicom.files.digests import with_input_hash
from quant.dicom.index import index_tree
from quant.dicom.volumes import read_volume
from quant.domain.shapes import ContourShape, LabelShape
from quant.regions.sources import ShapesFound, gather_shapes
from tests.support.dicom_builder import FRAME, STUDY, changed, nm, save
from tests.support.rt_builder import Roi, structure_set
from tests.support.zips import zip_folder


def labels() -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    values = np.zeros((4, 5, 6), dtype=np.uint8)
    values[1:3, 1:4, 2:5] = 1
    values[3, 4, 5] = 2
    return values


def fill(folder: Path) -> None:
    """Write a study with regions in every format."""
    import nibabel
    import nrrd
    import SimpleITK

    save(nm(), folder / "nm.dcm", DeflatedExplicitVRLittleEndian)
    (folder / "masks").mkdir()
    make: Any = nibabel.Nifti1Image
    image = make(labels(), np.diag([2.0, 2.0, 3.0, 1.0]))
    for name in ("plain.nii", "packed.nii.gz", "tabled.v2.nii.gz"):
        nibabel.save(image, folder / "masks" / name)
    (folder / "masks" / "tabled.v2.json").write_text('{"1": "liver", "2": "spleen"}')
    header = {
        "space": "left-posterior-superior",
        "space directions": np.diag([2.0, 2.0, 3.0]),
        "space origin": np.zeros(3),
    }
    nrrd.write(str(folder / "masks" / "a.nrrd"), labels(), header)
    (folder / "masks" / "a.csv").write_text("value,name\n1,tumour\n2,kidney\n")
    segment = {"Segment0_ID": "s", "Segment0_Name": "muscle left", "Segment0_LabelValue": "1"}
    nrrd.write(str(folder / "masks" / "b.seg.nrrd"), labels(), {**header, **segment})
    picture = SimpleITK.GetImageFromArray(labels())
    SimpleITK.WriteImage(picture, str(folder / "masks" / "c.mha"), useCompression=True)
    markups = {
        "@schema": "markups-schema-v1.0.3",
        "markups": [{"type": "Fiducial", "controlPoints": [
            {"label": "liver", "position": [1.0, 2.0, 3.0]}]}],
    }  # fmt: skip
    (folder / "points.mrk.json").write_text(json.dumps(markups))
    square = np.array([[0, 0, 0], [9, 0, 0], [9, 9, 0], [0, 9, 0]], dtype=float)
    rt = structure_set([Roi("drawn", [square], frame=FRAME)], [FRAME])
    save(changed(rt, StudyInstanceUID=STUDY, SeriesInstanceUID="1.2.9"), folder / "rs.dcm")


def described(found: ShapesFound) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [(one.name, one.position_mm) for one in found.marks]
    for shape in found.shapes:
        if isinstance(shape, ContourShape):
            rows.append((shape.name, [one.tolist() for one in shape.contours_mm]))
        if isinstance(shape, LabelShape):
            grid = shape.grid.affine.tolist()
            rows.append((shape.name, shape.source, grid, shape.weights.tolist()))
    return rows


@pytest.mark.parametrize("streamed", [False, True])
def test_regions_in_an_archive_are_those_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, streamed: bool
) -> None:
    fill(tmp_path / "plain")
    zip_folder(tmp_path / "plain", tmp_path / "in" / "a.zip")
    if streamed:
        monkeypatch.setattr("quant.domain.archive.WHOLE_BYTES", 10)
        monkeypatch.setattr("quant.domain.unpacking.WHOLE_BYTES", 10)
    (unpacked,), (packed,) = (index_tree(tmp_path / one).studies for one in ("plain", "in"))

    theirs, mine = gather_shapes(unpacked), gather_shapes(packed)

    assert theirs.quarantined == mine.quarantined == ()
    assert described(mine) == described(theirs)
    names = {shape.name for shape in mine.shapes}
    assert {"liver", "spleen", "tumour", "kidney", "muscle left", "drawn"} <= names
    assert len(mine.marks) == 1
    assert with_input_hash(packed).input_hash == with_input_hash(unpacked).input_hash
    mine_read, theirs_read = (
        read_volume(one.by_modality("NM")[0]).values for one in (packed, unpacked)
    )
    assert np.array_equal(mine_read, theirs_read)


def test_another_label_table_is_another_input(tmp_path: Path) -> None:
    """Also of a name with several dots, whose table is that of the whole stem."""
    fill(tmp_path / "plain")
    hashes = set()
    for text in ('{"1": "liver"}', '{"1": "tumour"}'):
        (tmp_path / "plain" / "masks" / "tabled.v2.json").write_text(text)
        zip_folder(tmp_path / "plain", tmp_path / "a.zip")
        for root in (tmp_path / "plain", tmp_path / "a.zip"):
            hashes.add(with_input_hash(index_tree(root).studies[0]).input_hash)
    assert len(hashes) == 2
