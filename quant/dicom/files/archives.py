"""ZIP archives as folders: what they hold, and what is not taken out of them.

Nothing is ever written. Members are refused by what they are called, by what they claim and, while
they are unpacked, by what they really hold.

References
----------
.ZIP File Format Specification (APPNOTE.TXT) 4.3, 4.4; DICOM PS3.10 and PS3.12 Annex V.
"""

import re
import stat
import zipfile
from collections import Counter
from dataclasses import dataclass, field, replace
from io import BufferedReader, FileIO
from typing import TYPE_CHECKING

from quant.dicom.files.tree import TABLE_SUFFIXES, is_region_file, table_places
from quant.domain.archive import ArchiveMember, FilePath
from quant.domain.unpacking import DamagedMemberError, Packed, whole_or_pieces

if TYPE_CHECKING:
    import os
    from pathlib import Path

SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
"""First bytes of an archive: a member, an empty one, one of several parts."""

MOST_MEMBERS = 200_000
MOST_DIRECTORY_BYTES = 64 * 2**20
"""An archive's directory is looked at only up to this length."""

MOST_MEMBER_BYTES = 4 * 2**30
MOST_ARCHIVE_BYTES = 64 * 2**30
"""Unpacked bytes of one member, and of all members of one archive."""

MEMBER_RATIO, MEMBER_RATIO_ABOVE = 500, 64 * 2**20
"""A member that unpacks to more than this many times its packed size is a bomb, if it is larger
than this. Deflate ends at 1032; an organ's mask reaches some 300."""

ARCHIVE_RATIO, ARCHIVE_RATIO_ABOVE = 100, 2**30
"""The same for all members of an archive together, of which few can be masks."""

DOCUMENT_STARTS = ("[Content_Types].xml", "mimetype", "META-INF/", "_rels/", "docProps/")
"""First members of what is a ZIP by its bytes and a document to its user."""

_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Refused:
    """A member, or a whole archive, that is not read, and why."""

    place: "Path"
    code: str
    message: str


@dataclass(slots=True)
class Listing:
    """Members that may be read, sorted by place, and what is not."""

    members: list[ArchiveMember] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


class _TooManyError(Exception):
    """A directory that is too long, told before it fills the memory."""


class _Careful(BufferedReader):
    """A file that hands out no more at once than a directory may have."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MOST_DIRECTORY_BYTES:
            raise _TooManyError(f"a directory of {size} bytes")
        return super().read(size)


def is_archive(path: FilePath) -> bool:
    """Tell by its first bytes whether a file is a ZIP archive, and not a document in one."""
    try:
        with path.open("rb") as handle:
            head = handle.read(128)
    except OSError:
        return False
    if not head.startswith(SIGNATURES):
        return False
    first = head[30:].decode("latin-1")
    length = int.from_bytes(head[26:28], "little")
    return not (first.startswith(DOCUMENT_STARTS) or first[:length].endswith(".npy"))


def list_archive(path: "Path") -> Listing:
    """List the members of a ZIP archive, from its directory; nothing is unpacked or raised.

    Folders are left out. What ``refused`` names are an archive that cannot be read, and members
    that are locked, links, packed in another way than deflate, of one name with another member, or
    of a name that leads out of the archive.
    """
    listing = Listing()
    try:
        status = path.stat()
        found = _directory(path)
    except _TooManyError as error:
        message = f"the archive has {error}; up to {MOST_MEMBERS} members are read"
        return Listing(refused=[Refused(path, "ZIP_LIMIT", message)])
    except Exception as error:  # noqa: BLE001 - a damaged directory raises six kinds of exceptions
        return Listing(refused=[_unreadable(path, error)])
    bearers = Counter(path / info.filename for info in found)
    for info in found:
        place = path / info.filename
        code, message = _obstacle(info)
        if bad := _bad_name(info.orig_filename):
            place, code, message = path / _harmless(info.orig_filename), "ZIP_LIMIT", bad
        elif bearers[place] > 1:
            code, message = "ZIP_LIMIT", f"{bearers[place]} members bear this name"
        if code:
            listing.refused.append(Refused(place, code, message))
        else:
            listing.members.append(ArchiveMember(place, _packed(path, status, info)))
    listing.members = _with_tables(sorted(listing.members))
    listing.refused.sort(key=lambda one: (one.place, one.message))
    return listing


def _directory(path: "Path") -> list[zipfile.ZipInfo]:
    with _Careful(FileIO(path)) as handle, zipfile.ZipFile(handle) as archive:
        found = [info for info in archive.infolist() if not info.is_dir()]
    if len(found) > MOST_MEMBERS:
        raise _TooManyError(f"{len(found)} members")
    return found


def _packed(path: "Path", status: "os.stat_result", info: zipfile.ZipInfo) -> Packed:
    return Packed(
        archive=path,
        archive_bytes=status.st_size,
        archive_mtime_ns=status.st_mtime_ns,
        offset=info.header_offset,
        packed_bytes=info.compress_size,
        unpacked_bytes=info.file_size,
        crc=info.CRC,
        is_deflated=info.compress_type == zipfile.ZIP_DEFLATED,
    )


def _unreadable(path: "Path", error: Exception) -> Refused:
    if isinstance(error, PermissionError):
        return Refused(path, "NO_PERMISSION", "the archive may not be read")
    if isinstance(error, zipfile.BadZipFile) and "not a zip file" in str(error):
        return Refused(path, "TRUNCATED", "the archive ends before its directory")
    return Refused(path, "DICOM_UNREADABLE", "the archive's directory cannot be read")


def _bad_name(name: str) -> str:
    """Say why a member's name is not to be trusted; nothing when it is."""
    if not name.strip("./"):
        return "a member without a name"
    if "\0" in name:
        return "a NUL in a member's name"
    if "\\" in name:
        return "a backslash in a member's name"
    if name.startswith("/") or _DRIVE.match(name):
        return "a member's name that does not begin in the archive"
    if ".." in name.split("/"):
        return "a member's name that leads out of the archive"
    return ""


