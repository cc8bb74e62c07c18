"""Stored values of every encoding: uncompressed, big-endian, deflated, compressed, bare.

The truth are the same values written uncompressed, pydicom's bundled files (one picture in many
encodings), and what other libraries decode.
"""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from quant.dicom.files.duplicates import entry_of
from quant.dicom.files.headers import read_header
from quant.dicom.index import index_tree
from quant.dicom.pixels.decoding import DECODERS
from quant.dicom.pixels.stored import read_stored
from quant.domain.study import FileEntry
from quant.domain.units import Unit
from quant.errors import StudyError
from tests.support.dicom_builder import (
    CT,
    PT,
    letter_f,
    save,
    save_all,
    save_big_endian,
    slices,
    without_preamble,
)
from tests.support.reading import read

JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
MR_CLASS, CT_CLASS = b"1.2.840.10008.5.1.4.1.1.4\0", b"1.2.840.10008.5.1.4.1.1.2\0"


def entry(path: Path) -> FileEntry:
    header = read_header(path)
    assert header is not None
    assert not header.code, header.message
    return entry_of(path, header)


def refusal(folder: Path, modality: str = "CT") -> StudyError:
    with pytest.raises(StudyError) as error:
        read(folder, modality)
    return error.value


def signed() -> NDArray[np.int16]:
    """Return 12-bit Hounsfield units, negative ones among them."""
    rng = np.random.default_rng(3)
    return rng.integers(-1024, 2047, (5, 64, 48), dtype=np.int16)


def compressed(series: list[Dataset], folder: Path, syntax: str) -> None:
    """Write a series with pydicom's encoders."""
    for number, data in enumerate(series):
        path = save(data, folder / f"{number}.dcm")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data.compress(syntax, generate_instance_uid=False)
        data.save_as(path)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, RLELossless])
@pytest.mark.parametrize("kind", ["signed", "unsigned", "8 bits"])
def test_lossless_syntaxes_give_the_stored_values(tmp_path: Path, syntax: str, kind: str) -> None:
    kinds: dict[str, NDArray[Any]] = {
        "signed": signed(),
        "unsigned": (signed().astype(np.int32) + 40000).astype(np.uint16),
        "8 bits": (signed() & 255).astype(np.uint8),
    }
    stored = kinds[kind]
    compressed(slices(CT, stored, RescaleIntercept="-24"), tmp_path, syntax)
    np.testing.assert_array_equal(read(tmp_path, "CT").values, stored.astype(np.float32) - 24)


def test_jpeg_lossless_that_another_library_encoded_is_decoded(tmp_path: Path) -> None:
    """SimpleITK makes the stream; it never parses a file for us."""
    import SimpleITK

    pytest.importorskip("gdcm")
    import pydicom

    stored = signed()
    for number, data in enumerate(slices(CT, stored)):
        writer: Any = SimpleITK.ImageFileWriter()  # type: ignore[no-untyped-call]
        writer.SetFileName(str(tmp_path / "theirs.dcm"))
        writer.UseCompressionOn()
        writer.SetCompressor("JPEG")
        writer.Execute(SimpleITK.GetImageFromArray(stored[number : number + 1]))
        theirs = pydicom.dcmread(tmp_path / "theirs.dcm")
        assert theirs.file_meta.TransferSyntaxUID == JPEG_LOSSLESS
        frames = list(generate_frames(theirs.PixelData, number_of_frames=1))
        data.PixelData = encapsulate(frames)
        data["PixelData"].is_undefined_length = True
        save(data, tmp_path / "series" / f"{number}.dcm", JPEG_LOSSLESS)
    np.testing.assert_array_equal(read(tmp_path / "series", "CT").values, stored)


