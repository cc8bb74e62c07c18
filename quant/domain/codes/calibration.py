"""Codes of calibration: from stored values to counts/s, Bq/ml and SUV."""

from quant.domain.codes.info import CodeInfo, I, W

CALIBRATION: dict[str, CodeInfo] = {
    "SUV_INPUT_MISSING": CodeInfo(
        W,
        "SUV cannot be computed: an input is missing or makes no sense. The unit stays as stated.",
        "Export the series with the named attribute, or state the named setting.",
    ),
    "CALIBRATION_INPUT_MISSING": CodeInfo(
        W,
        "The wanted quantity cannot be computed: an input is missing. The unit stays as stated.",
        "State the named setting in the protocol, or export the series with the attribute.",
    ),
    "DOSE_UNIT": CodeInfo(
        W,
        "The size of RadionuclideTotalDose does not fit its unit (Bq in PET, MBq in NM objects).",
        "State the unit in the protocol (calibration.dose_unit), or correct the export.",
    ),
    "TIME_IMPLAUSIBLE": CodeInfo(
        W,
        "Administration and scan do not fit: administered after the scan, or more than 7 "
        "half-lives before; a time without a date may have been set one day back.",
        "Check administration and scan times; anonymisation may have moved one of them.",
    ),
    "TIME_DATE_ASSUMED": CodeInfo(
        I,
        "The administration time has no date; it was taken to be on the day of the scan.",
        "Nothing, if injection and scan were on one day.",
    ),
    "PET_REFTIME": CodeInfo(
        W,
        "The series time is not the moment to which decay is corrected, by the frame times.",
        "Read in the record which time was used, and compare SUV with the vendor's workstation.",
    ),
    "PET_NOT_CORRECTED": CodeInfo(
        W,
        "A PET volume without attenuation or decay correction has no SUV.",
        "Supply the corrected reconstruction (CorrectedImage with ATTN and DECY).",
    ),
    "DECAY_CONTRADICTED": CodeInfo(
        W,
        "CorrectedImage contradicts the stated decay correction; the latter was believed.",
        "Check with the vendor's workstation to which moment the values belong.",
    ),
    "HALF_LIFE_MISMATCH": CodeInfo(
        W,
        "The half-life in the header is not that of the named radionuclide within 2 %.",
        "Check the radionuclide; the half-life used stands in the record.",
    ),
    "SUV_SEX_OTHER": CodeInfo(
        W,
        "PatientSex is O: the mean of the formulas for women and men was used.",
        "Nothing, if meant; SUVbw does not depend on it.",
    ),
    "PRIVATE_FALLBACK": CodeInfo(
        I,
        "A private attribute was used although its creator or its type is lost.",
        "Nothing; an anonymiser may have removed it.",
    ),
}
