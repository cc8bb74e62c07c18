"""What a study says of regions that are empty, mean nothing, are images, or are one of several."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quant.dicom.index import index_tree
from quant.domain.flags import Flag
from quant.domain.protocol import RegionSettings
from quant.domain.shapes import LabelShape
from quant.domain.study import QuarantineEntry, StudyIndex
from quant.pipeline.laying import LaidRegions, lay_regions
from quant.pipeline.protocols import load_protocol
from quant.pipeline.study import measure_study
from quant.regions.sources import ShapesFound
from tests.support.geometry import grid
from tests.support.solids import ellipsoid_labels

STUDY = "1.2.3"


def ball(name: str) -> LabelShape:
    """Ball of 12 mm about the middle of the grid, named as a region."""
    return replace(ellipsoid_labels((12.0, 12.0, 12.0), np.zeros(3), grid("axial")), name=name)


def laid(*shapes: LabelShape, quarantined: tuple[QuarantineEntry, ...] = ()) -> LaidRegions:
    found = ShapesFound(shapes, (), quarantined)
    return lay_regions(found, STUDY, grid("axial"), RegionSettings())


def test_regions_whose_names_mean_nothing_are_listed_once_and_not_used() -> None:
    told = laid(ball("tumour"), ball("spleen"), ball("kidney_left"))

    assert [region.name for region in told.regions] == ["tumour"]
    assert told.unused == ("spleen", "kidney_left")
    (flag,) = told.flags
    assert flag == Flag("ROI_NO_ROLE", "2 regions: 'spleen', 'kidney_left'")


@pytest.mark.parametrize("name", ["liver", "vertebrae_L2", "autochthon_left", "gallbladder"])
def test_an_empty_organ_is_noted_and_an_empty_tumour_is_refused(name: str) -> None:
    empty = [replace(one, weights=np.zeros_like(one.weights)) for one in map(ball, (name, "GTV"))]

    told = laid(*empty)

    assert [flag.code for flag in told.flags] == ["ROI_UNUSED", "ROI_EMPTY"]
    assert [one.code for one in told.quarantined] == ["ROI_EMPTY"]


def test_an_image_beside_the_study_is_ignored_and_one_named_like_a_tumour_is_refused() -> None:
    files = tuple(
        QuarantineEntry(name, STUDY, "ROI_NOT_LABELS", "an image")
        for name in ("ct.nii.gz", "tumour.nii.gz")
    )

    told = laid(quarantined=files)

    assert [one.code for one in told.quarantined] == ["IMAGE_IGNORED", "ROI_NOT_LABELS"]
    assert [flag.code for flag in told.flags] == ["IMAGE_IGNORED", "ROI_NOT_LABELS"]


def test_of_several_tumours_each_is_measured_and_the_largest_is_the_primary(
    ball_index: StudyIndex, tmp_path: Path
) -> None:
    import nibabel

    source = ball_index.studies[0].series[0].files[0].path
    assert isinstance(source, Path)
    shutil.copytree(source.parent, tmp_path / "study")
    mask = np.zeros((20, 20, 20), dtype=np.uint8)
    mask[8:12, 8:12, 8:12] = 1
    affine = np.diag([-4.0, -4.0, 4.0, 1.0])
    affine[:3, 3] = (40.0, 40.0, -40.0)
    make: Any = nibabel.Nifti1Image
    nibabel.save(make(mask, affine), tmp_path / "study" / "tumour_small.nii.gz")

    (study,) = index_tree(tmp_path).studies
    record = measure_study(study, load_protocol("zhou2025")).record

    tumours = [region for region in record.regions if region.role == "tumour"]
    assert len(tumours) == 2
    largest = max(tumours, key=lambda region: region.volume_ml)
    assert [region.name for region in tumours if region.is_primary] == [largest.name]
    assert largest.name != "tumour_small"
    assert "TUMOUR_SEVERAL" in {flag.code for flag in record.flags}
    assert record.value("tumour_mean", "tumour_small") is not None
