"""Real files: a phantom in MONOCHROME1 that viewers invert, a PET of 59 different slopes."""

import pytest

from tests.support.peer_real import (
    NEMA_RATIO,
    SARCOMA,
    largest_difference,
    sarcoma_by_others,
    sphere_to_background,
)
from tests.support.peers import ours, simple_itk
from tests.support.reference import reference_dir


@pytest.mark.reference
def test_the_nema_phantom_has_hot_spheres_where_simpleitk_has_cold_ones() -> None:
    """A cold sphere has a ratio below 1; a mended SimpleITK would agree with ours."""
    phantom = reference_dir("nema_iec_pet")

    here = sphere_to_background(ours(phantom / "pet_recon_1"), phantom)
    there = sphere_to_background(simple_itk(phantom / "pet_recon_1"), phantom)

    assert here == pytest.approx(NEMA_RATIO, rel=0.3)
    assert there < 1.0 or there == pytest.approx(here, rel=1e-3)


def test_a_pet_of_59_slopes_is_what_its_publishers_made_of_it_and_simpleitk_agrees() -> None:
    """Its first slope is not 1, so SimpleITK keeps fractions here: it is right."""
    folder = SARCOMA / "dicom" / "image"
    if not folder.is_dir():
        folder = reference_dir("ibsi_validation") / "STS_001" / "dicom" / "image"
    truth = sarcoma_by_others()

    assert largest_difference(ours(folder), truth) < 1e-6
    assert largest_difference(simple_itk(folder), truth) < 1e-6
