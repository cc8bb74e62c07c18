"""The walk gives what pydicom gives, of every file that it takes, and leaves the others alone.

The truth is pydicom itself: each file is read by both ways and every fact compared, with its type.
"""

import contextlib
import struct
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from dataclasses import astuple, replace
from itertools import product
from pathlib import Path

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from quant.dicom.files import walker
from quant.dicom.files.facts import MAX_ITEMS
from quant.dicom.files.header import Header
from quant.dicom.files.headers import looks_like_dicom, read_by_pydicom, read_header
from quant.dicom.files.streams import MAGIC_AT, WatchedStream
from quant.dicom.files.walker_values import CHARSETS
from quant.dicom.files.wanted import MAX_TEXT, NODES, Node
from quant.dicom.index import index_tree
from tests.support.dicom_builder import CT, changed, item, nm, save, save_all, slices
from tests.support.reference import reference_dir

HERE = Path(__file__).resolve()
SETS = {
    "shipped": HERE.parents[2] / "data",
    "sample": HERE.parents[3] / "data-samples",
    "pydicom": Path(pydicom.__file__).parent / "data",
}


def typed(value: object) -> object:
    """Return a value with its type and its exact text, so that 1 is not 1.0 and NaN is NaN."""
    if isinstance(value, tuple):
        return tuple(typed(part) for part in value)
    return type(value), repr(value)


def seen(header: Header | None) -> object:
    if header is None:
        return None
    facts = {key: typed(value) for key, value in header.facts.items()}
    return astuple(replace(header, facts={})), facts


def is_walked(path: Path) -> bool:
    """Tell whether the walk has an answer for a file."""
    with path.open("rb", buffering=0) as handle:
        stream = WatchedStream(handle, path.stat().st_size)
        return walker.walk(stream, stream.read(min(walker.READ_BYTES, stream.size))) is not None


def require_same(path: Path) -> bool:
    """Read a file both ways and compare; return whether the walk took it."""
    with path.open("rb") as handle:
        head = handle.read(MAGIC_AT + 4)
    size = path.stat().st_size
    header = read_header(path)
    if not looks_like_dicom(head, size):
        assert header is None
        return False
    assert seen(header) == seen(read_by_pydicom(path)), path.name
    return is_walked(path)


def files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


# Real files


@pytest.mark.parametrize(
    ("name", "least_walked"), [("shipped", 30), ("sample", 5), ("pydicom", 70)]
)
def test_walk_and_pydicom_agree_on_every_file_at_hand(name: str, least_walked: int) -> None:
    walked = sum(require_same(path) for path in files(SETS[name]))
    assert walked >= least_walked


@pytest.mark.reference
@pytest.mark.parametrize(
    "name", ["dicom_seg", "ibsi_validation", "lu177_spect_pt", "nema_iec_pet", "nm_headers"]
)
def test_walk_and_pydicom_agree_on_the_reference_sets(name: str) -> None:
    for path in files(reference_dir(name)):
        require_same(path)


# What is taken, and what is left to pydicom


def marked(data: Dataset, *, undefined: bool = True) -> Dataset:
    """Let sequences and items end with a mark, or state their length."""
    for element in data:
        if element.VR == "SQ":
            element.is_undefined_length = undefined
            for one in element.value:
                one.is_undefined_length_sequence_item = undefined
                marked(one, undefined=undefined)
    return data


def deep(levels: int) -> Dataset:
    inner = item(CodeValue="1")
    for _ in range(levels):
        inner = item(ContentSequence=[inner])
    return inner


def with_private(data: Dataset, group: int, creator: str, element: int, value: str) -> Dataset:
    data.private_block(group, creator, create=True).add_new(element, "DS", value)
    return data


def mapping(**changes: object) -> Dataset:
    code = item(CodeValue="Bq/ml", CodingSchemeDesignator="UCUM", CodeMeaning="becquerel")
    base = item(
        RealWorldValueSlope=2.5, RealWorldValueIntercept=0.0, MeasurementUnitsCodeSequence=[code]
    )
    base.add_new(0x00409216, "US", 0)
    base.add_new(0x00409211, "US", 65535)
    return changed(base, **changes)


