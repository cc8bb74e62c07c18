"""Codes of reference spheres, measurements and whole runs."""

from quant.domain.codes.info import CodeInfo, E, I, W

SPHERES: dict[str, CodeInfo] = {
    "LIVER_MISSING": CodeInfo(
        W,
        "No liver region and no liver mark: ratios to liver are absent.",
        "Supply a liver region, or a markup point named liver.",
    ),
    "MUSCLE_MISSING": CodeInfo(
        W,
        "No muscle region and no muscle mark on a side: ratios to muscle are absent.",
        "Supply autochthon_left and autochthon_right, or points named muscle_left/_right.",
    ),
    "L2_MISSING": CodeInfo(
        W,
        "No region of vertebra L2: the muscle spheres cannot be placed at its level.",
        "Supply vertebrae_L2, or points named muscle_left and muscle_right.",
    ),
    "SPHERE_NO_POSITION": CodeInfo(
        W,
        "No admissible position holds the reference sphere.",
        "Check the organ region, allow an adaptive radius, or mark the centre.",
    ),
    "SPHERE_EDGE_RELAXED": CodeInfo(
        W,
        "The set distance to the organ's edge leaves no position; it was waived.",
        "Values near an edge suffer from partial volume: look at the sphere.",
    ),
    "SPHERE_LOBE_RELAXED": CodeInfo(
        W,
        "The right lobe does not hold the whole sphere; only its centre lies there.",
        "Look at the sphere: the left lobe is often hotter.",
    ),
    "SPHERE_NOT_INSIDE": CodeInfo(
        W,
        "The reference sphere is not wholly inside its organ; the fraction is reported.",
        "Read <sphere>_inside; allow an adaptive radius, or mark another centre.",
    ),
    "SPHERE_ADAPTIVE": CodeInfo(
        W,
        "The reference sphere was made smaller to fit its organ.",
        "Read <sphere>_volume_ml; the value is not comparable to the full sphere's.",
    ),
    "SPHERE_MARKED": CodeInfo(
        I, "The sphere's centre comes from a markup, not from placement.", "Nothing."
    ),
    "SPHERE_CLIPPED": CodeInfo(
        W,
        "The reference sphere leaves the emission volume.",
        "Mark another centre; the value covers the visible part only.",
    ),
    "SPHERE_NEAR_LESION": CodeInfo(
        W,
        "A marked sphere is closer to a tumour or excluded region than the protocol allows.",
        "Mark another centre.",
    ),
    "SPHERE_FOCUS": CodeInfo(
        W,
        "A value inside the sphere stands out of the organ's distribution.",
        "Look at the sphere: a focus or vessel may lie in it.",
    ),
    "SPHERE_LEFT_LOBE": CodeInfo(
        W,
        "A marked liver sphere reaches beyond the right lobe.",
        "Mark a centre in segments 5 to 8: the left lobe is often hotter.",
    ),
    "MUSCLE_SIDE_MISMATCH": CodeInfo(
        E,
        "A muscle named left lies on the patient's right of L2, or the other way round.",
        "Check the names of the muscles and the orientation of the region file.",
    ),
    "SPHERE_UNEVEN": CodeInfo(
        W,
        "Values inside the sphere spread by more than half of their mean.",
        "Look at the sphere: it may lie partly in a hotter lobe, vessel or tumour.",
    ),
    "MUSCLE_ASYMMETRY": CodeInfo(
        W,
        "The two muscle spheres differ by more than a factor of two.",
        "Look at both: one may lie beside a tumour, or not in muscle.",
    ),
    "MARK_UNUSED": CodeInfo(
        I,
        "A markup point is named after no sphere and was not used.",
        "Name points liver, muscle_left and muscle_right.",
    ),
    "FOCI_SCREENED": CodeInfo(
        I, "Positions were left out because a focus lies in them.", "Nothing."
    ),
    "SEGMENTS_USED": CodeInfo(
        I, "Couinaud segments, not the centroid, define the right lobe.", "Nothing."
    ),
}

