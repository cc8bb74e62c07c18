"""Regions of another frame of reference: by protocol only, and never without a word."""

from dataclasses import replace

import numpy as np
import pytest

from quant.domain.flags import Flag
from quant.domain.protocol import RegionSettings
from quant.domain.region import RasterRule
from quant.domain.shapes import ContourShape, LabelShape
from quant.errors import RegionError
from quant.pipeline.laying import lay_regions
from quant.regions.frames import require_same_study
from quant.regions.rasterise import rasterise
from quant.regions.sources import ShapesFound
from tests.support.geometry import grid
from tests.support.solids import contour_frame, ellipsoid_contours, ellipsoid_labels

RADII = (14.0, 12.0, 13.0)
OTHER = "1.2.4"


def drawn() -> ContourShape:
    """Contours in another frame than that of the grids, which is 1.2.3."""
    shape = ellipsoid_contours(RADII, np.zeros(3), 2.0, contour_frame("axial"))
    return replace(shape, name="tumour", frame_of_reference_uid=OTHER)


def labelled() -> LabelShape:
    """Voxels of a SEG in that other frame."""
    shape = ellipsoid_labels(RADII, np.zeros(3), grid("axial"))
    return replace(shape, name="tumour", frame_of_reference_uid=OTHER, source="SEG")


@pytest.mark.parametrize("shape", [drawn(), labelled()], ids=["RTSTRUCT", "SEG"])
def test_another_frame_is_accepted_by_the_protocol_only_and_flagged(
    shape: ContourShape | LabelShape,
) -> None:
    found = ShapesFound((shape,), (), ())

    refused = lay_regions(found, "1.2", grid("axial"), RegionSettings())
    taken = lay_regions(found, "1.2", grid("axial"), RegionSettings(accept_other_frame=True))

    assert [one.code for one in refused.quarantined] == ["ROI_FOR_MISMATCH"]
    assert refused.regions == ()
    assert taken.quarantined == ()
    (flag,) = [flag for flag in taken.flags if flag.code == "ROI_FOR_OVERRIDDEN"]
    assert flag == Flag("ROI_FOR_OVERRIDDEN", "tumour: ...1.2.4 taken as ...1.2.3")


def test_an_accepted_region_lies_where_it_would_in_the_same_frame() -> None:
    shape, on = drawn(), grid("oblique")
    same, _ = rasterise(replace(shape, frame_of_reference_uid="1.2.3"), on, RasterRule.FRACTIONAL)

    taken, _ = rasterise(shape, on, RasterRule.FRACTIONAL, accept_other_frame=True)

    assert taken.corner == same.corner
    np.testing.assert_array_equal(taken.weights, same.weights)


def test_an_accepted_region_needs_half_of_it_inside() -> None:
    """A frame that only seems to agree is noticed when the region lies elsewhere."""
    away = [contour + np.array([0.0, 0.0, 45.0]) for contour in drawn().contours_mm]
    shape = replace(drawn(), contours_mm=tuple(away))

    with pytest.raises(RegionError):
        rasterise(shape, grid("axial"), RasterRule.FRACTIONAL, accept_other_frame=True)


@pytest.mark.parametrize("frame", ["", OTHER])
def test_without_a_common_frame_the_study_must_be_the_same(frame: str) -> None:
    """A frame of reference ties two studies together; without one only the study does."""
    shape = replace(drawn(), frame_of_reference_uid=frame, study_uid="1.9")

    require_same_study(replace(shape, study_uid="1.2"), grid("axial"), "1.2")
    if frame:
        require_same_study(shape, grid("axial"), "1.2")
    else:
        with pytest.raises(RegionError, match="ROI_FOR_MISMATCH"):
            require_same_study(shape, grid("axial"), "1.2")