WALKED: dict[str, Callable[[], Dataset]] = {
    "nm": nm,
    "blank numbers": lambda: nm(SliceThickness="", PixelSpacing=["", "2.0"]),
    "spaces": lambda: nm(SeriesDescription="  two  words ", SliceThickness=" 4.0"),
    "many values": lambda: nm(ImageType=["A", "", "B "], SoftwareVersions=["1", "2"]),
    "long text": lambda: nm(ImageID="x" * 16, SeriesDescription="y" * (MAX_TEXT + 40)),
    "control characters": lambda: nm(SeriesDescription="a\tb\x01c"),
    "real world values": lambda: nm(RealWorldValueMappingSequence=[mapping(), mapping()]),
    "empty sequence": lambda: nm(DetectorInformationSequence=[]),
    "empty item": lambda: nm(DetectorInformationSequence=[Dataset()]),
    "many items": lambda: nm(
        RotationInformationSequence=[item(ScanArc=str(n)) for n in range(MAX_ITEMS + 7)]
    ),
    "tags": lambda: nm(FrameIncrementPointer=[0x00540010, 0x00540020]),
    "nested and not wanted": lambda: nm(ContentSequence=[deep(9)]),
    "deep": lambda: marked(nm(ContentSequence=[deep(40)])),
    "without pixels": lambda: nm(PixelData=None),
    "without UIDs": lambda: nm(StudyInstanceUID=None, SeriesInstanceUID=None),
    "bad UID": lambda: nm(StudyInstanceUID="../../1"),
    "Latin 1": lambda: nm(SpecificCharacterSet="ISO_IR 100", PatientComments="\xe9"),
    "Japanese": lambda: nm(SpecificCharacterSet=["", "ISO 2022 IR 87"]),
    "large value": lambda: changed(nm(), ICCProfile=bytes(300_000)),
    "GE date and time": lambda: with_private(nm(), 0x0009, "GEMS_PETD_01", 0x0D, "20200101"),
    "CT": lambda: slices(CT)[0],
}

Edit = tuple[bytes, bytes]

LEFT: dict[str, tuple[Dataset, Edit, str]] = {
    "decimal comma": (nm(SliceThickness="1.5"), (b"DS\4\x001.5 ", b"DS\4\x001,5 "), ""),
    "fraction in an integer": (nm(), (b"IS\2\x005 ", b"IS\2\x005."), ""),
    "huge integer": (nm(SeriesNumber="1" + "0" * 11), (b"10" + b"0" * 10, b"1e" + b"9" * 10), ""),
    "text in a number": (nm(SliceThickness="4.0"), (b"DS\4\x004.0 ", b"DS\4\x00four"), ""),
    "NUL in a list": (nm(PixelSpacing=["3.0", "2.0"]), (b"3.0\\2.0", b"3.\0\\2.0"), ""),
    "umlaut": (
        nm(SpecificCharacterSet="ISO_IR 100", SeriesDescription="\xfcber"), (b"", b""), "",
    ),
    "escape": (nm(SeriesDescription="a\x1b(Bb"), (b"", b""), ""),
    "two patients": (nm(PatientID=["one", "two"]), (b"", b""), ""),
    "unknown character set": (nm(SpecificCharacterSet="utf_16"), (b"", b""), ""),
    "VR lost": (nm(SeriesDescription="text"), (b"LO\4\0text", b"ZZ\4\0text"), ""),
    "VR unknown": (nm(ImageID="text"), (b"SH\4\0text", b"UN\0\0text"), ""),
    "wrong length": (nm(), (b"(\0\x10\0US\2\0", b"(\0\x10\0US\4\0"), ""),
    "odd length": (nm(ImageID="text"), (b"SH\4\0text", b"SH\3\0tex"), ""),
    "order": (nm(ImageID="text"), (b"\x54\0\0\4", b"\x08\0\x3e\x10"), ""),
    "big-endian": (nm(), (b"", b""), ExplicitVRBigEndian),
    "deflated": (nm(), (b"", b""), DeflatedExplicitVRLittleEndian),
    "US or SS": (
        nm(RealWorldValueMappingSequence=[mapping()]), (b"", b""), ImplicitVRLittleEndian,
    ),
    "no magic word": (nm(), (b"DICM", b"DISM"), ""),
}  # fmt: skip
"""What is left to pydicom: an object, bytes to be exchanged for others, and a transfer syntax."""


PLAIN_CASES = [
    (name, syntax)
    for name, syntax in product(WALKED, (ExplicitVRLittleEndian, ImplicitVRLittleEndian))
    if (name, syntax) != ("real world values", ImplicitVRLittleEndian)  # US or SS: see LEFT
]


@pytest.mark.parametrize("undefined", [False, True], ids=["lengths", "marks"])
@pytest.mark.parametrize(("name", "syntax"), PLAIN_CASES)
def test_plain_headers_are_walked(
    tmp_path: Path, name: str, syntax: pydicom.uid.UID, *, undefined: bool
) -> None:
    data = marked(WALKED[name](), undefined=undefined)
    path = save(data, tmp_path / "a.dcm", syntax)
    assert require_same(path)


