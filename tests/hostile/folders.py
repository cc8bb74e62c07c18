"""Goal 3: folders made by hand to break the reader, each with the code and status it must give.

A case writes the mini study, or parts of it, with one thing wrong. Nothing is stored: everything is
made from numbers and words here.
"""

import struct
import unicodedata
from dataclasses import dataclass

import numpy as np

from tests.hostile.folder_tools import (
    ARABIC,
    CHINESE,
    ENDLESS,
    ENDLESS_TAIL,
    KANJI,
    LATIN,
    Make,
    before_pixels,
    beside,
    bomb,
    bytes_of,
    capture,
    changed_data,
    data_of,
    dicomdir,
    empty_folder,
    fifo_at,
    file_named,
    file_of,
    frames_of,
    full_width,
    labelled,
    loop_at,
    nested,
    of_another_patient,
    of_two_sizes,
    person_named,
    pet_series,
    preamble_of,
    private,
    raw_element,
    raw_value,
    region_named,
    region_of,
    rings,
    socket_at,
    spoiled_voxel,
    square,
    stripped,
    tilted,
    twins,
    unended,
    uneven,
    vanishing,
    volume_of,
    with_copy,
    without_slices,
    zip_of,
    zipped,
)
from tests.support.dicom_builder import changed
from tests.support.seeds import (
    BIG_ENDIAN,
    DEFLATED,
    JPEG_2000,
    RLE,
    SHAPE,
    emission,
    file_bytes,
    study_files,
    uptake,
)


@dataclass(frozen=True)
class Folder:
    """One case.

    Parameters
    ----------
    group, name : str
        The group is a row of the table of what a file can do to a reader.
    make : callable
        Writes the folder.
    codes : tuple of str
        All of these must be reported, in the quarantine, or as a flag of the study.
    status : int
        Exit status of the run.
    """

    group: str
    name: str
    make: Make
    codes: tuple[str, ...] = ()
    status: int = 1


UNREADABLE, CUT, UNDECODED = ("DICOM_UNREADABLE",), ("TRUNCATED",), ("DECODE",)

PARSER = (
    ("bad magic word", bytes_of("nm", lambda c: c[:128] + b"DIXM" + c[132:]), (), 3),
    ("cut inside its header", bytes_of("nm", lambda c: c[:700]), CUT, 1),
    ("cut inside its pixels", bytes_of("nm", lambda c: c[:-500]), CUT, 1),
    ("an odd length", raw_element("nm", 0x00080060, b"CS", b"NMX"), (), 0),
    ("a wrong kind for a position", raw_element("nm", 0x00280030, b"OB", b"\0" * 8), CUT, 1),
    ("sequences 70 deep", before_pixels(nested(70)), UNREADABLE, 1),
    ("sequences 250 deep", before_pixels(nested(250)), UNREADABLE, 1),
    ("sequences 10,350 deep", before_pixels(nested(10_350)), UNREADABLE, 1),
    (
        "sequences 10,350 deep in a segmentation",
        before_pixels(nested(10_350), "seg"),
        UNREADABLE,
        1,
    ),
    ("a sequence that does not end", before_pixels(nested(1, closed=False)), CUT, 1),
    (
        "a length of 4 GB",
        before_pixels(struct.pack("<HH2sHI", 0x7001, 0x1000, b"OB", 0, 2**32 - 16)),
        CUT,
        1,
    ),
    ("a private sequence", before_pixels(nested(3)), (), 0),
    ("big-endian", file_of("nm", lambda: file_bytes(emission(), BIG_ENDIAN)), (), 0),
    ("deflated", file_of("nm", lambda: file_bytes(emission(), DEFLATED)), (), 0),
    ("a deflated bomb of 100 MB", file_of("nm", bomb), UNREADABLE, 1),
    ("120,000 elements", before_pixels(private(120_000)), (), 0),
    (
        "no file header",
        bytes_of("nm", lambda c: c[144 + int.from_bytes(c[140:144], "little") :]),
        ("NO_PREAMBLE",),
        0,
    ),
    ("only the magic word", bytes_of("nm", lambda c: c[:132]), CUT, 1),
)

