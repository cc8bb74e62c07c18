"""Write ZIP archives for tests: of folders, of bytes, and with lies in their directory."""

import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


def zip_folder(folder: Path, archive: Path, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """Pack a folder's files, last path first, with entries for the folders themselves."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", compression) as packed:
        for path in sorted(folder.rglob("*"), reverse=True):
            packed.write(path, path.relative_to(folder))
    return archive


def zip_bytes(
    archive: Path, members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED
) -> Path:
    """Pack contents under names, also names that no packer writes."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", compression) as packed:
        for name, content in members.items():
            info = zipfile.ZipInfo("x")
            info.filename = name
            info.compress_type = compression
            info.external_attr = 0o100644 << 16
            packed.writestr(info, content)
    return archive


def lie(archive: Path, name: str, *, flags: int = 0, method: int | None = None) -> None:
    """Set flag bits or the packing method of a member, in both of its headers."""
    _patch(archive, name, LOCAL, (6, 8, 30, 26), flags, method)
    _patch(archive, name, CENTRAL, (8, 10, 46, 28), flags, method)


def lie_about_size(archive: Path, name: str, size: int) -> None:
    """State another unpacked size in the directory."""
    content = bytearray(archive.read_bytes())
    at = _find(content, name, CENTRAL, 46, 28)
    struct.pack_into("<I", content, at + 24, size)
    archive.write_bytes(content)


def spoil(archive: Path, name: str, at: int, byte: int = 0xFF) -> None:
    """Change one packed byte of a member, counted from its start or (negative) its end."""
    with zipfile.ZipFile(archive) as packed:
        info = packed.getinfo(name)
    content = bytearray(archive.read_bytes())
    start = info.header_offset + 30 + len(name.encode())
    position = start + at if at >= 0 else start + info.compress_size + at
    content[position] ^= byte
    archive.write_bytes(content)


def _patch(
    archive: Path,
    name: str,
    signature: bytes,
    offsets: tuple[int, int, int, int],
    flags: int,
    method: int | None,
) -> None:
    content = bytearray(archive.read_bytes())
    at = _find(content, name, signature, offsets[2], offsets[3])
    (old,) = struct.unpack_from("<H", content, at + offsets[0])
    struct.pack_into("<H", content, at + offsets[0], old | flags)
    if method is not None:
        struct.pack_into("<H", content, at + offsets[1], method)
    archive.write_bytes(content)


def _find(content: bytearray, name: str, signature: bytes, fixed: int, length_at: int) -> int:
    at = content.find(signature)
    while at >= 0:
        (length,) = struct.unpack_from("<H", content, at + length_at)
        if content[at + fixed : at + fixed + length] == name.encode():
            return at
        at = content.find(signature, at + 1)
    raise AssertionError(name)
