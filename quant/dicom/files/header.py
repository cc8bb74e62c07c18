"""What one DICOM file says about itself, as it was read; reading is done elsewhere."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Header:
    """What one DICOM file says about itself.

    Parameters
    ----------
    study_uid, series_uid, sop_class_uid, sop_instance_uid : str
        Empty when the file broke before they could be read.
    modality : str
        By SOP class for NM, PT, CT, RTSTRUCT and SEG, else as the file says.
    subject : str
        Keyed hash of the patient's identifier and its issuer.
    person : str
        Keyed hash of the patient's identifier alone: exports differ in naming the issuer.
    facts : dict of str to object
        Technical attributes, see :mod:`quant.dicom.files.facts`.
    code, message : str
        Why the file cannot be used; empty when it can.
    """

    study_uid: str = ""
    series_uid: str = ""
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    modality: str = ""
    subject: str = ""
    person: str = ""
    facts: dict[str, object] = field(default_factory=dict)
    code: str = ""
    message: str = ""