@pytest.mark.parametrize("encoding", ["implicit", "big-endian", "deflated", "no preamble"])
@pytest.mark.parametrize("sop_class", [CT, PT], ids=["CT", "PT"])
def test_uncompressed_encodings_give_the_stored_values(
    tmp_path: Path, encoding: str, sop_class: str
) -> None:
    for number, data in enumerate(slices(sop_class, RescaleSlope="0.37")):
        path = tmp_path / f"{9 - number}.dcm"
        if encoding == "big-endian":
            save_big_endian(data, path)
        elif encoding == "no preamble":
            without_preamble(save(data, path))
        else:
            deflated = encoding == "deflated"
            save(data, path, DeflatedExplicitVRLittleEndian if deflated else ImplicitVRLittleEndian)
    volume = read(tmp_path, {CT: "CT", PT: "PT"}[sop_class])
    expected = letter_f().astype(np.float64) * 0.37
    np.testing.assert_array_equal(volume.values, expected.astype(np.float32))
    assert volume.values.dtype.isnative


def test_a_ct_without_rescale_has_stored_values_of_no_unit(tmp_path: Path) -> None:
    save_all(slices(CT, RescaleSlope=None, RescaleIntercept=None), tmp_path)
    volume = read(tmp_path, "CT")
    assert volume.unit is Unit.RELATIVE
    np.testing.assert_array_equal(volume.values, letter_f())


# What cannot be decoded


def spoiled(folder: Path, syntax: str, stream: bytes) -> None:
    for number, data in enumerate(slices(CT)):
        data.PixelData = encapsulate([stream])
        data["PixelData"].is_undefined_length = True
        save(data, folder / f"{number}.dcm", syntax)


@pytest.mark.parametrize("syntax", [one for one in DECODERS if not one.endswith(".1.2.5")])
@pytest.mark.parametrize("there", [True, False])
def test_what_cannot_be_decoded_names_syntax_and_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, syntax: str, *, there: bool
) -> None:
    spoiled(tmp_path, syntax, b"\xff\xd8\xff\xd9 no picture")
    name, package, _, _ = DECODERS[syntax]
    monkeypatch.setattr("quant.dicom.pixels.decoding.find_spec", lambda _: there or None)
    error = refusal(tmp_path)
    assert error.code == "DECODE"
    assert f"{syntax} ({name})" in error.found
    if there:
        assert f"{package} is there" in error.found
    else:
        assert error.needed == f"the package {package}"
        assert f"pip install {package}" in error.next_step


def test_a_syntax_that_nobody_knows_is_refused_by_its_number(tmp_path: Path) -> None:
    spoiled(tmp_path, "1.2.840.10008.1.2.4.100", b"\0\0\1\xb3 a film")
    error = refusal(tmp_path)
    assert error.code == "DECODE"
    assert "1.2.840.10008.1.2.4.100" in error.found


def test_decoders_are_known_to_pydicom() -> None:
    """A decoder has one name there, so that the same file gives the same values everywhere."""
    from importlib.util import find_spec

    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import UID

    for syntax, (_, _, module, plugin) in DECODERS.items():
        if find_spec(module) is not None:
            assert plugin in get_decoder(UID(syntax)).available_plugins


def test_an_endless_jp2_box_is_refused_before_it_hangs(tmp_path: Path) -> None:
    signature = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
    spoiled(tmp_path, JPEG2000Lossless, signature + b"\x00\x00\x00\x00ftyp" + b"\x00" * 12)
    assert refusal(tmp_path).code == "DECODE"


# Files that come with pydicom


def bundled(name: str) -> Path:
    from pydicom.data import get_testdata_file

    path = get_testdata_file(name, download=False)
    if path is None:
        pytest.fail(f"{name} is not among pydicom's files")
    return Path(str(path))


def uncompressed(name: str, dtype: str) -> NDArray[Any]:
    """Return the pixels of a bundled file that holds them as they are."""
    import pydicom

    return np.frombuffer(pydicom.dcmread(bundled(name)).PixelData, dtype=dtype)


