"""SUV of enhanced multi-frame PET: frames of their own, the reference time stated as such."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from quant.dicom.calibrate import calibrated, suv_report
from quant.domain.protocol import CalibrationSettings, WantedQuantity
from quant.domain.units import Unit
from tests.support.dicom_builder import FRAME, image, item, save
from tests.support.reading import only_series, read
from tests.support.suv_cases import BED_S, NOON, STORED, SUV, Scan, decimal, radiopharmaceutical

ENHANCED_PET = "1.2.840.10008.5.1.4.1.1.130"
SUV_BW = CalibrationSettings(quantity=WantedQuantity.SUV_BW)


def enhanced(scan: Scan, mapping_unit: str = "", /, **changes: object) -> Dataset:
    """Return one object of four frames, slopes and acquisition times of their own."""
    stored = np.tile(STORED, (4, 2, 1))
    frames = []
    for index in range(4):
        slope = float(scan.concentration(index)[1] / STORED[1])
        content = item(
            FrameAcquisitionDateTime=f"{scan.acquired(index):%Y%m%d%H%M%S.%f}",
            FrameAcquisitionDuration=BED_S * 1000.0,
        )
        groups: dict[str, object] = {
            "FrameContentSequence": [content],
            "PlanePositionSequence": [item(ImagePositionPatient=[0.0, 0.0, 3.0 * index])],
        }
        if mapping_unit:
            mapping = item(
                RealWorldValueFirstValueMapped=0,
                RealWorldValueLastValueMapped=65535,
                RealWorldValueSlope=slope,
                RealWorldValueIntercept=0.0,
                MeasurementUnitsCodeSequence=[item(CodeValue=mapping_unit)],
            )
            for end in ("First", "Last"):
                mapping[f"RealWorldValue{end}ValueMapped"].VR = "US"
            groups["RealWorldValueMappingSequence"] = [mapping]
            slope, rescale_type = 1.0, "US"
        else:
            rescale_type = "BQML"
        transformation = item(
            RescaleSlope=decimal(slope), RescaleIntercept="0", RescaleType=rescale_type
        )
        groups["PixelValueTransformationSequence"] = [transformation]
        frames.append(item(**groups))
    shared = item(
        PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
        PixelMeasuresSequence=[item(PixelSpacing=[4.0, 4.0], SliceThickness=3.0)],
        PETFrameTypeSequence=[item(FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"])],
    )
    base: dict[str, object] = {
        "Modality": "PT",
        "ImageType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
        "FrameOfReferenceUID": FRAME,
        "NumberOfFrames": 4,
        "SharedFunctionalGroupsSequence": [shared],
        "PerFrameFunctionalGroupsSequence": frames,
        "AttenuationCorrected": "YES",
        "ScatterCorrected": "YES",
        "DecayCorrected": "YES",
        "DecayCorrectionDateTime": f"{scan.started:%Y%m%d%H%M%S}",
        "PatientWeight": decimal(scan.person.weight_kg),
        "RadiopharmaceuticalInformationSequence": [radiopharmaceutical(scan)],
    }
    return image(ENHANCED_PET, stored, **(base | changes))


UNCORRECTED: dict[str, object] = {"DecayCorrected": "NO", "DecayCorrectionDateTime": None}


@pytest.mark.parametrize("mapping", ["", "Bq/ml"], ids=["rescale", "mapping"])
@pytest.mark.parametrize(
    ("scan", "changes"),
    [(Scan(), {}), (Scan(decay_correction="NONE"), UNCORRECTED)],
    ids=["corrected", "uncorrected"],
)
def test_frames_of_enhanced_pet_have_the_true_suv(
    tmp_path: Path, scan: Scan, changes: dict[str, object], mapping: str
) -> None:
    save(enhanced(scan, mapping, **changes), tmp_path / "a.dcm")
    series = only_series(tmp_path, "PT")
    volume = calibrated(read(tmp_path, "PT"), series, SUV_BW)
    assert volume.unit is Unit.SUV_BW, volume.flags
    np.testing.assert_allclose(volume.values, np.broadcast_to(SUV, volume.values.shape), rtol=1e-6)
    assert suv_report(series, SUV_BW)["available"] is True


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"AttenuationCorrected": "NO"}, "PET_NOT_CORRECTED"),
        ({"DecayCorrectionDateTime": None}, "SUV_INPUT_MISSING"),
        (
            {"DecayCorrectionDateTime": f"{NOON - timedelta(hours=3):%Y%m%d%H%M%S}"},
            "TIME_IMPLAUSIBLE",
        ),
    ],
    ids=str,
)
def test_enhanced_pet_without_its_inputs_has_no_suv(
    tmp_path: Path, changes: dict[str, object], code: str
) -> None:
    save(enhanced(Scan(), "", **changes), tmp_path / "a.dcm")
    volume = calibrated(read(tmp_path, "PT"), only_series(tmp_path, "PT"), SUV_BW)
    assert volume.unit is Unit.BQ_PER_ML
    assert {flag.code for flag in volume.flags} == {code}
