"""A study with more than one tumour region."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from quant.dicom.index import index_tree
from quant.domain.study import StudyIndex
from quant.pipeline.protocols import load_protocol
from quant.pipeline.study import measure_study


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
