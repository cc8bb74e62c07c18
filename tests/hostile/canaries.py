"""Goal 13: words that stand for persons, put wherever a study can hold them, and looked for.

Tokens are searched in every byte that a run leaves: as they are, in UTF-16, in base64, inside what
is deflated (ZIP, PNG, gzip) and in the text columns of Parquet.
"""

import base64
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.support.dicom_builder import changed, item
from tests.support.seeds import MEMBERS, ct_slice, emission, file_bytes, organs, tumour

STEM = "ZqKanari"

TEXTS = {
    "PN": ("PatientName", "PatientBirthName", "PatientMotherBirthName", "OtherPatientNames",
           "ReferringPhysicianName", "PhysiciansOfRecord", "PerformingPhysicianName",
           "OperatorsName", "RequestingPhysician", "NameOfPhysiciansReadingStudy"),
    "LO": ("PatientID", "OtherPatientIDs", "PatientAddress", "MilitaryRank", "BranchOfService",
           "PatientReligiousPreference", "InstitutionName", "StudyDescription", "AdmissionID",
           "CurrentPatientLocation", "MedicalAlerts", "Allergies", "InstitutionalDepartmentName",
           "SeriesDescription", "ProtocolName", "DeviceSerialNumber", "ReasonForStudy"),
    "SH": ("AccessionNumber", "StudyID", "EthnicGroup", "Occupation", "StationName",
           "PatientTelephoneNumbers"),
    "LT": ("PatientComments", "AdditionalPatientHistory", "ImageComments",
           "RequestedProcedureComments"),
    "ST": ("InstitutionAddress",),
    "UT": ("TextValue",),
    "UC": ("LongCodeValue",),
    "UR": ("RetrieveURL",),
    "AE": ("RetrieveAETitle",),
}  # fmt: skip
"""Attributes by value representation that hold a person, or may."""

DATES = {
    "PatientBirthDate": "19430217", "StudyDate": "20190823", "ContentDate": "20190824",
    "InstanceCreationDate": "20190826", "AdmittingDate": "20190827",
}  # fmt: skip
TIMES = {"PatientBirthTime": "031415.926535"}
DATE_TIMES = {"ScheduledProcedureStepStartDateTime": "20190829103959.123456"}


def token(word: str) -> str:
    """Return a word that occurs nowhere by chance."""
    return f"{STEM}{zlib.crc32(word.encode()):08x}"


def tokens() -> dict[str, str]:
    """Return what is looked for, by where it was put."""
    found = {name: token(name)[:16] for names in TEXTS.values() for name in names}
    found |= DATES | TIMES | DATE_TIMES
    found |= {
        where: token(where)[:16]
        for where in (
            "private", "nested", "private nested", "deep", "file", "folder", "broken file",
            "Interpreter", "ContentCreatorName", "StructureSetName", "operator of the drawing",
            "file meta",
        )
    }  # fmt: skip
    return found


def canaried(data: Dataset) -> Dataset:
    """Put a token into every place of an object that nobody should see again."""
    found = tokens()
    for names in TEXTS.values():
        changed(data, **{name: found[name] for name in names})
    changed(data, **DATES, **TIMES, **DATE_TIMES)
    block = data.private_block(0x0011, f"{STEM} creator", create=True)
    block.add_new(0x01, "LO", found["private"])
    block.add_new(0x02, "SQ", Sequence([item(PatientName=found["private nested"])]))
    deep = item(PersonName=found["deep"])
    for _ in range(5):
        deep = item(ContentSequence=[deep])
    data.RequestAttributesSequence = [item(ScheduledProcedureStepDescription=found["nested"])]
    data.ContentSequence = [deep]
    if data.Modality == "SEG":
        data.ContentCreatorName = found["ContentCreatorName"]
    if data.Modality == "RTSTRUCT":
        data.StructureSetName = found["StructureSetName"]
        data.RTROIObservationsSequence = [item(ROIInterpreter=found["Interpreter"])]
        data.StructureSetROISequence[0].ROIDescription = found["operator of the drawing"]
    return data


def write_canaries(root: Path) -> None:
    """Write a good study, one whose files are all damaged, one that fails in words, and junk."""
    found = tokens()
    makers: tuple[Callable[[], Dataset], ...] = (
        emission,
        organs,
        tumour,
        *(partial(ct_slice, k) for k in range(3)),
    )
    whole = {name: file_bytes(canaried(make())) for name, make in zip(MEMBERS, makers, strict=True)}
    good = root / found["folder"]
    good.mkdir(parents=True)
    for name, content in whole.items():
        (good / f"{found['file']}{name}.dcm").write_bytes(_with_meta(content, found["file meta"]))
    damages = (_cut, _garbled, _unreadable, _without_place, _undecodable)
    for number, damage in enumerate(damages, start=1):
        folder = root / f"{found['folder']}{number}"
        folder.mkdir()
        for name, content in whole.items():
            other = content.replace(b"1.2.826.0.1.", b"1.2.826.0.%d." % (number + 1))
            (folder / f"{found['broken file']}{name}.dcm").write_bytes(damage(other, name))