MEASURES: dict[str, CodeInfo] = {
    "REFERENCE_ABSENT": CodeInfo(
        W,
        "The value is absent because its reference sphere is.",
        "See the sphere's flags.",
    ),
    "DENOMINATOR_ZERO": CodeInfo(
        W,
        "The reference value is zero, negative or not a number: the ratio is absent.",
        "Look at the sphere and at the unit of the series.",
    ),
    "VALUE_NEGATIVE": CodeInfo(
        W,
        "An uptake value or ratio is negative, which no activity is.",
        "Look at the reconstruction, at its rescaling and at the region.",
    ),
    "VALUES_NOT_FINITE": CodeInfo(
        E,
        "A volume to be measured holds voxels that are NaN or infinite.",
        "Look at the reconstruction and its rescaling; nothing is filled in.",
    ),
    "STATISTIC_UNDEFINED": CodeInfo(
        I,
        "A statistic divides by a spread, mean or quartile sum that is zero, so it is absent.",
        "Nothing.",
    ),
    "INTERVAL_ABSENT": CodeInfo(
        I,
        "There is no interval over reference positions.",
        "Supply the organ region beside the mark; one position, or too many of zero, give none.",
    ),
    "INTERVAL_CHOSEN_OUTSIDE": CodeInfo(
        I,
        "The value at the chosen position lies outside the interval over admissible positions.",
        "Nothing: the deepest position is not a typical one. Read value and interval together.",
    ),
    "POSITIONS_NOT_POSITIVE": CodeInfo(
        W,
        "At some admissible positions the reference is zero or less; there the ratio is taken as "
        "unbounded.",
        "Look at the reference organ: very few counts, or a wrong region.",
    ),
    "NOISE_UNKNOWN": CodeInfo(
        W,
        "Counting noise was asked for, but its level cannot be found.",
        "State intervals.noise_cov and intervals.noise_fwhm_mm, and see that the liver sphere is "
        "there.",
    ),
    "NOISE_UNRESOLVED": CodeInfo(
        W,
        "What was taken for noise is correlated over as much as the liver sphere's radius.",
        "Look at the liver: its uptake may be uneven. State intervals.noise_fwhm_mm.",
    ),
    "REGION_BELOW_HALF": CodeInfo(
        W,
        "No voxel lies at least half inside the region: maximum and shape are absent.",
        "The region is smaller than a voxel; read mean and volume only.",
    ),
    "ASP_WITHIN_SCATTER": CodeInfo(
        I,
        "The corrected asphericity is slightly below 0, within its stated scatter.",
        "Read it as 0.",
    ),
    "ASP_BELOW_SCATTER": CodeInfo(
        W,
        "The corrected asphericity came out below 0 by more than its stated scatter: absent.",
        "Voxels are too uneven or too few for it; read asphericity and its floor.",
    ),
    "INTERVAL_EMPTY": CodeInfo(
        W,
        "No voxel of the region has a value within the stated interval.",
        "Check the interval against the unit of the volume.",
    ),
    "ASPHERICITY_NEGATIVE": CodeInfo(
        E,
        "Asphericity of one closed mesh came out negative, which cannot be.",
        "Report this as a defect, with the region.",
    ),
    "ASP_MIXED_NEGATIVE": CodeInfo(
        I,
        "An estimator that pairs surface and volume of two bodies fell below 0: kept as it is.",
        "Read an estimator of one closed body, or the corrected asphericity.",
    ),
    "ASP_NO_FRACTIONS": CodeInfo(
        I,
        "The region has whole voxels only: the isosurface of its weights would be a staircase.",
        "Nothing; read asphericity_corrected.",
    ),
    "ASP_NO_LEVEL": CodeInfo(
        W,
        "No isosurface of the region's weights encloses its volume: that estimator has no value.",
        "The region is thinner than a voxel; read mean and volume only.",
    ),
    "ASP_NO_FLOOR": CodeInfo(
        I,
        "The estimator gives no value for a digital sphere of this volume.",
        "Nothing; the region is smaller than a few voxels.",
    ),
    "ASP_RESOLVED": CodeInfo(
        I, "The region is large enough for its voxels and its resolution.", "Nothing."
    ),
    "ASP_RESOLUTION_UNSTATED": CodeInfo(
        I,
        "No resolution is stated, so whether shape can be trusted is judged by voxels alone.",
        "State morphology.psf_fwhm_mm in the protocol.",
    ),
    "ASP_UNRELIABLE": CodeInfo(
        W,
        "The region is too small for its shape to mean much: fewer than 64 voxels, or less than "
        "two resolutions across.",
        "Do not rely on its asphericity; read volume and uptake.",
    ),
    "SWEEP_ABSENT": CodeInfo(
        I,
        "No threshold curve: the region has no finite maximum above 0.",
        "Look at the region and at the values of the volume.",
    ),
    "SEVERAL_COMPONENTS": CodeInfo(
        I,
        "The region has several parts: asphericity rises by that alone.",
        "Read components and euler_number beside the asphericity.",
    ),
}

RUN: dict[str, CodeInfo] = {
    "PROTOCOL_INVALID": CodeInfo(
        E, "The protocol does not validate.", "Correct the named setting."
    ),
    "USAGE": CodeInfo(E, "The call is wrong.", "See --help."),
    "OUT_IN_USE": CodeInfo(
        E, "The output folder is in use by another run.", "Wait, or choose another folder."
    ),
    "OUT_NO_SPACE": CodeInfo(
        E,
        "There is no room for the results: the disk is full or a quota is reached.",
        "Free some space and give the same command again; what is measured is kept.",
    ),
    "OUT_NOT_WRITABLE": CodeInfo(
        E,
        "The output folder cannot be written.",
        "Check its rights and the medium, or choose another folder.",
    ),
    "OUT_DAMAGED": CodeInfo(
        E,
        "A result was damaged since it was written.",
        "Give the same command again: what is damaged is measured anew; check the medium.",
    ),
    "OUT_LINK": CodeInfo(
        E,
        "A link in the output folder leads elsewhere; nothing is written through it.",
        "Remove the link, or choose another folder.",
    ),
    "NOTHING_MEASURED": CodeInfo(
        E,
        "No tumour, lesion or reference sphere could be measured in the study.",
        "Supply a tumour region, and regions or marks for liver and muscle.",
    ),
    "STUDY_FAILED": CodeInfo(
        E,
        "The study failed for an unforeseen reason.",
        "Report it as a defect with what quant run --debug prints.",
    ),
    "INPUT_CHANGED": CodeInfo(
        E,
        "A file of the study changed while it was measured.",
        "Run again when the transfer is finished.",
    ),
    "WORKER_DIED": CodeInfo(
        E,
        "The process that read or measured it died, twice: a file may be malicious or damaged.",
        "Find out where the file comes from; look at the memory of the machine; run again.",
    ),
    "TIME_LIMIT": CodeInfo(
        E,
        "Reading or measuring it took longer than allowed: a file may be malicious or damaged.",
        "If the study is large or the storage slow, run again with a higher --time-limit.",
    ),
    "MEMORY_LIMIT": CodeInfo(
        E,
        "Reading or measuring it needs more memory than allowed.",
        "If the study is that large, run again with a higher --memory-limit and fewer --jobs.",
    ),
    "ENGINE_UNAVAILABLE": CodeInfo(
        E,
        "The processes or the cluster that should measure cannot be started or reached.",
        "Do what the message says; quant run --jobs 1 needs no cluster.",
    ),
}
