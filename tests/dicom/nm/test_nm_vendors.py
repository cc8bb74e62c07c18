"""NM objects as vendors write them: real headers rebuilt with synthetic pixels.

The facts come from ``tests/data/nm_headers`` (real headers) and from the issues named in each test.
In-plane the matrices are small: geometry does not depend on how many pixels there are.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from quant.dicom.pairing import select
from quant.dicom.volumes import read_volume
from quant.domain.units import Unit
from quant.domain.volume import Volume
from quant.errors import GeometryError
from tests.support.dicom_builder import AXIAL, changed, item, letter_f, nm, save
from tests.support.reading import only_series, only_study, read

HEADERS = Path(__file__).parents[2] / "data" / "nm_headers" / "nm_recon_headers.json"
OBJECTS: dict[str, dict[str, Any]] = {
    one["id"]: one for one in json.loads(HEADERS.read_text(encoding="utf-8"))["objects"]
}
PLACED = [name for name, one in OBJECTS.items() if one.get("ImagePositionPatient")]
COPIED = (
    "Modality", "ImageType", "Manufacturer", "ManufacturerModelName", "SoftwareVersions",
    "PixelSpacing", "SliceThickness", "SpacingBetweenSlices", "CorrectedImage", "ImageID",
)  # fmt: skip


def rebuilt(header: dict[str, Any]) -> tuple[Dataset, NDArray[np.generic]]:
    """Return an object with the header's facts and an F whose voxels are all different."""
    frames = int(header["NumberOfFrames"])
    picture = np.zeros((7, 6), dtype=bool)
    picture[1:6, 1] = picture[1, 1:4] = picture[3, 1:3] = True
    stored = np.arange(frames * 42).reshape(frames, 7, 6) + 20000 * picture
    typed = stored.astype(np.int16 if header.get("PixelRepresentation") else np.uint16)
    changes: dict[str, object] = {key: header[key] for key in COPIED if key in header}
    changes["SliceThickness"] = header.get("SliceThickness", header["PixelSpacing"][0])
    for key in ("position", "orientation"):
        changes[key] = header[f"Image{key.capitalize()}Patient"]
    if "Radiopharmaceutical" in header:
        changes["RadiopharmaceuticalInformationSequence"] = [
            item(Radiopharmaceutical=header["Radiopharmaceutical"])
        ]
    if window := header.get("EnergyWindow"):
        limits = item(
            EnergyWindowLowerLimit=str(window["lower_keV"]),
            EnergyWindowUpperLimit=str(window["upper_keV"]),
        )
        changes["EnergyWindowInformationSequence"] = [
            item(EnergyWindowName=window["name"], EnergyWindowRangeSequence=[limits])
        ]
    return nm(typed, **changes), typed


def flag_codes(volume: Volume) -> set[str]:
    return {flag.code for flag in volume.flags}


