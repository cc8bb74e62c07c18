"""The one registry of flags and codes: severity, sentence, what to do.

A flag is a code and what was found; the registry holds what the code means. Codes are stable:
results, quarantine lists and scripts bind to them.
"""

from dataclasses import dataclass
from enum import StrEnum

from quant.domain.text import plain


class Severity(StrEnum):
    """How much a flag weighs: an error means that something was not measured."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class Flag:
    """A registered code together with what was found in this case."""

    code: str
    detail: str = ""

    def __post_init__(self) -> None:
        """Refuse a code that nobody can look up; keep the detail printable."""
        if self.code not in CODES:
            message = f"code {self.code!r} is not in the registry quant.domain.flags.CODES"
            raise ValueError(message)
        object.__setattr__(self, "detail", plain(self.detail))

    @property
    def severity(self) -> Severity:
        """Severity of the code."""
        return CODES[self.code].severity


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """What a code means and what to do about it."""

    severity: Severity
    sentence: str
    action: str


_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFORMATION

_READING: dict[str, CodeInfo] = {
    "FILE_SKIPPED": CodeInfo(
        _I, "A file is not DICOM and not a region, so it is not used.", "Nothing, if meant."
    ),
    "TRUNCATED": CodeInfo(
        _E, "A DICOM file ends before its data do.", "Copy or export the file again."
    ),
    "DICOM_UNREADABLE": CodeInfo(
        _E,
        "A DICOM file cannot be parsed.",
        "Export the file again from its source system.",
    ),
    "NO_PERMISSION": CodeInfo(
        _E,
        "A file or folder may not be read.",
        "Make it readable for the user who runs the program.",
    ),
    "PIXELS_MISSING": CodeInfo(
        _E,
        "A DICOM image has a header but no pixel data.",
        "Export the file again, with its pixel data.",
    ),
    "NO_PREAMBLE": CodeInfo(
        _W,
        "A DICOM file lacks its preamble and file header.",
        "Export it as DICOM Part 10.",
    ),
    "UID_ASSUMED": CodeInfo(
        _W,
        "Study or series UIDs are blank; one patient's files in one frame are taken as one study.",
        "Export with UIDs: pseudonyms are enough.",
    ),
    "NON_VOLUME": CodeInfo(
        _I, "An object that is no image volume (report, capture, key image).", "Nothing."
    ),
    "DUPLICATE": CodeInfo(
        _I, "The same object is there more than once; one copy is used.", "Nothing."
    ),
    "DUP_CONFLICT": CodeInfo(
        _E,
        "Two different images claim the same UID or the same place in one series.",
        "Find out which is right and remove the other, or split the series.",
    ),
    "SERIES_MIXED": CodeInfo(
        _E,
        "A series mixes images of different size or orientation.",
        "Export the volume as a series of its own.",
    ),
    "DECODE": CodeInfo(
        _E,
        "Pixel data cannot be decoded.",
        "Install the named decoder, or export the series uncompressed.",
    ),
    "GRID_INVALID": CodeInfo(
        _E, "The voxel grid does not describe a place.", "Check the geometry of the series."
    ),
    "SPACING_MISSING": CodeInfo(
        _E,
        "The distance between pixels or slices is not in the file and cannot be derived.",
        "Export the series with PixelSpacing and SpacingBetweenSlices or SliceThickness.",
    ),
    "SPACING_INVALID": CodeInfo(
        _E,
        "A spacing is not a number, not positive, or beyond 0.01 to 1000 mm.",
        "Export the series again.",
    ),
    "NO_POSITION": CodeInfo(
        _E,
        "The volume has no position or orientation in the patient.",
        "Export the series with ImagePositionPatient and ImageOrientationPatient.",
    ),
    "BAD_IOP": CodeInfo(
        _E, "The image orientation is not a right-angled frame.", "Export the series again."
    ),
    "VALUES_INVALID": CodeInfo(
        _E,
        "The volume holds values that are not finite, or beyond anything that is measured.",
        "Reconstruct or export it again.",
    ),
    "BITS_INVALID": CodeInfo(
        _E,
        "Stored values do not fit the bits that the header declares for them.",
        "Export the series again; BitsAllocated, BitsStored and HighBit must fit the values.",
    ),
    "VALUES_SATURATED": CodeInfo(
        _W,
        "Several voxels hold the largest value that can be stored: maxima may be cut off.",
        "Export the series with a larger range (scaling, or 32 bits), and compare the maxima.",
    ),
    "NM_INTERCEPT": CodeInfo(
        _W,
        "The NM volume has a rescale intercept other than 0. Ratios depend on this offset.",
        "Check with the vendor of the reconstruction whether the offset is meant.",
    ),
    "NM_NOT_RECON": CodeInfo(
        _E,
        "NM projections or a planar image, not a reconstructed volume.",
        "Supply the reconstruction (ImageType RECON TOMO).",
    ),
    "NM_TYPE_GUESSED": CodeInfo(
        _W,
        "ImageType does not say RECON TOMO; the slice vector does.",
        "Check that the series is the reconstruction.",
    ),
    "NM_SBS_NEGATIVE": CodeInfo(
        _I,
        "SpacingBetweenSlices is negative: slices run against the image normal, as stored.",
        "Nothing; other viewers may show this series upside down.",
    ),
    "NM_SPACING_GUESSED": CodeInfo(
        _W,
        "SpacingBetweenSlices is missing; the slice spacing comes from another tag.",
        "Check the slice spacing; volumes scale with it.",
    ),
    "NM_THICKNESS_DIFF": CodeInfo(
        _I,
        "SliceThickness differs from SpacingBetweenSlices; the spacing is used.",
        "Nothing.",
    ),
    "NM_GEOM_TOPLEVEL": CodeInfo(
        _W,
        "Position and orientation stand outside DetectorInformationSequence.",
        "Check the overlay of SPECT and CT.",
    ),
    "NM_VECTOR_ODD": CodeInfo(
        _W,
        "SliceVector does not count 1 to N; slices are placed by it.",
        "Check the overlay.",
    ),
    "NM_MULTI": CodeInfo(
        _E,
        "The NM object holds several volumes (gates, energy windows or detectors).",
        "Export one summed reconstruction.",
    ),
    "NM_SINGLEFRAME": CodeInfo(
        _W, "The NM volume is stored as one file a slice.", "Check the order of slices."
    ),
    "NM_UNCALIBRATED": CodeInfo(
        _W,
        "The NM volume states no physical unit: values are relative, ratios are valid.",
        "Nothing for ratios; for Bq/ml or SUV supply a calibrated reconstruction.",
    ),
    "PET_UNIT_UNKNOWN": CodeInfo(
        _W,
        "The PET volume states no usable unit: values are relative.",
        "Nothing for ratios; for SUV export the series with Units.",
    ),
    "PET_INTERCEPT": CodeInfo(
        _E, "A PET image has a rescale intercept other than 0.", "Export the series again."
    ),
    "RWVM_BAD": CodeInfo(
        _W,
        "RealWorldValueMapping is incomplete or contradicts itself and is not used.",
        "Export the series again; values are relative.",
    ),
    "ENHANCED_UNREAD": CodeInfo(
        _E,
        "An enhanced multi-frame CT or PET object, which this version does not read.",
        "Export the series as one file a slice.",
    ),
    "PATIENT_MIXED": CodeInfo(
        _E,
        "Files of one study bear different patient identifiers, so it is not measured.",
        "Find out whose files they are; give all files of one person the same PatientID.",
    ),
    "CT_GAP": CodeInfo(_E, "Slices are missing inside a series.", "Export the whole series again."),
    "CT_NONUNIFORM": CodeInfo(
        _E, "Slices are not evenly spaced.", "Supply an evenly spaced reconstruction."
    ),
    "CT_TILT": CodeInfo(
        _E, "Slices are sheared (gantry tilt).", "Supply a reconstruction without tilt."
    ),
}

_SELECTION: dict[str, CodeInfo] = {
    "NO_EMISSION": CodeInfo(
        _E,
        "The study holds no emission volume that can be measured.",
        "Supply the SPECT reconstruction (NM RECON TOMO) or the PET series.",
    ),
    "NO_CT": CodeInfo(_I, "The study holds no CT in the frame of the emission volume.", "Nothing."),
    "CT_UNUSABLE": CodeInfo(
        _W,
        "The study's CT cannot be used; the values measured do not depend on it.",
        "Export the whole CT series again if it is to be shown or used.",
    ),
    "PAIR_AMBIGUOUS": CodeInfo(
        _W,
        "Several series fit equally well; the first by the stated rules was taken.",
        "Read the candidates in the record; remove the series that is not meant.",
    ),
    "AC_UNKNOWN": CodeInfo(
        _W,
        "Nothing says whether the emission volume is attenuation corrected.",
        "Check the reconstruction; ratios to liver and muscle need the correction.",
    ),
    "AC_CONTRADICTED": CodeInfo(
        _W,
        "CorrectedImage claims the attenuation correction that the description denies.",
        "Check which reconstruction this is; the tag was believed.",
    ),
    "EMISSION_SEVERAL": CodeInfo(
        _W,
        "The study holds both NM and PT volumes; only the named one is measured.",
        "Put the other modality into a folder of its own to measure it.",
    ),
    "NOT_ATTENUATION_CORRECTED": CodeInfo(
        _W,
        "The emission volume measured is not attenuation corrected.",
        "Supply the corrected reconstruction: depth changes these ratios.",
    ),
    "FOR_ASSUMED": CodeInfo(
        _W,
        "A frame of reference is missing; the same frame is assumed because they overlap.",
        "Check the overlay of region and volume.",
    ),
}

_REGIONS: dict[str, CodeInfo] = {
    "ROI_FOR_MISMATCH": CodeInfo(
        _E,
        "The region was drawn in another frame of reference.",
        "Transfer the region to the emission volume's frame and export it again.",
    ),
    "ROI_NO_STUDY": CodeInfo(
        _W,
        "A region file cannot be assigned to one study, so it is not used.",
        "Put it into the folder of its study, or into --rois DIR/<StudyInstanceUID>/.",
    ),
    "ROI_UNREADABLE": CodeInfo(
        _E, "A region file cannot be read.", "Export the region again; see the message."
    ),
    "ROI_NOT_LABELS": CodeInfo(
        _E,
        "A file that is named like a region holds an image.",
        "Export the region as a label map.",
    ),
    "IMAGE_IGNORED": CodeInfo(
        _I, "A file beside the study holds an image, not regions; it is not used.", "Nothing."
    ),
    "ROI_EMPTY": CodeInfo(_E, "The region is empty.", "Draw the region, or remove it."),
    "ROI_OUTSIDE": CodeInfo(
        _E,
        "The region lies outside the emission volume.",
        "Check that both belong together.",
    ),
    "ROI_UNUSED": CodeInfo(
        _I,
        "A region to keep away from is empty or outside the volume: nothing to keep away from.",
        "Nothing.",
    ),
    "ROI_CLIPPED": CodeInfo(
        _W,
        "Part of the region lies outside the emission volume.",
        "Volume and shape describe the visible part only.",
    ),
    "ROI_SMALL": CodeInfo(
        _W,
        "The region is small against the voxels; shape and mean are unreliable.",
        "Read the digital-sphere floor beside the asphericity.",
    ),
    "ROI_PLANE": CodeInfo(
        _W, "Contours are not parallel or not evenly spaced.", "Check the region's volume."
    ),
    "ROI_THICKNESS_ASSUMED": CodeInfo(
        _W,
        "The region has contours in one plane only; its thickness is one slice.",
        "Check the region's volume.",
    ),
    "ROI_PROBABILITY": CodeInfo(
        _W,
        "The region is a map of probabilities; they are taken as the occupied fractions.",
        "Supply a binary region where volume matters.",
    ),
    "ROI_CONTOUR_SKIPPED": CodeInfo(
        _W, "Open, point or degenerate contours were left out.", "Check the region."
    ),
    "ROI_TOUCHES_EDGE": CodeInfo(
        _W,
        "The region touches the border of the emission volume.",
        "The tumour may go on outside the field of view.",
    ),
    "ROLE_SEVERAL": CodeInfo(
        _W,
        "Several regions have the same role; the named one is used.",
        "Remove the others.",
    ),
    "ROLE_AMBIGUOUS": CodeInfo(
        _I,
        "A region's name fits several roles; the named one is taken.",
        "Rename the region.",
    ),
    "TUMOUR_MISSING": CodeInfo(
        _W, "No tumour region was supplied.", "Supply a region whose name says tumour."
    ),
    "TUMOUR_SEVERAL": CodeInfo(
        _I,
        "Several tumour regions: each is measured, the largest is the primary.",
        "Nothing.",
    ),
}

_SPHERES: dict[str, CodeInfo] = {
    "LIVER_MISSING": CodeInfo(
        _W,
        "No liver region and no liver mark: ratios to liver are absent.",
        "Supply a liver region, or a markup point named liver.",
    ),
    "MUSCLE_MISSING": CodeInfo(
        _W,
        "No muscle region and no muscle mark on a side: ratios to muscle are absent.",
        "Supply autochthon_left and autochthon_right, or points named muscle_left/_right.",
    ),
    "L2_MISSING": CodeInfo(
        _W,
        "No region of vertebra L2: the muscle spheres cannot be placed at its level.",
        "Supply vertebrae_L2, or points named muscle_left and muscle_right.",
    ),
    "SPHERE_NO_POSITION": CodeInfo(
        _W,
        "No admissible position holds the reference sphere.",
        "Check the organ region, allow an adaptive radius, or mark the centre.",
    ),
    "SPHERE_EDGE_RELAXED": CodeInfo(
        _W,
        "The set distance to the organ's edge leaves no position; it was waived.",
        "Values near an edge suffer from partial volume: look at the sphere.",
    ),
    "SPHERE_LOBE_RELAXED": CodeInfo(
        _W,
        "The right lobe does not hold the whole sphere; only its centre lies there.",
        "Look at the sphere: the left lobe is often hotter.",
    ),
    "SPHERE_NOT_INSIDE": CodeInfo(
        _W,
        "The reference sphere is not wholly inside its organ; the fraction is reported.",
        "Read <sphere>_inside; allow an adaptive radius, or mark another centre.",
    ),
    "SPHERE_ADAPTIVE": CodeInfo(
        _W,
        "The reference sphere was made smaller to fit its organ.",
        "Read <sphere>_volume_ml; the value is not comparable to the full sphere's.",
    ),
    "SPHERE_MARKED": CodeInfo(
        _I, "The sphere's centre comes from a markup, not from placement.", "Nothing."
    ),
    "SPHERE_CLIPPED": CodeInfo(
        _W,
        "The reference sphere leaves the emission volume.",
        "Mark another centre; the value covers the visible part only.",
    ),
    "SPHERE_NEAR_LESION": CodeInfo(
        _W,
        "A marked sphere is closer to a tumour or excluded region than the protocol allows.",
        "Mark another centre.",
    ),
    "SPHERE_FOCUS": CodeInfo(
        _W,
        "A value inside the sphere stands out of the organ's distribution.",
        "Look at the sphere: a focus or vessel may lie in it.",
    ),
    "SPHERE_LEFT_LOBE": CodeInfo(
        _W,
        "A marked liver sphere reaches beyond the right lobe.",
        "Mark a centre in segments 5 to 8: the left lobe is often hotter.",
    ),
    "MUSCLE_SIDE_MISMATCH": CodeInfo(
        _E,
        "A muscle named left lies on the patient's right of L2, or the other way round.",
        "Check the names of the muscles and the orientation of the region file.",
    ),
    "SPHERE_UNEVEN": CodeInfo(
        _W,
        "Values inside the sphere spread by more than half of their mean.",
        "Look at the sphere: it may lie partly in a hotter lobe, vessel or tumour.",
    ),
    "MUSCLE_ASYMMETRY": CodeInfo(
        _W,
        "The two muscle spheres differ by more than a factor of two.",
        "Look at both: one may lie beside a tumour, or not in muscle.",
    ),
    "MARK_UNUSED": CodeInfo(
        _I,
        "A markup point is named after no sphere and was not used.",
        "Name points liver, muscle_left and muscle_right.",
    ),
    "FOCI_SCREENED": CodeInfo(
        _I, "Positions were left out because a focus lies in them.", "Nothing."
    ),
    "SEGMENTS_USED": CodeInfo(
        _I, "Couinaud segments, not the centroid, define the right lobe.", "Nothing."
    ),
}

_MEASURES: dict[str, CodeInfo] = {
    "REFERENCE_ABSENT": CodeInfo(
        _W,
        "The value is absent because its reference sphere is.",
        "See the sphere's flags.",
    ),
    "DENOMINATOR_ZERO": CodeInfo(
        _W,
        "The reference value is zero, negative or not a number: the ratio is absent.",
        "Look at the sphere and at the unit of the series.",
    ),
    "VALUE_NEGATIVE": CodeInfo(
        _W,
        "An uptake value or ratio is negative, which no activity is.",
        "Look at the reconstruction, at its rescaling and at the region.",
    ),
    "STATISTIC_UNDEFINED": CodeInfo(
        _I,
        "A statistic divides by a spread, mean or quartile sum that is zero, so it is absent.",
        "Nothing.",
    ),
    "INTERVAL_ABSENT": CodeInfo(
        _I,
        "The ratio has no interval over reference positions.",
        "Supply the organ region beside the mark.",
    ),
    "REGION_BELOW_HALF": CodeInfo(
        _W,
        "No voxel lies at least half inside the region: maximum and shape are absent.",
        "The region is smaller than a voxel; read mean and volume only.",
    ),
    "ASP_WITHIN_SCATTER": CodeInfo(
        _I,
        "The corrected asphericity is slightly below 0, within its stated scatter.",
        "Read it as 0.",
    ),
    "ASP_BELOW_SCATTER": CodeInfo(
        _W,
        "The corrected asphericity came out below 0 by more than its stated scatter: absent.",
        "Voxels are too uneven or too few for it; read asphericity and its floor.",
    ),
    "INTERVAL_EMPTY": CodeInfo(
        _W,
        "No voxel of the region has a value within the stated interval.",
        "Check the interval against the unit of the volume.",
    ),
    "ASPHERICITY_NEGATIVE": CodeInfo(
        _E,
        "Asphericity of one closed mesh came out negative, which cannot be.",
        "Report this as a defect, with the region.",
    ),
    "SEVERAL_COMPONENTS": CodeInfo(
        _I,
        "The region has several parts: asphericity rises by that alone.",
        "Read components and euler_number beside the asphericity.",
    ),
}

_RUN: dict[str, CodeInfo] = {
    "PROTOCOL_INVALID": CodeInfo(
        _E, "The protocol does not validate.", "Correct the named setting."
    ),
    "USAGE": CodeInfo(_E, "The call is wrong.", "See --help."),
    "OUT_IN_USE": CodeInfo(
        _E, "The output folder is in use by another run.", "Wait, or choose another folder."
    ),
    "NOTHING_FOUND": CodeInfo(
        _E, "The input holds nothing to measure.", "Look at it with quant inspect."
    ),
    "NOTHING_MEASURED": CodeInfo(
        _E,
        "No tumour, lesion or reference sphere could be measured in the study.",
        "Supply a tumour region, and regions or marks for liver and muscle.",
    ),
    "STUDY_FAILED": CodeInfo(
        _E,
        "The study failed for an unforeseen reason.",
        "Report it as a defect with what quant run --debug prints.",
    ),
}

CODES: dict[str, CodeInfo] = {
    **_READING,
    **_SELECTION,
    **_REGIONS,
    **_SPHERES,
    **_MEASURES,
    **_RUN,
}
"""Every code that a result, a quarantine list or an error may carry."""