def _with_meta(content: bytes, word: str) -> bytes:
    """Use the preamble as some vendors do: for text."""
    return word.encode().ljust(128, b"\0") + content[128:]


def _cut(content: bytes, name: str) -> bytes:
    return content[:-200] if name == "nm" else content


def _garbled(content: bytes, name: str) -> bytes:
    return content[: len(content) // 2] + b"\xff" * 900 if name in ("seg", "rtstruct") else content


def _unreadable(content: bytes, name: str) -> bytes:
    return content[:132] + b"\x08\0\x05\0ZZ\xff\xff" + content[140:] if name == "nm" else content


def _without_place(content: bytes, name: str) -> bytes:
    """Turn PixelSpacing into text that makes no sense: it may be quoted."""
    at = content.find(b"\x28\0\x30\0DS")
    if name != "nm" or at < 0:
        return content
    length = int.from_bytes(content[at + 6 : at + 8], "little")
    return content[: at + 8] + tokens()["private"].encode()[:length] + content[at + 8 + length :]


def _undecodable(content: bytes, name: str) -> bytes:
    """State a compression that the pixels and regions do not have."""
    old, new = b"UI\x14\x001.2.840.10008.1.2.1\0", b"UI\x14\x001.2.840.10008.1.2.5\0"
    return content.replace(old, new, 1) if name == "seg" else content


# Looking for them


def forms(word: str) -> tuple[bytes, ...]:
    """Return a word in all encodings in which it may lie in a file."""
    plain = word.encode()
    shapes = {
        plain,
        plain.upper(),
        plain.lower(),
        word.encode("utf-16-le"),
        word.encode("utf-16-be"),
    }
    if re.fullmatch(r"(19|20)\d{6}", word):
        shapes.add(f"{word[:4]}-{word[4:6]}-{word[6:]}".encode())
    shapes.add(plain.hex().encode())
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + plain)
        shapes.add(coded[(shift * 8 + 5) // 6 : len(coded) - 4 if len(coded) > 12 else None])
    return tuple(shapes)


def layers(content: bytes, depth: int = 3) -> Iterator[bytes]:
    """Yield bytes and whatever is packed in them: deflated, zipped, base64, Parquet."""
    yield content
    if not depth:
        return
    inner: list[bytes] = []
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(BytesIO(content)) as packed:
            inner += [packed.read(name) for name in packed.namelist()]
    if content[:2] == b"\x1f\x8b":
        inner.append(zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(content))
    if content[:4] == b"PAR1":
        inner.append(_parquet_text(content))
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        inner += _png_chunks(content)
    for coded in re.findall(rb"[A-Za-z0-9+/]{64,}", content):
        inner.append(base64.b64decode(coded[: len(coded) // 4 * 4]))
    for one in inner:
        yield from layers(one, depth - 1)


def _parquet_text(content: bytes) -> bytes:
    import pyarrow.parquet as pq

    table = pq.read_table(BytesIO(content))
    return repr((table.schema.metadata, table.to_pylist(), table.schema)).encode()


def _png_chunks(content: bytes) -> list[bytes]:
    """Return the inflated picture and the text of a PNG."""
    at, data, found = 8, b"", []
    while at + 8 <= len(content):
        length, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        body = content[at + 8 : at + 8 + length]
        if kind == b"IDAT":
            data += body
        elif kind == b"zTXt":
            found.append(zlib.decompress(body.partition(b"\0")[2][1:]))
        at += 12 + length
    return [*found, zlib.decompressobj().decompress(data)] if data else found


def everything(folder: Path, **streams: str) -> dict[str, bytes]:
    """Return all that a run left: names and contents of files, and what it printed."""
    found = {f"<{name}>": text.encode() for name, text in streams.items()}
    for path in sorted(folder.rglob("*")):
        where = str(path.relative_to(folder))
        found[f"{where} (its name)"] = where.encode()
        if path.is_file():
            found[where] = path.read_bytes()
    return found


def sightings(left: dict[str, bytes]) -> list[str]:
    """List every place where a token was found: ``what in where``."""
    wanted = {name: forms(word) for name, word in tokens().items()}
    return [
        f"{name} in {where}"
        for where, content in left.items()
        for layer in layers(content)
        for name, shapes in wanted.items()
        if any(shape in layer for shape in shapes)
    ]
