"""The segmentation that is written: valid, on the grid, true to its source, and nobody's name."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom.dataset import Dataset

from quant.dicom.objects.identity import naming_of, patient_of_source
from quant.dicom.objects.naming import Naming
from quant.dicom.objects.segments import Segment
from quant.dicom.pairing import select
from quant.dicom.regions.segmentation import read_segmentation
from quant.dicom.volumes import read_volume
from quant.domain.grid import Grid
from quant.domain.protocol import EmissionSettings, RegionSettings
from quant.domain.region import RasterRule, Role
from quant.domain.shapes import LabelShape
from quant.domain.study import SeriesEntry
from quant.phantom.writing.header import Identity, SeriesLabel
from quant.phantom.writing.nm import NMSettings, nm_dataset
from quant.phantom.writing.slices import PTSettings, write_pt
from quant.regions.rasterise import rasterise
from quant.regions.roles import assign_role
from tests.support.dicom_builder import AXIAL, PT, letter_f, nm, save, save_all, slices
from tests.support.enhanced_builder import enhanced
from tests.support.geometry import grid
from tests.support.objects import KEY, complaints, measured, parsed, renamed, written
from tests.support.reading import only_study

LABEL = SeriesLabel("series", "a series", 1)
SHAPE = (12, 14, 16)
GATED = ["DERIVED", "PRIMARY", "RECON GATED TOMO", "EMISSION"]


def emission(folder: Path) -> tuple[SeriesEntry, Grid]:
    """Return the series that would be measured, and the grid on which it would be."""
    chosen = select(only_study(folder), EmissionSettings()).emission
    assert chosen is not None
    return chosen, read_volume(chosen).grid


def nm_on(folder: Path, name: str) -> None:
    where = grid(name, SHAPE)
    values = np.arange(np.prod(SHAPE), dtype=np.float64).reshape(SHAPE)
    save(nm_dataset(values, where, Identity(5, "objects"), NMSettings(LABEL)), folder / "nm.dcm")


def pt_on(folder: Path, name: str) -> None:
    where = grid(name, SHAPE)
    values = np.arange(np.prod(SHAPE), dtype=np.float64).reshape(SHAPE)
    write_pt(folder, values, where, Identity(5, "objects"), PTSettings(LABEL))


def counted(*sizes: int) -> list[list[int]]:
    places = np.indices(sizes).reshape(len(sizes), -1) + 1
    return [[int(value) for value in place] for place in places]


def gated() -> Dataset:
    """Two gates whose slices run from head to feet in the file, third slice number first."""
    by_slot, by_slice = counted(2, 5)
    return nm(
        np.concatenate([letter_f(), letter_f() * 2]),
        ImageType=GATED,
        FrameIncrementPointer=[0x00540070, 0x00540080],
        NumberOfTimeSlots=2,
        NumberOfSlices=5,
        TimeSlotVector=by_slot,
        SliceVector=by_slice,
    )


def single_frames() -> list[Dataset]:
    """One NM file a slice, stored from head to feet."""
    found = []
    for index, z in enumerate((46.0, 42.0, 38.0, 34.0, 30.0)):
        one = nm(
            letter_f()[index : index + 1],
            position=(-10.0, -20.0, z),
            SOPInstanceUID=f"1.2.826.0.1.3.{index + 1}",
            SliceVector=[1],
            InstanceNumber=index + 1,
        )
        found.append(one)
    return found


def pet_slices() -> list[Dataset]:
    """Five PET slices."""
    return slices(PT, letter_f(), [30.0, 34.0, 38.0, 42.0, 46.0], orientation=AXIAL)


SOURCES: dict[str, Callable[[Path], object]] = {
    **{f"NM {name}": partial(nm_on, name=name) for name in ("axial", "sagittal", "oblique")},
    **{f"PT {name}": partial(pt_on, name=name) for name in ("head_to_feet", "oblique")},
    "NM against the normal": lambda folder: save(nm(SpacingBetweenSlices=-4.0), folder / "a.dcm"),
    "NM with slices numbered down": lambda folder: save(
        nm(SliceVector=[5, 4, 3, 2, 1]), folder / "a.dcm"
    ),
    "NM sum of gates": lambda folder: save(gated(), folder / "a.dcm"),
    "NM files": lambda folder: save_all(single_frames(), folder),
    "NM without a frame of reference": lambda folder: save(
        nm(FrameOfReferenceUID=None), folder / "a.dcm"
    ),
    "enhanced PET": lambda folder: save(
        enhanced(pet_slices(), [3, 0, 4, 1, 2], Units="BQML"), folder / "a.dcm"
    ),
}


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_written_is_what_was_measured(name: str, tmp_path: Path) -> None:
    """Valid; every voxel back on its place; every frame refers to the slice that it lies on."""
    SOURCES[name](tmp_path)
    series, where = emission(tmp_path)
    study, segments = measured(series, where)
    content, _ = written(study, segments)

    shapes = read_shapes(content, tmp_path / "written")

    assert complaints(content, tmp_path / "written") == []
    assert len(segments) == 5
    _read_back_by_our_reader(shapes, segments, where)
    _read_back_by_highdicom(content, shapes, where)
    _refers_to_its_source(content, series, where)


def read_shapes(content: bytes, folder: Path) -> tuple[LabelShape, ...]:
    folder.mkdir(exist_ok=True)
    (folder / "read.dcm").write_bytes(content)
    return read_segmentation(folder / "read.dcm")


def _read_back_by_our_reader(
    shapes: tuple[LabelShape, ...], segments: tuple[Segment, ...], where: Grid
) -> None:
    assert [one.name for one in shapes] == [one.label for one in segments]
    for shape, segment in zip(shapes, segments, strict=True):
        full = np.zeros(where.shape, dtype=bool)
        full[segment.region.box] = segment.region.mask
        for rule in RasterRule:
            laid, _ = rasterise(shape, where, rule, Role.OTHER)
            np.testing.assert_allclose(laid.full_weights(), full, atol=1e-5)


def _read_back_by_highdicom(content: bytes, shapes: tuple[LabelShape, ...], where: Grid) -> None:
    """Its voxels, in mm, are ours; it needs a frame of reference to make a volume."""
    data = hd.seg.Segmentation.from_dataset(parsed(content))
    assert [data.get_segment_description(n).segment_label for n in data.segment_numbers] == [
        one.name for one in shapes
    ]
    if "FrameOfReferenceUID" not in data:
        assert not where.frame_of_reference_uid
        return
    assert data.FrameOfReferenceUID == where.frame_of_reference_uid
    volume = data.get_volume(combine_segments=False)
    for number, shape in enumerate(shapes):
        theirs = volume.map_indices_to_reference(np.argwhere(volume.array[..., number] > 0))
        ours = shape.grid.to_mm(np.argwhere(shape.weights > 0))
        assert sorted(map(tuple, theirs.round(3))) == sorted(map(tuple, (ours + 0.0).round(3)))


def _refers_to_its_source(content: bytes, series: SeriesEntry, where: Grid) -> None:
    """Each frame names images of the series whose own voxels lie where the frame lies."""
    from quant.dicom.objects.source import source_of

    data = parsed(content)
    source = source_of(series)
    stored = {entry.sop_instance_uid: entry.sop_class_uid for entry in series.files}
    named: set[str] = set()
    for frame in data.PerFrameFunctionalGroupsSequence:
        place = [float(v) for v in frame.PlanePositionSequence[0].ImagePositionPatient]
        k, j, i = where.to_index(place)
        assert (j, i) == pytest.approx((0.0, 0.0), abs=1e-4)
        images = frame.DerivationImageSequence[0].SourceImageSequence
        found = [
            (str(one.ReferencedSOPInstanceUID), int(one.get("ReferencedFrameNumber", 0)))
            for one in images
        ]
        assert found == [(uid, number or 0) for uid, number in source.slices[round(float(k))]]
        for one in images:
            assert stored[one.ReferencedSOPInstanceUID] == one.ReferencedSOPClassUID
        named |= {uid for uid, _ in found}
    (referenced,) = data.ReferencedSeriesSequence
    assert referenced.SeriesInstanceUID == series.series_uid
    listed = {one.ReferencedSOPInstanceUID for one in referenced.ReferencedInstanceSequence}
    assert listed == named


def test_references_follow_slices_and_not_frames(tmp_path: Path) -> None:
    """Worked out by hand: gates summed, slices numbered down, files from head to feet."""
    from quant.dicom.objects.source import source_of

    save(gated(), tmp_path / "gated" / "a.dcm")
    save(nm(SliceVector=[5, 4, 3, 2, 1]), tmp_path / "down" / "a.dcm")
    save_all(single_frames(), tmp_path / "files")
    save(enhanced(pet_slices(), [3, 0, 4, 1, 2], Units="BQML"), tmp_path / "enhanced" / "a.dcm")

    def numbers(name: str) -> list[list[int]]:
        series, _ = emission(tmp_path / name)
        return [[number or 0 for _, number in one] for one in source_of(series).slices]

    assert numbers("gated") == [[1, 6], [2, 7], [3, 8], [4, 9], [5, 10]]
    series, where = emission(tmp_path / "down")
    by_height = {number: float(where.to_mm((k, 0, 0))[2])
                 for k, ((_, number),) in enumerate(source_of(series).slices)}  # fmt: skip
    assert by_height == pytest.approx({1: 30.0, 2: 26.0, 3: 22.0, 4: 18.0, 5: 14.0})
    series, where = emission(tmp_path / "files")
    by_file = {uid: float(where.to_mm((k, 0, 0))[2])
               for k, ((uid, _),) in enumerate(source_of(series).slices)}  # fmt: skip
    assert by_file == pytest.approx(
        {f"1.2.826.0.1.3.{n + 1}": z for n, z in enumerate((46.0, 42.0, 38.0, 34.0, 30.0))}
    )
    assert numbers("enhanced") == [[2], [4], [5], [1], [3]]


def test_segments_have_names_colours_codes_and_tracking_of_their_own(tmp_path: Path) -> None:
    nm_on(tmp_path, "axial")
    study, segments = measured(*emission(tmp_path))
    data = parsed(written(study, segments)[0])
    items = list(data.SegmentSequence)

    assert data.SegmentationType == "BINARY"
    assert [(one.SegmentLabel, one.SegmentedPropertyTypeCodeSequence[0].CodeMeaning)
            for one in items] == [
        ("Prim\u00e4rtumor", "Neoplasm"), ("Lesion <b>L4</b>", "Lesion"),
        ("Reference sphere liver", "Reference Region"),
        ("Reference sphere muscle left", "Reference Region"),
        ("Reference sphere muscle right", "Reference Region"),
    ]  # fmt: skip
    sides = [one.AnatomicRegionSequence[0] for one in items[2:]]
    assert [one.CodeValue for one in sides] == ["10200004", "127954009", "127954009"]
    assert [one.AnatomicRegionModifierSequence[0].CodeMeaning for one in sides[1:]] == [
        "Left", "Right",
    ]  # fmt: skip
    assert [one.TrackingID for one in items] == [one.SegmentLabel for one in items]
    assert len({one.TrackingUID for one in items}) == 5
    assert len({tuple(one.RecommendedDisplayCIELabValue) for one in items}) == 4
    assert [one.SegmentAlgorithmType for one in items] == ["SEMIAUTOMATIC"] * 2 + ["AUTOMATIC"] * 3


def test_spheres_are_not_taken_for_their_organs_when_they_are_read_again() -> None:
    settings = RegionSettings()
    for name in ("Reference sphere liver", "Reference sphere muscle left", "reference_sphere_L2"):
        assert assign_role(name, settings) == (Role.OTHER, ())
    assert assign_role("liver", settings)[0] is Role.LIVER
    assert assign_role("preference spherette liver", settings)[0] is Role.LIVER


def test_the_same_study_gives_the_same_bytes_and_another_other_uids(tmp_path: Path) -> None:
    nm_on(tmp_path, "oblique")
    study, segments = measured(*emission(tmp_path))
    again, same = measured(*emission(tmp_path))
    other = renamed(study, "ef" * 16)

    assert written(study, segments) == written(again, same)
    kinds = list(zip(written(study, segments), written(other, segments), strict=True))
    for one, another in kinds:
        assert parsed(one).SOPInstanceUID != parsed(another).SOPInstanceUID
        assert parsed(one).SeriesInstanceUID != parsed(another).SeriesInstanceUID
        assert parsed(one).StudyInstanceUID == parsed(another).StudyInstanceUID
        assert str(parsed(one).SOPInstanceUID).startswith("2.25.")


def test_nobody_is_named_unless_that_was_asked_for(tmp_path: Path) -> None:
    """By default the keyed hash; with the source's patient, everything an archive files by."""
    changes = {
        "PatientName": "Secret^Person", "StudyDate": "20190823", "StudyTime": "101112.5",
        "SeriesDate": "20190824", "PatientSex": "F", "AccessionNumber": "ACC-9",
        "ReferringPhysicianName": "Doctor^Who", "StudyID": "STUDY-9",
    }  # fmt: skip
    path = save(nm(**changes), tmp_path / "a.dcm")
    series, where = emission(tmp_path)
    plain = written(*measured(series, where))
    named = written(*measured(series, where, patient=patient_of_source(path)))

    for content in plain:
        for word in (b"Secret", b"SECRET", b"2019", b"ACC-9", b"Doctor", b"STUDY-9", b"1970"):
            assert word not in content
        data = parsed(content)
        assert (data.PatientID, data.PatientName, data.PatientIdentityRemoved) == (KEY, "", "YES")
        assert data.LongitudinalTemporalInformationModified == "REMOVED"
        (tmp_path / "plain.dcm").write_bytes(content)
        assert naming_of(tmp_path / "plain.dcm") is Naming.PSEUDONYM
    for content in named:
        data = parsed(content)
        found = (data.PatientName, data.PatientID, data.PatientBirthDate, data.PatientSex)
        assert found == ("Secret^Person", "SECRET-ID", "19700101", "F")
        assert (data.StudyDate, data.AccessionNumber, data.StudyID) == ("20190823", "ACC-9",
                                                                        "STUDY-9")  # fmt: skip
        assert data.ContentDate == "20190824"
        assert "PatientIdentityRemoved" not in data
        assert complaints(content, tmp_path) == []
        (tmp_path / "named.dcm").write_bytes(content)
        assert naming_of(tmp_path / "named.dcm") is Naming.SOURCE
    assert naming_of(tmp_path / "none.dcm") is Naming.NONE


def test_what_is_wrong_in_the_source_stays_out_of_the_objects(tmp_path: Path) -> None:
    path = save(
        nm(PatientSex="X\u00df", StudyDate="23.8.2019", StudyTime="late", PatientName="A" * 90),
        tmp_path / "a.dcm",
    )
    series, where = emission(tmp_path)

    for content in written(*measured(series, where, patient=patient_of_source(path))):
        data = parsed(content)
        assert (data.PatientSex, data.StudyDate, data.StudyTime) == ("", "", "")
        assert complaints(content, tmp_path) == []