@pytest.mark.parametrize("name", ["RLE", "bigendian", "expb", "jp2klossless", "jpeg_ls_lossless"])
def test_one_bundled_picture_is_the_same_in_every_encoding(name: str) -> None:
    plain = uncompressed("MR_small.dcm", "<i2")
    stored = read_stored(entry(bundled(f"MR_small_{name}.dcm")))
    np.testing.assert_array_equal(stored.ravel(), plain)
    assert stored.dtype == np.int16
    assert stored.dtype.isnative


@pytest.mark.parametrize("name", ["rtdose_rle.dcm", "rtdose_expb.dcm"])
def test_several_frames_of_32_bits_are_the_same_in_every_encoding(name: str) -> None:
    stored = read_stored(entry(bundled(name)))
    np.testing.assert_array_equal(stored.ravel(), uncompressed("rtdose.dcm", "<u4"))
    assert stored.shape == (15, 10, 10)


@pytest.mark.parametrize(
    "name",
    [
        "CT_small.dcm", "693_J2KI.dcm", "J2K_pixelrep_mismatch.dcm", "JPEGLSNearLossless_16.dcm",
        "JPEGLSNearLossless_08.dcm", "image_dfl.dcm",
    ],
)  # fmt: skip
def test_bundled_pictures_are_what_another_library_decodes(name: str) -> None:
    import SimpleITK

    path = bundled(name)
    image: Any = SimpleITK.ReadImage(str(path), imageIO="GDCMImageIO")
    theirs = SimpleITK.GetArrayFromImage(image).astype(np.float64)
    found = entry(path)
    slope, intercept = (
        float(str(found.facts.get(keyword, default)))
        for keyword, default in (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0))
    )
    ours = read_stored(found).astype(np.float64) * slope + intercept
    np.testing.assert_allclose(ours.reshape(theirs.shape), theirs, rtol=1e-6)


def as_ct(name: str, folder: Path, cut: int = 0) -> Path:
    """Write a bundled MR file as a CT file: the reader looks into CT only."""
    content = bundled(name).read_bytes()
    assert MR_CLASS in content
    path = folder / name
    path.write_bytes(content[: len(content) - cut].replace(MR_CLASS, CT_CLASS))
    return path


def test_the_bundled_truncated_file_is_refused_as_such(tmp_path: Path) -> None:
    as_ct("MR_truncated.dcm", tmp_path)
    (one,) = index_tree(tmp_path).quarantined
    assert one.code == "TRUNCATED"


@pytest.mark.parametrize(
    "name", ["MR_small.dcm", "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm", "MR_small_expb.dcm"]
)
def test_bundled_files_cut_short_are_refused_as_such(tmp_path: Path, name: str) -> None:
    as_ct(name, tmp_path, cut=200)
    (one,) = index_tree(tmp_path).quarantined
    assert one.code == "TRUNCATED"


def test_a_file_whose_first_bytes_are_no_dicom_is_skipped_by_name(tmp_path: Path) -> None:
    """The file no_meta.dcm of pydicom begins with a stray byte: with force it reads as garbage."""
    (tmp_path / "no_meta.dcm").write_bytes(bundled("no_meta.dcm").read_bytes())
    index = index_tree(tmp_path)
    assert index.studies == ()
    assert [one.code for one in index.quarantined] == ["FILE_SKIPPED"]


@pytest.mark.parametrize("name", ["ExplVR_LitEndNoMeta.dcm", "ExplVR_BigEndNoMeta.dcm"])
def test_bundled_files_without_a_preamble_are_known_for_what_they_are(name: str) -> None:
    header = read_header(bundled(name))
    assert header is not None
    assert header.modality == "RTPLAN"
    assert header.facts["NoPreamble"] == 1


@pytest.mark.parametrize("name", ["JPGExtended.dcm", "JPEG2000-embedded-sequence-delimiter.dcm"])
def test_bundled_pictures_that_no_permissive_decoder_reads_are_refused(name: str) -> None:
    with pytest.raises(StudyError) as error:
        read_stored(entry(bundled(name)))
    assert error.value.code == "DECODE"
    assert ("12" in error.value.needed) == name.startswith("JPG")