PIXEL = (
    ("fewer pixels than stated", data_of("nm", Rows=17), CUT, 1),
    ("more pixels than stated", data_of("nm", Rows=15), UNDECODED, 1),
    ("65,535 x 65,535 pixels", data_of("nm", Rows=65535, Columns=65535), UNDECODED, 1),
    (
        "a codestream of another size",
        file_of(
            "nm",
            lambda: file_bytes(emission(), JPEG_2000).replace(
                b"\x28\0\x10\0US\x02\0\x10\0", b"\x28\0\x10\0US\x02\0\x20\0"
            ),
        ),
        UNDECODED,
        1,
    ),
    ("more bits stored than allocated", data_of("nm", BitsStored=17), ("BITS_INVALID",), 1),
    ("rows as a long number", raw_element("nm", 0x00280010, b"UL", struct.pack("<I", 16)), (), 0),
    (
        "rows as a number of four billion",
        raw_element("nm", 0x00280010, b"UL", b"\xff" * 4),
        UNDECODED,
        1,
    ),
    ("minus five frames", raw_element("nm", 0x00280008, b"IS", b"-5"), UNDECODED, 1),
    ("no frames", raw_element("nm", 0x00280008, b"IS", b"0 "), UNDECODED, 1),
    ("two and a half frames", raw_element("nm", 0x00280008, b"IS", b"2.5 "), UNDECODED, 1),
    (
        "fragments without an end",
        file_of("nm", lambda: unended(file_bytes(emission(), RLE))),
        CUT,
        1,
    ),
    ("a slope of 0", data_of("nm", RescaleSlope="0", RescaleIntercept="0"), ("VALUES_INVALID",), 1),
    (
        "a slope that is no number",
        data_of("nm", RescaleSlope="NaN", RescaleIntercept="0"),
        ("VALUES_INVALID",),
        1,
    ),
    (
        "an infinite slope",
        data_of("nm", RescaleSlope="inf", RescaleIntercept="0"),
        ("VALUES_INVALID",),
        1,
    ),
    ("a palette", data_of("nm", PhotometricInterpretation="PALETTE COLOR"), UNDECODED, 1),
    ("three samples", data_of("nm", SamplesPerPixel=3), UNDECODED, 1),
    ("an endless JP2 box", frames_of("nm", ENDLESS), UNDECODED, 1),
    ("an endless JP2 box at the end", frames_of("nm", ENDLESS_TAIL), UNDECODED, 1),
    (
        "an endless JP2 box in HTJ2K",
        frames_of("nm", ENDLESS, "1.2.840.10008.1.2.4.201"),
        UNDECODED,
        1,
    ),
    ("an endless JP2 box in a segmentation", frames_of("seg", ENDLESS), UNDECODED, 1),
    ("words for a picture", frames_of("seg", b"no picture at all"), UNDECODED, 1),
)

POLYGLOT = tuple(
    (f"{name} in the preamble", preamble_of(word), ("PREAMBLE_FOREIGN",), 0)
    for name, word in (
        ("a Windows program", b"MZ\x90\0"),
        ("a Unix program", b"\x7fELF"),
        ("a script", b"#!/bin/sh\n"),
    )
)

PATHS = (
    ("a UID that climbs", data_of("nm", StudyInstanceUID="../../../../x"), UNREADABLE, 1),
    ("an absolute UID", data_of("nm", StudyInstanceUID="/etc/passwd"), UNREADABLE, 1),
    ("a UID with a backslash", raw_value("nm", 0x0020000D, b"..\\..\\x"), UNREADABLE, 1),
    ("a UID with NUL", raw_value("nm", 0x0020000D, b"1.2\0.3/4"), UNREADABLE, 1),
    ("a reserved name", file_named("CON.dcm"), (), 0),
    ("a name of 255 bytes", file_named("x" * 251 + ".dcm"), (), 0),
    ("a trailing dot", file_named("nm."), (), 0),
    (
        "composed and decomposed twins",
        twins(*(unicodedata.normalize(form, "\xe9.dcm") for form in ("NFC", "NFD"))),
        ("DUPLICATE",),
        0,
    ),
    ("case twins", twins("a.dcm", "A.dcm"), ("DUPLICATE",), 0),
    ("a DICOMDIR that leads out", dicomdir, (), 0),
    ("a loop of links", beside("loop", loop_at), (), 0),
    ("a pipe", beside("pipe.dcm", fifo_at), (), 0),
    ("a socket", beside("socket.dcm", socket_at), (), 0),
    ("a link to a device", beside("zero.dcm", lambda p: p.symlink_to("/dev/zero")), (), 0),
    (
        "an archive that climbs",
        zip_of(lambda: {"../../nm.dcm": study_files()["nm"]}),
        ("ZIP_LIMIT",),
        1,
    ),
    (
        "an archive in an archive",
        zip_of(lambda: {"a/nm.dcm": study_files()["nm"], "a/b.zip": b"PK\x05\x06" + bytes(18)}),
        ("ZIP_LIMIT",),
        1,
    ),
)

INJECTION = (
    ("a formula as a region's name", region_named("=1+1 tumour"), (), 0),
    ("a script as a region's name", region_named("<script>alert(1)</script> tumour"), (), 0),
    ("an escape as a segment's label", labelled("\x1b[31mliver"), ("LIVER_MISSING",), 0),
    ("format directives", region_named("%s%n{0.__class__} tumour"), (), 0),
    ("direction marks", region_named("tumour \u202egnp.exe"), (), 0),
)

PERSONS = (
    ("letters burned into the picture", data_of("nm", BurnedInAnnotation="YES"), ("BURNED_IN",), 0),
    ("a screen capture", capture, ("NON_VOLUME",), 0),
    ("a name as file name", file_named("MEIER^ANNA 1970.dcm"), (), 0),
)

