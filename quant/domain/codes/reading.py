"""Codes of reading files and choosing series."""

from quant.domain.codes.info import CodeInfo, E, I, W

READING: dict[str, CodeInfo] = {
    "FILE_SKIPPED": CodeInfo(
        I, "A file is not DICOM and not a region, so it is not used.", "Nothing, if meant."
    ),
    "TRUNCATED": CodeInfo(
        E, "A DICOM file ends before its data do.", "Copy or export the file again."
    ),
    "ZIP_LIMIT": CodeInfo(
        E,
        "A ZIP archive, or a file in it, is not unpacked: too large, nested, locked or unsafe.",
        "Unpack it yourself, look at what it holds, and supply the folder.",
    ),
    "DICOM_UNREADABLE": CodeInfo(
        E,
        "A DICOM file cannot be parsed.",
        "Export the file again from its source system.",
    ),
    "NO_PERMISSION": CodeInfo(
        E,
        "A file or folder may not be read.",
        "Make it readable for the user who runs the program.",
    ),
    "PIXELS_MISSING": CodeInfo(
        E,
        "A DICOM image has a header but no pixel data.",
        "Export the file again, with its pixel data.",
    ),
    "NO_PREAMBLE": CodeInfo(
        W,
        "A DICOM file lacks its preamble and file header.",
        "Export it as DICOM Part 10.",
    ),
    "PREAMBLE_FOREIGN": CodeInfo(
        W,
        "The preamble of a DICOM file begins like a program, an archive, a picture or a page.",
        "Do not open or run the file with anything but a DICOM reader; ask where it comes from.",
    ),
    "BURNED_IN": CodeInfo(
        W,
        "An image states that its pixels hold written annotations (BurnedInAnnotation).",
        "Look at the pictures made of it before they are passed on: names may be in them.",
    ),
    "UID_ASSUMED": CodeInfo(
        W,
        "Study or series UIDs are blank; one patient's files in one frame are taken as one study.",
        "Export with UIDs: pseudonyms are enough.",
    ),
    "NON_VOLUME": CodeInfo(
        I, "An object that is no image volume (report, capture, key image).", "Nothing."
    ),
    "DUPLICATE": CodeInfo(
        I, "The same object is there more than once; one copy is used.", "Nothing."
    ),
    "DUP_CONFLICT": CodeInfo(
        E,
        "Two different images claim the same UID or the same place in one series.",
        "Find out which is right and remove the other, or split the series.",
    ),
    "SERIES_MIXED": CodeInfo(
        W,
        "A series mixes images that form no one volume; what could be told apart is kept apart.",
        "Check that the part used is the one meant; export each volume as a series of its own.",
    ),
    "DECODE": CodeInfo(
        E,
        "Pixel data cannot be decoded.",
        "Install the named decoder, or export the series uncompressed.",
    ),
    "GRID_INVALID": CodeInfo(
        E, "The voxel grid does not describe a place.", "Check the geometry of the series."
    ),
    "SPACING_MISSING": CodeInfo(
        E,
        "The distance between pixels or slices is not in the file and cannot be derived.",
        "Export the series with PixelSpacing and SpacingBetweenSlices or SliceThickness.",
    ),
    "SPACING_INVALID": CodeInfo(
        E,
        "A spacing is not a number, not positive, or beyond 0.01 to 1000 mm.",
        "Export the series again.",
    ),
    "NO_POSITION": CodeInfo(
        E,
        "The volume has no position or orientation in the patient.",
        "Export the series with ImagePositionPatient and ImageOrientationPatient.",
    ),
    "BAD_IOP": CodeInfo(
        E, "The image orientation is not a right-angled frame.", "Export the series again."
    ),
    "VALUES_INVALID": CodeInfo(
        E,
        "The volume holds values that are not finite, or beyond anything that is measured.",
        "Reconstruct or export it again.",
    ),
    "BITS_INVALID": CodeInfo(
        E,
        "Stored values do not fit the bits that the header declares for them.",
        "Export the series again; BitsAllocated, BitsStored and HighBit must fit the values.",
    ),
    "VALUES_SATURATED": CodeInfo(
        W,
        "Several voxels hold the largest value that can be stored: maxima may be cut off.",
        "Export the series with a larger range (scaling, or 32 bits), and compare the maxima.",
    ),
    "NM_INTERCEPT": CodeInfo(
        W,
        "The NM volume has a rescale intercept other than 0. Ratios depend on this offset.",
        "Check with the vendor of the reconstruction whether the offset is meant.",
    ),
    "NM_NOT_RECON": CodeInfo(
        E,
        "NM projections or a planar image, not a reconstructed volume.",
        "Supply the reconstruction (ImageType RECON TOMO).",
    ),
    "NM_TYPE_GUESSED": CodeInfo(
        W,
        "ImageType does not say RECON TOMO; the slice vector does.",
        "Check that the series is the reconstruction.",
    ),
    "NM_SBS_NEGATIVE": CodeInfo(
        I,
        "SpacingBetweenSlices is negative: slices run against the image normal, as stored.",
        "Nothing; other viewers may show this series upside down.",
    ),
    "NM_SPACING_GUESSED": CodeInfo(
        W,
        "SpacingBetweenSlices is missing; the slice spacing comes from another tag.",
        "Check the slice spacing; volumes scale with it.",
    ),
    "NM_THICKNESS_DIFF": CodeInfo(
        I,
        "SliceThickness differs from SpacingBetweenSlices; the spacing is used.",
        "Nothing.",
    ),
    "NM_GEOM_TOPLEVEL": CodeInfo(
        W,
        "Position and orientation stand outside DetectorInformationSequence.",
        "Check the overlay of SPECT and CT.",
    ),
    "NM_VECTOR_ODD": CodeInfo(
        W,
        "SliceVector does not count 1 to N; slices are placed by it.",
        "Check the overlay.",
    ),
    "NM_MULTI": CodeInfo(
        W,
        "The NM object holds several volumes (gates, energy windows, detectors): see which one.",
        "Check that the part or the sum measured is the one meant; protocol [emission] picks it.",
    ),
    "NM_FLIP_SUSPECT": CodeInfo(
        W,
        "The body's outline fits the CT's far better when the emission volume is mirrored.",
        "Look at the overlay of SPECT and CT; if it is mirrored, export the series again. It was "
        "measured as stated.",
    ),
    "NM_SINGLEFRAME": CodeInfo(
        W, "The NM volume is stored as one file a slice.", "Check the order of slices."
    ),
    "NATIVE_ONLY": CodeInfo(
        W,
        "The volume has no place in the patient; its voxels lie on a grid of their own.",
        "Use it for counts and thresholds only; never with a region or a CT.",
    ),
    "NM_GEOM_VENDOR": CodeInfo(
        W,
        "Position and orientation are by a vendor whose objects are known to defy DICOM here.",
        "Check the overlay of SPECT and CT, and left against right; the tags are taken as stated.",
    ),
    "NM_PRIVATE_SCALE": CodeInfo(
        I,
        "The NM object has a private pixel scale of its vendor, which is not applied.",
        "Nothing; its meaning for reconstructions is not published.",
    ),
    "NM_UNCALIBRATED": CodeInfo(
        W,
        "The NM volume states no physical unit: values are relative, ratios are valid.",
        "Nothing for ratios; for Bq/ml or SUV supply a calibrated reconstruction.",
    ),
    "PET_UNIT_UNKNOWN": CodeInfo(
        W,
        "The PET volume states no usable unit: values are relative.",
        "Nothing for ratios; for SUV export the series with Units.",
    ),
    "PET_INTERCEPT": CodeInfo(
        E, "A PET image has a rescale intercept other than 0.", "Export the series again."
    ),
    "RWVM_BAD": CodeInfo(
        W,
        "RealWorldValueMapping is incomplete or contradicts itself and is not used.",
        "Export the series again; values are relative.",
    ),
    "ENHANCED_UNREAD": CodeInfo(
        E,
        "A multi-frame CT or PET object that does not say where its frames lie.",
        "Export the series as one file a slice.",
    ),
    "PATIENT_MIXED": CodeInfo(
        E,
        "Files of one study bear different patient identifiers, so it is not measured.",
        "Find out whose files they are; give all files of one person the same PatientID.",
    ),
    "CT_GAP": CodeInfo(
        W,
        "Slices are missing inside a series. At most two adjacent ones of a CT are interpolated.",
        "Export the whole series again; interpolated slices show nothing that was measured.",
    ),
    "CT_NONUNIFORM": CodeInfo(
        W,
        "Slices are not evenly spaced. A CT is resampled to an even grid, PET is refused.",
        "Supply an evenly spaced reconstruction.",
    ),
    "CT_TILT": CodeInfo(
        W,
        "Slices are sheared (gantry tilt). A CT is resampled to a right-angled grid, PET refused.",
        "Supply a reconstruction without tilt.",
    ),
}