@pytest.mark.parametrize("name", LEFT)
def test_what_is_not_plain_is_left_to_pydicom(tmp_path: Path, name: str) -> None:
    data, (old, new), syntax = LEFT[name]
    path = save(data, tmp_path / "a.dcm", syntax or ExplicitVRLittleEndian)
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    assert not require_same(path)


def test_what_was_left_out_is_read_all_the_same(tmp_path: Path) -> None:
    """The comparison above would pass if both ways read nothing."""
    path = save(nm(SpecificCharacterSet="ISO_IR 100", SeriesDescription="\xfcber"), tmp_path / "a")
    header = read_header(path)
    assert header is not None
    assert header.facts["SeriesDescription"] == "\xfcber"
    path = save(WALKED["many values"](), tmp_path / "b")
    header = read_header(path)
    assert header is not None
    assert header.facts["ImageType"] == ("A", "", "B")
    assert header.facts["DetectorInformationSequence.0.ImagePositionPatient"] == (-10, -20, 30)
    assert header.facts["PixelLength"] == 2 * 5 * 7 * 6


def test_header_of_several_windows_is_walked(tmp_path: Path) -> None:
    """Long sequences without a stated length before the wanted attributes, and a long value."""
    many = [deep(2) for _ in range(1500)]
    data = nm(ContentSequence=many, RealWorldValueMappingSequence=[mapping()])
    data.RealWorldValueMappingSequence[0].RealWorldValueLUTData = [0.5] * 8000
    data.ReferencedImageSequence = [deep(1) for _ in range(1500)]
    path = save(marked(data), tmp_path / "a.dcm")
    assert path.stat().st_size > 2 * walker.READ_BYTES
    assert require_same(path)
    header = read_header(path)
    assert header is not None
    assert len(header.facts["RealWorldValueMappingSequence.0.RealWorldValueLUTData"]) == 8000  # type: ignore[arg-type]


def test_every_vr_of_a_wanted_attribute_is_decoded_as_pydicom_does(tmp_path: Path) -> None:
    """Each wanted attribute of the top level in turn, with values of its type."""
    values: dict[str, object] = {
        "US": [1, 65535], "SS": [-1, 7], "UL": [1, 2**32 - 1], "SL": -5, "FL": [0.1, -2.0],
        "FD": [0.1, float("inf")], "DS": ["1e3", "-0.5"], "IS": ["-7", "12"], "AT": 0x00540010,
        "UI": ["1.2", "3.4"], "DA": "20200131", "TM": "103015.5", "DT": "20200131103015",
        "AS": "042Y", "UT": "a\\b", "LT": "a b", "ST": "x",
    }  # fmt: skip
    data, covered = nm(), set()
    for node in NODES:
        vr = pydicom.datadict.dictionary_VR(node.tag)
        if node.inner is None and node.tag not in data and vr in values:
            data.add_new(node.tag, vr, values[vr])
            covered.add(vr)
    assert covered >= {"US", "DS", "IS", "DA", "TM", "DT"}
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        require_same(save(data, tmp_path / "a.dcm", syntax))


@pytest.mark.parametrize("empty", [b"", b"\0\0", b"  ", b" \0"])
def test_empty_and_blank_values_of_every_wanted_attribute_agree(
    tmp_path: Path, empty: bytes
) -> None:
    data = nm()
    for node in every_node(NODES):
        if node.inner is None and node.tag not in data:
            data.add_new(node.tag, pydicom.datadict.dictionary_VR(node.tag)[:2], None)
    path = save(data, tmp_path / "a.dcm")
    content = path.read_bytes()
    for vr in (b"LO", b"SH", b"CS", b"DS", b"IS", b"DA", b"TM", b"DT", b"UI", b"US", b"FD"):
        blank = vr + len(empty).to_bytes(2, "little") + empty
        path.write_bytes(content.replace(vr + b"\0\0", blank))
        require_same(path)