IDENTITY = (
    ("two patients", of_another_patient, ("PATIENT_MIXED",), 1),
    (
        "a region of another frame",
        region_of(
            lambda d: (
                changed(d.ReferencedFrameOfReferenceSequence[0], FrameOfReferenceUID="1.9")
                and changed(d.StructureSetROISequence[0], ReferencedFrameOfReferenceUID="1.9")
            )
        ),
        ("ROI_FOR_MISMATCH",),
        1,
    ),
    ("the same object twice", with_copy(lambda d: d), ("DUPLICATE",), 0),
    (
        "two objects under one UID",
        with_copy(lambda d: changed(d, PixelData=bytes(len(d.PixelData)))),
        ("DUP_CONFLICT",),
        1,
    ),
    (
        "two emission volumes alike",
        with_copy(lambda d: changed(d, SOPInstanceUID="1.2.5.5", SeriesInstanceUID="1.2.5")),
        ("PAIR_AMBIGUOUS",),
        0,
    ),
    ("a PET of one slice", pet_series(without_slices), ("SERIES_MIXED",), 1),
    ("uneven slices", pet_series(uneven), ("CT_NONUNIFORM",), 1),
    ("slices that lean", pet_series(tilted), ("CT_TILT",), 1),
    ("slices of two pixel sizes", pet_series(of_two_sizes), ("SERIES_MIXED",), 1),
    (
        "two equal axes",
        changed_data(
            "nm",
            lambda d: changed(
                d.DetectorInformationSequence[0], ImageOrientationPatient=[1, 0, 0, 1, 0, 0]
            ),
        ),
        ("BAD_IOP",),
        1,
    ),
)

NUMBERS = (
    ("a voxel that is no number", volume_of(spoiled_voxel(float("nan"))), ("VALUES_INVALID",), 1),
    ("an infinite voxel", volume_of(spoiled_voxel(float("inf"))), ("VALUES_INVALID",), 1),
    ("a voxel of 1e38", volume_of(spoiled_voxel(1e38)), ("VALUES_INVALID",), 1),
    ("negative voxels", volume_of(-uptake().astype(np.int16)), ("DENOMINATOR_ZERO",), 0),
    ("nothing but zero", volume_of(np.zeros(SHAPE, np.uint16)), ("DENOMINATOR_ZERO",), 0),
    (
        "saturated voxels",
        volume_of(np.where(uptake() > 5000, 65535, uptake()).astype(np.uint16)),
        ("VALUES_SATURATED",),
        0,
    ),
    ("an empty region", rings([]), ("ROI_EMPTY",), 0),
    ("a region of one voxel", rings([square((36, -36, -20), 4.0)]), ("ASP_UNRELIABLE",), 0),
    ("a region below a voxel", rings([square((36, -36, -20), 0.5)]), ("REGION_BELOW_HALF",), 0),
    (
        "a region of the whole volume",
        rings([square((0, 0, -44 + 8 * k), 64.0) for k in range(12)]),
        (),
        0,
    ),
    ("a region outside", rings([square((900, 900, -20), 20.0)]), ("ROI_OUTSIDE",), 1),
    ("a region partly outside", rings([square((64, -36, -20), 20.0)]), ("ROI_CLIPPED",), 0),
    ("a region at infinity", rings([square((float("inf"), 0, 0), 9.0)]), ("ROI_EMPTY",), 0),
    ("an organ too small for its sphere", labelled("exclude"), ("LIVER_MISSING",), 0),
)

TEXT = (
    ("Latin letters without a character set", person_named(LATIN), (), 0),
    ("GB 18030", person_named(CHINESE, "GB18030"), (), 0),
    ("ISO 2022 escapes", person_named(KANJI, "\\ISO 2022 IR 87"), (), 0),
    ("Arabic", person_named(ARABIC, "ISO_IR 127"), (), 0),
    ("a character set that nobody knows", person_named(LATIN, "ISO_IR 999"), (), 0),
    (
        "full-width digits",
        raw_element("nm", 0x00180088, b"DS", full_width("8.0") + b" "),
        ("NM_SPACING_GUESSED",),
        0,
    ),
)

HOST = (
    ("nothing at all", empty_folder, (), 3),
    ("an empty file", stripped, CUT, 1),
    ("a name that is no UTF-8", file_named(b"\xff\xfe.dcm"), (), 0),
    ("a link to what is gone", vanishing, (), 3),
)

GROUPS = {
    "parser": PARSER,
    "pixel": PIXEL,
    "polyglot": POLYGLOT,
    "paths": PATHS,
    "injection": INJECTION,
    "persons": PERSONS,
    "identity": IDENTITY,
    "numbers": NUMBERS,
    "text": TEXT,
    "host": HOST,
}

FOLDERS = tuple(
    Folder(group, name, make, codes, status)
    for group, rows in GROUPS.items()
    for name, make, codes, status in rows
)

PACKED = tuple(
    Folder(group, f"{name}, in an archive", zipped(make), codes, status)
    for group in ("parser", "pixel", "numbers")
    for name, make, codes, status in GROUPS[group]
    if name not in ("a deflated bomb of 100 MB",)
)
"""The same in ZIP archives: more of them, tried before a release."""
