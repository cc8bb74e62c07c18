"""Write files whole or not at all, inside the output folder and nowhere else; read them again."""

import contextlib
import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from quant.errors import OutputError

PART = ".part"
"""Ending of a file that is not whole yet; one that a run left behind means nothing."""

IS_PART = re.compile(r".+\.[0-9a-f]{8}\.part").fullmatch
"""Tells a part's name from other files that people may keep in the folder."""

NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""Disk full, quota reached, file size limit reached: the same run goes on when there is room."""

NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM, errno.EBADF}
"""What file systems (and systems) answer that cannot force a folder to disk."""

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part.

    The content goes to a ``.part`` file of its own beside the target, is forced to disk and then
    renamed; last the folder is forced to disk. A link in the target's place is replaced, not
    followed.

    Raises
    ------
    OutputError
        ``OUT_NO_SPACE`` or ``OUT_NOT_WRITABLE``; the target then is what it was.
    """
    write_files(path.parent, {path.name: content})


def write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write several files of one folder as :func:`write_bytes` does; the folder is forced once."""
    with speaking_of(folder / next(iter(contents), "")):
        make_folder(folder)
        for name, content in contents.items():
            _write_whole(folder / name, content)
        _sync_folder(folder)


def _write_whole(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PART}")
    try:
        _write_part(part, content)
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def write_text(path: Path, content: str) -> None:
    """Write text as UTF-8; see :func:`write_bytes`."""
    write_bytes(path, content.encode("utf-8"))


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each of them forced to disk."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
    _sync_folder(folder.parent)


def require_inside(folder: Path, out: Path) -> None:
    """Refuse a folder below ``out`` that a link puts elsewhere.

    Parameters
    ----------
    folder : Path
        Need not exist yet.
    out : Path
        The output folder, resolved.

    Raises
    ------
    OutputError
        ``OUT_LINK``.
    """
    for step in (folder, *folder.parents):
        if step == out:
            return
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if not stat.S_ISDIR(step.lstat().st_mode):
                raise _leads_elsewhere(f"{step.relative_to(out)} is a link or a file", "a folder")


def require_own(path: Path) -> None:
    """Refuse what lies in the place of a file that is written on, and is no file of its own.

    That is a link, a pipe, a folder, or a file that has another name elsewhere (a hard link).

    Raises
    ------
    OutputError
        ``OUT_LINK``.
    """
    try:
        status = path.lstat()
    except OSError:  # missing, or opening it says why not
        return
    if not stat.S_ISREG(status.st_mode):
        raise _leads_elsewhere(f"{path.name} is no regular file", "a file")
    if status.st_nlink > 1:
        raise _leads_elsewhere(f"{path.name} has another name elsewhere (a hard link)", "a file")


def _leads_elsewhere(found: str, needed: str) -> OutputError:
    return OutputError(
        "OUT_LINK",
        "The output folder leads elsewhere.",
        found=found,
        needed=f"{needed} of its own in its place: nothing is written outside OUT",
        next_step="remove it, or choose another folder with -o",
    )


def read_own(path: Path) -> bytes:
    """Read a file of the output folder; what would be waited for (a pipe) is none.

    Raises
    ------
    OSError
        If it is no regular file or cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | _NONBLOCK | _BINARY)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "no regular file", str(path))
        with open(handle, "rb", closefd=False) as stream:
            return stream.read()
    finally:
        os.close(handle)


@contextmanager
def speaking_of(path: Path) -> Iterator[None]:
    """Say what to do about an error of the system while something is written."""
    try:
        yield
    except OSError as error:
        raise output_error(error, path) from error


def output_error(error: OSError, path: Path) -> OutputError:
    """Return an error of the system as what it means for the results, and what to do."""
    full = error.errno in NO_SPACE
    return OutputError(
        "OUT_NO_SPACE" if full else "OUT_NOT_WRITABLE",
        "There is no room for the results." if full else "The results cannot be written.",
        found=f"{error.strerror or type(error).__name__} for {path.name}",
        needed="room on the disk and in the quota" if full else "an output folder to write to",
        next_step=(
            "free some space and give the same command again: what is measured is kept"
            if full
            else "check the rights of the folder and the medium, or choose another with -o; "
            "what is measured is kept"
        ),
    )


def _write_part(part: Path, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _BINARY
    handle = os.open(part, flags, 0o666)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    """Force the entries of a folder to disk, where the file system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:  # Windows opens no folders; a folder may be writable but not readable
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in NO_FOLDER_SYNC:
            raise
    finally:
        os.close(handle)