@pytest.mark.parametrize("name", PLACED)
def test_every_voxel_of_a_rebuilt_object_lies_where_the_formula_says(
    tmp_path: Path, name: str
) -> None:
    header = OBJECTS[name]
    data, stored = rebuilt(header)
    save(data, tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    position = np.array(header["ImagePositionPatient"])
    row, column = np.array(header["ImageOrientationPatient"]).reshape(2, 3)
    between_rows, between_columns = header["PixelSpacing"]
    last = len(stored) - 1
    for frame, r, c in [(0, 0, 0), (0, 1, 3), (1, 3, 2), (last, 6, 5), (last // 2, 5, 1)]:
        place = position + c * between_columns * row + r * between_rows * column
        place = place + frame * header["SpacingBetweenSlices"] * np.cross(row, column)
        index = tuple(int(value) for value in np.rint(volume.grid.to_index(place)))
        np.testing.assert_allclose(volume.grid.to_mm(index), place, atol=1e-6)
        assert volume.values[index] == stored[frame, r, c]
    assert volume.unit is Unit.RELATIVE
    assert {"NM_SBS_NEGATIVE", "NM_UNCALIBRATED"} <= flag_codes(volume)


@pytest.mark.parametrize("name", [n for n in PLACED if "last_slice_z_mm" in OBJECTS[n]["checks"]])
def test_the_stack_of_ge_ends_as_far_below_the_centre_as_it_begins_above(
    tmp_path: Path, name: str
) -> None:
    data, stored = rebuilt(OBJECTS[name])
    save(data, tmp_path / "a.dcm")
    height = read(tmp_path, "NM").grid.to_mm((len(stored) - 1, 0, 0))[2]
    assert height == pytest.approx(OBJECTS[name]["checks"]["last_slice_z_mm"], abs=1e-3)


def test_the_volume_agrees_with_the_affine_of_a_mask_drawn_on_it_by_others(tmp_path: Path) -> None:
    """The mask of the MIRP project's test data is NIfTI: RAS and (i, j, k)."""
    header = OBJECTS["ge_ds_lu177_cylinder"]
    data, _ = rebuilt(header)
    save(data, tmp_path / "a.dcm")
    grid = read(tmp_path, "NM").grid
    ras = np.array(header["checks"]["nifti_affine_RAS"])
    for i, j, k in [(0, 0, 0), (5, 0, 0), (0, 6, 0), (3, 2, 181)]:
        expected = (ras @ [i, j, k, 1.0])[:3] * [-1.0, -1.0, 1.0]
        np.testing.assert_allclose(grid.to_mm((k, j, i)), expected, atol=1e-6)


def test_ge_xeleris_is_an_emission_volume_of_iodine_131(tmp_path: Path) -> None:
    """Modality OT, and the radiopharmaceutical text ATTENUATION MAPS."""
    data, stored = rebuilt(OBJECTS["ge_xeleris4_i131_phantom"])
    save(data, tmp_path / "a.dcm")
    selection = select(only_study(tmp_path))
    assert selection.emission is not None
    volume = read_volume(selection.emission)
    facts = volume.provenance.facts
    assert facts["Radionuclide"] == "I-131"
    assert facts["EnergyWindowKeV"] == "327.6-400.4"
    assert volume.values.max() == stored.max()


def test_a_cardiac_reformat_without_a_place_is_refused_and_readable_natively(
    tmp_path: Path,
) -> None:
    """Barre's heart: neither position nor orientation anywhere."""
    header = OBJECTS["barre_nm_mono2_16_13x_heart"]
    data, stored = rebuilt(header)
    save(data, tmp_path / "a.dcm")
    with pytest.raises(GeometryError) as error:
        read(tmp_path, "NM")
    assert error.value.code == "NO_POSITION"
    volume = read_volume(only_series(tmp_path, "NM"), native_only=True)
    np.testing.assert_array_equal(volume.values, stored)
    np.testing.assert_allclose(volume.grid.spacing_mm, [6.231669, 3.11583, 3.11583])
    assert volume.grid.frame_of_reference_uid == ""
    assert "NATIVE_ONLY" in flag_codes(volume)


def with_pixel_scale(data: Dataset, creator: str, block: int = 0x10) -> Dataset:
    data.add_new(0x00110000 | block, "LO", creator)
    data.add_new(0x00110000 | block << 8 | 0x3B, "FD", 0.001)
    data.add_new(0x00110000 | block << 8 | 0x3C, "FD", 500.0)
    return data


@pytest.mark.parametrize("block", [0x10, 0x2A])
def test_ge_private_pixel_scale_is_noted_and_never_applied(tmp_path: Path, block: int) -> None:
    save(with_pixel_scale(nm(), "GEMS_GENIE_1", block), tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    np.testing.assert_array_equal(volume.values, letter_f())
    (flag,) = [flag for flag in volume.flags if flag.code == "NM_PRIVATE_SCALE"]
    assert str(flag.severity) == "information"
    assert "GEPixelScale and GEPixelOffset" in flag.detail


@pytest.mark.parametrize("creator", ["SOMEBODY ELSE", ""])
def test_the_private_block_of_another_is_no_pixel_scale(tmp_path: Path, creator: str) -> None:
    save(with_pixel_scale(nm(), creator), tmp_path / "a.dcm")
    assert "NM_PRIVATE_SCALE" not in flag_codes(read(tmp_path, "NM"))


def mapping(unit: str, slope: float) -> Dataset:
    return item(
        RealWorldValueFirstValueMapped=0,
        RealWorldValueLastValueMapped=65535,
        RealWorldValueSlope=slope,
        RealWorldValueIntercept=0.0,
        MeasurementUnitsCodeSequence=[
            item(CodeValue=unit, CodingSchemeDesignator="UCUM", CodeMeaning=unit)
        ],
    )


def test_hermes_scale_stands_in_the_real_world_value_mapping_only(tmp_path: Path) -> None:
    """STIR issue 1123: 16 bits stretched to 65535, {counts} in the mapping."""
    counts = letter_f() / letter_f().max() * 812.0
    slope = counts.max() / 65535
    stored = np.rint(counts / slope).astype(np.uint16)
    data = nm(
        stored,
        Manufacturer="Hermes Medical Solutions",
        RealWorldValueMappingSequence=[mapping("{counts}", slope)],
    )
    save(data, tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    assert volume.unit is Unit.COUNTS
    np.testing.assert_allclose(volume.values, counts, atol=0.51 * slope)
    assert volume.values.max() == pytest.approx(812.0, rel=1e-6)
    assert "VALUES_SATURATED" not in flag_codes(volume)


def test_siemens_xspect_quant_is_bq_per_ml_and_its_rescale_is_not_applied_on_top(
    tmp_path: Path,
) -> None:
    data = nm(
        Manufacturer="SIEMENS NM",
        RescaleSlope="7",
        RescaleIntercept="0",
        RealWorldValueMappingSequence=[mapping("Bq/ml", 3.25)],
    )
    save(data, tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    assert volume.unit is Unit.BQ_PER_ML
    np.testing.assert_array_equal(volume.values, letter_f() * np.float32(3.25))
    assert "NM_UNCALIBRATED" not in flag_codes(volume)


def test_philips_private_groups_do_not_scale_an_nm_volume(tmp_path: Path) -> None:
    """7043, 7051 and 7053 occur; 7053,1000 and 1009 are factors of PET objects."""
    data = nm(Manufacturer="Philips Medical Systems")
    data.add_new(0x70530010, "LO", "Philips PET Private Group")
    data.add_new(0x70531000, "DS", "0.5")
    data.add_new(0x70531009, "DS", "0.25")
    data.add_new(0x70430010, "LO", "Philips NM Private")
    data.add_new(0x70431000, "DS", "0.125")
    save(data, tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    np.testing.assert_array_equal(volume.values, letter_f())
    assert volume.unit is Unit.RELATIVE


def test_each_file_of_a_mediso_like_series_has_its_own_slope(tmp_path: Path) -> None:
    """After dcm2niix issue 853: slopes differ from slice to slice."""
    slopes = [1.0, 0.3, 0.5, 2.0, 0.7]
    for number, (frame, slope) in enumerate(zip(letter_f(), slopes, strict=True)):
        data = nm(
            frame[None],
            Manufacturer="Mediso",
            position=(-10.0, -20.0, 30.0 + 4.0 * number),
            SOPInstanceUID=f"1.2.3.{number}",
            NumberOfFrames=None,
            SliceVector=None,
            RescaleSlope=str(slope),
        )
        save(data, tmp_path / f"{9 - number}.dcm")
    expected = letter_f() * np.array(slopes)[:, None, None]
    np.testing.assert_allclose(read(tmp_path, "NM").values, expected, rtol=1e-6)


def test_segami_geometry_is_taken_as_stated_with_a_warning(tmp_path: Path) -> None:
    """Other software overrules this vendor's tags; nobody can tell from a header."""
    turned = (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    save(nm(Manufacturer="SEGAMI Corporation", orientation=turned), tmp_path / "a.dcm")
    volume = read(tmp_path, "NM")
    np.testing.assert_allclose(volume.grid.to_mm((1, 1, 1)), [-12.0, -17.0, 26.0])
    assert "NM_GEOM_VENDOR" in flag_codes(volume)


def test_the_zoom_factor_is_not_applied_to_the_pixel_spacing(tmp_path: Path) -> None:
    """C.8.4.11.1.4: it is inside PixelSpacing already."""
    data = nm()
    changed(data.DetectorInformationSequence[0], ZoomFactor=[2.0, 2.0])
    save(data, tmp_path / "a.dcm")
    np.testing.assert_allclose(read(tmp_path, "NM").grid.spacing_mm, [4.0, 3.0, 2.0])


def test_table_height_does_not_move_the_volume(tmp_path: Path) -> None:
    """Other software rebuilds the centre from the table where y is 0."""
    data = nm(
        position=(-10.0, 0.0, 30.0),
        orientation=AXIAL,
        RotationInformationSequence=[item(TableHeight=150.0, TableTraverse=980.1)],
    )
    save(data, tmp_path / "a.dcm")
    np.testing.assert_allclose(
        read(tmp_path, "NM").grid.to_mm((0, 0, 0)), [-10.0, 0.0, 30.0], atol=1e-9
    )