def every_node(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from every_node(node.inner or [])


@pytest.mark.parametrize(
    "pair", list(product(sorted(CHARSETS), ["", "ISO 2022 IR 87", "ISO 2022 IR 6"]))
)
def test_ascii_means_ascii_in_every_character_set_that_is_walked(pair: tuple[str, str]) -> None:
    ascii_text = "".join(map(chr, range(32, 127)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for names in (pair[0], list(pair), list(reversed(pair))):
            encodings = convert_encodings(names)
            assert decode_bytes(ascii_text.encode(), encodings, set()) == ascii_text


# Damage


def test_a_file_cut_anywhere_in_its_header_says_the_same_both_ways(tmp_path: Path) -> None:
    path = save(nm(RealWorldValueMappingSequence=[mapping()]), tmp_path / "a.dcm")
    whole = path.read_bytes()
    for length in range(len(whole) - 1, 100, -3):
        path.write_bytes(whole[:length])
        require_same(path)


@pytest.fixture(scope="module")
def whole_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """Return a place to write to, and files to be damaged."""
    folder = tmp_path_factory.mktemp("damage")
    ge = marked(with_private(nm(), 0x0009, "GEMS_PETD_01", 0x0D, "2020"))
    japanese = marked(nm(SpecificCharacterSet=["", "ISO 2022 IR 87"], ContentSequence=[deep(3)]))
    made = [
        save(nm(RealWorldValueMappingSequence=[mapping()]), folder / "explicit"),
        save(slices(CT)[0], folder / "implicit", ImplicitVRLittleEndian),
        save(ge, folder / "ge"),
        save(japanese, folder / "marks", ImplicitVRLittleEndian),
    ]
    return folder / "damaged", [path.read_bytes() for path in made]


EDITS = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 255), st.sampled_from("=^+-")),
    min_size=1,
    max_size=4,
)


@given(number=st.integers(0, 3), edits=EDITS, kept=st.one_of(st.none(), st.integers(132, 5000)))
@settings(max_examples=500, deadline=None, derandomize=True)
def test_damage_never_makes_the_two_ways_differ(
    whole_files: tuple[Path, list[bytes]],
    number: int,
    edits: list[tuple[int, int, str]],
    kept: int | None,
) -> None:
    """Bytes set, flipped, put in and taken out, and files cut short."""
    path, contents = whole_files
    content = bytearray(contents[number])
    for where, byte, how in edits:
        at = 132 + where % (len(content) - 132)
        if how == "=":
            content[at] = byte
        elif how == "^":
            content[at] ^= 1 << byte % 8
        else:
            content[at : at + (how == "-") * (1 + byte % 9)] = bytes([byte]) * (how == "+")
    path.write_bytes(content[:kept])
    require_same(path)


# Hostile bytes


def part10(body: bytes) -> bytes:
    """Return a file of explicit little-endian elements."""
    meta = b"\2\0\x10\0UI\x14\0" + b"1.2.840.10008.1.2.1\0"
    return bytes(128) + b"DICM\2\0\0\0UL\4\0" + struct.pack("<I", len(meta)) + meta + body


ITEM, ENDLESS = b"\xfe\xff\x00\xe0", b"\xff\xff\xff\xff"
SEQUENCE = b"\x40\0\x30\xa7SQ\0\0"

HOSTILE = {
    "sequences in sequences": (SEQUENCE + ENDLESS + ITEM + ENDLESS) * 20_000,
    "a value of four gigabytes": b"\x08\0\x08\0UT\0\0\xfe\xff\xff\xff" + bytes(64),
    "an item of four gigabytes": SEQUENCE + ENDLESS + ITEM + b"\xfe\xff\xff\xff" + bytes(64),
    "items without end": SEQUENCE + ENDLESS + (ITEM + bytes(4)) * 40_000,
    "elements without end": b"\x09\0\1\0LO\0\0" * 40_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_neither_loop_nor_take_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(part10(HOSTILE[name]))
    start = time.process_time()
    tracemalloc.start()
    with contextlib.suppress(walker.TooDeepError):
        is_walked(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.process_time() - start < 5.0
    assert peak < 8 * path.stat().st_size + 2**21


def test_nested_marks_are_refused_without_a_look_by_pydicom(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(part10(HOSTILE["sequences in sequences"]))
    with pytest.raises(walker.TooDeepError):
        is_walked(path)
    header = read_header(path)
    assert header is not None
    assert header.code == "DICOM_UNREADABLE"


# Speed


def test_a_thousand_files_are_indexed_in_little_time(tmp_path: Path) -> None:
    """A budget of 3 ms of CPU per file, tenfold what it takes, and less than half of pydicom's."""
    (one,) = save_all(slices(CT)[:1], tmp_path / "one")
    content = one.read_bytes()
    folder = tmp_path / "many"
    folder.mkdir()
    uid = b"1.2.826.0.1.2.0.1"
    assert content.count(uid) == 2
    for number in range(1000):
        other = b"1.2.826.0.1.%05d" % number
        (folder / f"{number}.dcm").write_bytes(content.replace(uid, other))
    start = time.process_time()
    index = index_tree(folder)
    ours = time.process_time() - start
    assert len(index.studies[0].series[0].files) + index.files_quarantined == 1000
    start = time.process_time()
    for path in sorted(folder.iterdir())[:300]:
        read_by_pydicom(path)
    theirs = (time.process_time() - start) / 0.3
    assert ours < min(3.0, theirs)