def _harmless(name: str) -> str:
    """Return a bad name as one part of a path, to be shown."""
    return re.sub(r"[\0/]", "_", name).replace("..", "__") or "_"


def _obstacle(info: zipfile.ZipInfo) -> tuple[str, str]:
    """Return a code and why a member cannot be read; both empty when it can."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return "FILE_SKIPPED", "a link or device in an archive, which is not followed"
    if info.flag_bits & 0x1:
        return "ZIP_LIMIT", "the member is locked with a password"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "ZIP_LIMIT", f"packed by method {info.compress_type}; stored and deflate are read"
    return "", ""


def _with_tables(members: list[ArchiveMember]) -> list[ArchiveMember]:
    """Give region files the label tables that lie beside them."""
    tables = {one.place: one for one in members if one.suffix in TABLE_SUFFIXES}
    if not tables:
        return members
    return [
        replace(one, beside=tuple(tables[place] for place in table_places(one) if place in tables))
        if is_region_file(one)
        else one
        for one in members
    ]


class Gauge:
    """Unpacks every member of one archive once and counts what really comes out."""

    def __init__(self) -> None:
        self._unpacked = 0

    def problem(self, member: ArchiveMember) -> tuple[str, str]:
        """Return the code and the reason why a member is not to be read; both empty when it is.

        ``ZIP_LIMIT`` beyond a limit of size or ratio; ``TRUNCATED`` or ``DICOM_UNREADABLE`` when
        its bytes are not whole.
        """
        packed = member.packed
        if excess := self._excess(0, packed):
            return "ZIP_LIMIT", excess
        size, damage = 0, ""
        try:
            for piece in whole_or_pieces(packed):
                size += len(piece)
                self._unpacked += len(piece)
                if excess := self._excess(size, packed):
                    return "ZIP_LIMIT", excess
        except DamagedMemberError as error:
            damage = error.strerror or ""
        except OSError as error:
            return "DICOM_UNREADABLE", f"the archive cannot be read: {error.strerror}"
        if damage and size > packed.unpacked_bytes:
            return "ZIP_LIMIT", damage
        code = "TRUNCATED" if size < packed.unpacked_bytes else "DICOM_UNREADABLE"
        return (code, damage) if damage else ("", "")

    def _excess(self, size: int, packed: Packed) -> str:
        if size > MOST_MEMBER_BYTES:
            return f"it unpacks to more than {MOST_MEMBER_BYTES} bytes"
        if size > MEMBER_RATIO_ABOVE and size > MEMBER_RATIO * packed.packed_bytes:
            return f"{packed.packed_bytes} bytes unpack to more than {MEMBER_RATIO} times as many"
        if self._unpacked > MOST_ARCHIVE_BYTES:
            return f"its archive unpacks to more than {MOST_ARCHIVE_BYTES} bytes"
        most = max(ARCHIVE_RATIO_ABOVE, ARCHIVE_RATIO * packed.archive_bytes)
        if self._unpacked > most:
            return f"its archive of {packed.archive_bytes} bytes unpacks to more than {most}"
        return ""