SELECTION: dict[str, CodeInfo] = {
    "NO_EMISSION": CodeInfo(
        E,
        "The study holds no emission volume that can be measured.",
        "Supply the SPECT reconstruction (NM RECON TOMO) or the PET series.",
    ),
    "NO_CT": CodeInfo(I, "The study holds no CT in the frame of the emission volume.", "Nothing."),
    "CT_UNUSABLE": CodeInfo(
        W,
        "The study's CT cannot be used; the values measured do not depend on it.",
        "Export the whole CT series again if it is to be shown or used.",
    ),
    "PAIR_AMBIGUOUS": CodeInfo(
        W,
        "Several series fit equally well; the first by the stated rules was taken.",
        "Read the candidates in the record; remove the series that is not meant.",
    ),
    "AC_UNKNOWN": CodeInfo(
        W,
        "Nothing says whether the emission volume is attenuation corrected.",
        "Check the reconstruction; ratios to liver and muscle need the correction.",
    ),
    "AC_CONTRADICTED": CodeInfo(
        W,
        "CorrectedImage claims the attenuation correction that the description denies.",
        "Check which reconstruction this is; the tag was believed.",
    ),
    "EMISSION_SEVERAL": CodeInfo(
        W,
        "The study holds both NM and PT volumes; only the named one is measured.",
        "Put the other modality into a folder of its own to measure it.",
    ),
    "NOT_ATTENUATION_CORRECTED": CodeInfo(
        W,
        "The emission volume measured is not attenuation corrected.",
        "Supply the corrected reconstruction: depth changes these ratios.",
    ),
    "FOR_ASSUMED": CodeInfo(
        W,
        "A frame of reference is missing; the same frame is assumed because they overlap.",
        "Check the overlay of region and volume.",
    ),
}
