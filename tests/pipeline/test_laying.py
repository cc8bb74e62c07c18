"""Regions of a study on its emission grid: what is taken, refused, flagged and listed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from quant.dicom.index import index_tree
from quant.domain.flags import CODES, Severity
from quant.domain.grid import Grid
from quant.domain.protocol import RegionSettings
from quant.domain.record import StudyRecord
from quant.domain.region import Role
from quant.domain.shapes import ContourShape, LabelShape, Shape
from quant.domain.study import QuarantineEntry
from quant.phantom.solid_studies import solid_cases, write_solid_study
from quant.pipeline.laying import LaidRegions, lay_regions
from quant.pipeline.protocols import load_protocol
from quant.pipeline.study import measure_study
from quant.regions.sources import ShapesFound
from tests.support.geometry import grid
from tests.support.solids import box_contours

STUDY = "1.9"
SIDE = 16.0
BOX_ML = SIDE**3 / 1000


def box(
    name: str,
    centre: Sequence[float] = (0.0, 0.0, 0.0),
    frame: str = "1.2.3",
    study_uid: str = "",
) -> ContourShape:
    """Return a box of 16 mm, in the frame of the emission grid unless said otherwise."""
    shape = box_contours((SIDE, SIDE, SIDE), np.array(centre), 4)
    return replace(shape, name=name, frame_of_reference_uid=frame, study_uid=study_uid)


def labels(name: str, source: str = "SEG", frame: str = "1.2.3") -> LabelShape:
    on = grid("axial", (4, 4, 4))
    return LabelShape(name, on, np.ones((4, 4, 4), np.uint8), frame, source)


def lay(
    shapes: Sequence[Shape],
    settings: RegionSettings | None = None,
    on: Grid | None = None,
    **found: tuple[str, ...] | tuple[QuarantineEntry, ...],
) -> LaidRegions:
    everything = replace(ShapesFound(tuple(shapes), (), ()), **found)  # type: ignore[arg-type]
    return lay_regions(everything, STUDY, on or grid("axial"), settings or RegionSettings())


def codes(laid: LaidRegions) -> list[str]:
    return [flag.code for flag in laid.flags]


def outward(part: float) -> NDArray[np.float64]:
    """Return a centre from which this part of the box lies outside the grid."""
    on = grid("axial")
    face = on.to_mm([9.5, 11.5, on.shape[2] - 0.5])
    return np.asarray(face + np.array([SIDE * (part - 0.5), 0.0, 0.0]))


# Frames of reference


@pytest.mark.parametrize("make", [box, labels])
def test_a_region_of_another_frame_is_refused_by_name(make: Callable[[str], Shape]) -> None:
    shape = replace(make("GTV"), frame_of_reference_uid="1.2.4")

    laid = lay([shape, box("liver")])

    assert [region.name for region in laid.regions] == ["liver"]
    assert [(one.code, one.study_uid) for one in laid.quarantined] == [("ROI_FOR_MISMATCH", STUDY)]
    assert "GTV" in laid.quarantined[0].path
    assert "regions.accept_other_frame" in laid.quarantined[0].message
    assert codes(laid) == ["ROI_FOR_MISMATCH"]


@pytest.mark.parametrize("make", [box, labels])
def test_the_protocol_may_accept_another_frame_and_the_record_says_so(
    make: Callable[[str], Shape],
) -> None:
    shape = replace(make("GTV"), frame_of_reference_uid="1.2.4")

    laid = lay([shape], RegionSettings(accept_other_frame=True))

    assert laid.regions[0].volume_ml == pytest.approx(BOX_ML, rel=1e-6)
    assert laid.quarantined == ()
    assert [flag.code for flag in laid.region_flags["GTV"]] == ["ROI_FOR_OVERRIDDEN"]
    assert codes(laid) == ["ROI_FOR_OVERRIDDEN"]
    assert laid.flags[0].detail == "GTV: ...1.2.4 taken as ...1.2.3"


def test_an_accepted_frame_needs_half_of_the_region_inside() -> None:
    settings = RegionSettings(accept_other_frame=True)
    inside = box("GTV", tuple(outward(0.4)), "1.2.4")
    outside = box("GTV", tuple(outward(0.6)), "1.2.4")

    assert codes(lay([inside], settings)) == ["ROI_FOR_OVERRIDDEN", "ROI_CLIPPED"]
    assert codes(lay([outside], settings)) == ["ROI_OUTSIDE"]


def test_accepting_other_frames_changes_nothing_for_the_same_frame() -> None:
    settings = RegionSettings(accept_other_frame=True)

    assert codes(lay([box("GTV")], settings)) == []


@pytest.mark.parametrize("missing", ["region", "volume", "both"])
@pytest.mark.parametrize(("part", "assumed"), [(0.0, True), (0.49, True), (0.51, False)])
def test_a_missing_frame_is_assumed_where_half_of_the_region_lies_inside(
    missing: str,
    part: float,
    assumed: bool,  # noqa: FBT001
) -> None:
    on = grid("axial")
    if missing != "region":
        on = Grid(on.shape, on.affine)
    centre = tuple(outward(part)) if part else (0.0, 0.0, 0.0)
    shape = box("GTV", centre, "1.2.3" if missing == "volume" else "")

    laid = lay([shape], on=on)

    clipped = ["ROI_CLIPPED"] if part else []
    assert codes(laid) == (["FOR_ASSUMED", *clipped] if assumed else ["ROI_OUTSIDE"])
    assert len(laid.regions) == int(assumed)
    assert assumed or "at least half" in laid.quarantined[0].message


@pytest.mark.parametrize(
    ("study_uid", "code"),
    [("", "FOR_ASSUMED"), (STUDY, "FOR_ASSUMED"), ("1.8", "ROI_FOR_MISMATCH")],
)
def test_without_a_frame_only_images_of_the_same_study_will_do(study_uid: str, code: str) -> None:
    laid = lay([box("GTV", frame="", study_uid=study_uid)])

    assert codes(laid) == [code]
    assert len(laid.regions) == (code == "FOR_ASSUMED")


def test_with_the_same_frame_the_study_of_the_images_does_not_matter() -> None:
    assert codes(lay([box("GTV", study_uid="1.8")])) == []


def test_files_without_frames_by_nature_are_laid_without_a_flag() -> None:
    assert codes(lay([labels("GTV", "NIfTI", "")])) == []


# What is clipped, small, empty or outside


@pytest.mark.parametrize("part", [0.1, 0.25, 0.8])
def test_the_clipped_fraction_is_in_the_region_and_in_the_flag(part: float) -> None:
    laid = lay([box("GTV", tuple(outward(part)))])

    assert laid.regions[0].clipped_fraction == pytest.approx(part, abs=1e-6)
    assert laid.regions[0].volume_ml == pytest.approx((1 - part) * BOX_ML, rel=1e-5)
    assert [(one.code, one.detail) for one in laid.flags] == [
        ("ROI_CLIPPED", f"GTV: {100 * part:.1f} % of the region")
    ]


def test_a_region_below_eight_voxels_is_used_and_flagged() -> None:
    shape = replace(box_contours((6.0, 6.0, 6.0), np.zeros(3), 3), name="lesion")

    laid = lay([shape])

    assert laid.regions[0].volume_ml == pytest.approx(0.216, rel=1e-6)
    assert [(one.code, one.detail) for one in laid.flags] == [
        ("ROI_SMALL", "lesion: 3.38 voxels by volume, fewer than 8")
    ]


@pytest.mark.parametrize("name", ["GTV", "lesion 3"])
def test_an_empty_region_is_listed_and_skipped_as_a_warning(name: str) -> None:
    laid = lay([ContourShape(name, (), "1.2.3"), box("liver")])

    assert [region.name for region in laid.regions] == ["liver"]
    assert [one.code for one in laid.quarantined] == ["ROI_EMPTY"]
    assert codes(laid) == ["ROI_EMPTY"]
    assert CODES["ROI_EMPTY"].severity is Severity.WARNING


@pytest.mark.parametrize("name", ["exclude gut", "liver", "vertebrae_L2", "muscle_left"])
def test_an_empty_organ_is_the_same_as_none(name: str) -> None:
    laid = lay([ContourShape(name, (), "1.2.3")])

    assert laid.quarantined == ()
    assert [(one.code, one.detail) for one in laid.flags] == [("ROI_UNUSED", f"{name}: ROI_EMPTY")]


def test_a_tumour_outside_the_volume_is_refused_and_an_excluded_region_is_not_missed() -> None:
    away = (500.0, 0.0, 0.0)

    laid = lay([box("GTV", away), box("exclude", away)])

    assert [one.code for one in laid.quarantined] == ["ROI_OUTSIDE"]
    assert sorted(codes(laid)) == ["ROI_OUTSIDE", "ROI_UNUSED"]


# Names


def test_regions_without_a_role_are_listed_read_or_not() -> None:
    laid = lay([box("GTV"), box("spleen"), box("heart")], unread=("aorta", "brain"))

    assert [region.role for region in laid.regions] == [Role.TUMOUR]
    assert laid.unused == ("aorta", "brain", "spleen", "heart")
    assert [(one.code, one.detail) for one in laid.flags] == [
        ("ROI_NO_ROLE", "4 regions: 'aorta', 'brain', 'spleen', 'heart'")
    ]


def test_a_long_list_of_names_is_cut_and_counted() -> None:
    laid = lay([], unread=tuple(f"rib_{number}" for number in range(117)))

    assert len(laid.unused) == 117
    assert laid.flags[0].detail.startswith("117 regions: 'rib_0', 'rib_1', ")
    assert laid.flags[0].detail.endswith("'rib_11' and 105 more")


@pytest.mark.parametrize("name", ["PTV-GTV", "tumour_bed", "not tumour"])
def test_what_only_sounds_like_a_tumour_is_not_measured_and_said_to_be_unused(name: str) -> None:
    laid = lay([box(name)])

    assert laid.regions == ()
    assert codes(laid) == ["ROI_NO_ROLE", "ROLE_AMBIGUOUS"]
    assert laid.flags[1].detail == f"'{name}' taken as other, fits tumour"


def test_an_image_beside_the_study_is_no_loss_but_one_named_like_a_region_is() -> None:
    rows = tuple(
        QuarantineEntry(f"{name}.nii.gz", STUDY, "ROI_NOT_LABELS", "") for name in ("ct", "liver")
    )

    laid = lay([], quarantined=rows)

    assert [(one.path, one.code) for one in laid.quarantined] == [
        ("ct.nii.gz", "IMAGE_IGNORED"), ("liver.nii.gz", "ROI_NOT_LABELS"),
    ]  # fmt: skip


# A whole study


def _measured(folder: Path, *, accept: bool) -> StudyRecord:
    protocol = load_protocol("zhou2025")
    settings = protocol.regions.model_copy(update={"accept_other_frame": accept})
    (study,) = index_tree(folder).studies
    return measure_study(study, protocol.model_copy(update={"regions": settings})).record


def test_a_study_drawn_in_another_frame_is_measured_only_where_the_protocol_says_so(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    write_solid_study(folder, solid_cases()[0], seed=3)
    before = _measured(folder, accept=False)
    path = folder / "rtstruct.dcm"
    drawn = pydicom.dcmread(path)
    drawn.FrameOfReferenceUID = "1.2.3.4"
    for holder in drawn.ReferencedFrameOfReferenceSequence:
        holder.FrameOfReferenceUID = "1.2.3.4"
    for roi in drawn.StructureSetROISequence:
        roi.ReferencedFrameOfReferenceUID = "1.2.3.4"
    drawn.save_as(path)

    refused, accepted = _measured(folder, accept=False), _measured(folder, accept=True)

    assert "ROI_FOR_MISMATCH" in {flag.code for flag in refused.flags}
    assert refused.primary is None
    assert accepted.primary is not None
    assert before.primary is not None
    assert accepted.primary.volume_ml == before.primary.volume_ml
    assert "ROI_FOR_OVERRIDDEN" in {flag.code for flag in accepted.flags}
    assert "ROI_FOR_OVERRIDDEN" in {flag.code for flag in accepted.primary.flags}
    assert accepted.protocol_hash != refused.protocol_hash
