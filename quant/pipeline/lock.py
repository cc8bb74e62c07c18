"""One run at a time in an output folder.

The system's own lock (``flock``) is free when its process ends, however it ends. Where the file
system has none (some network shares), a file says who runs; it is taken over when that process is
gone, which can be known only on the machine it ran on.
"""

import contextlib
import errno
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from quant.errors import OutputError
from quant.report.writing import require_own, speaking_of

LOCK_NAME = ".lock"
OWNER_NAME = ".lock.owner"
"""Only where the file system has no locks."""

BUSY = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}
NO_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL}
"""What file systems without locks answer."""

_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
_TRIES = 10


@contextmanager
def only_run(out: Path) -> Iterator[None]:
    """Hold the output folder's lock; it is free again when the process ends, however it ends.

    Parameters
    ----------
    out : Path
        Exists.

    Raises
    ------
    OutputError
        ``OUT_IN_USE`` when another run holds it, with that run's process and start; ``OUT_LINK``
        when the lock is no file of this folder.
    """
    path = out / LOCK_NAME
    require_own(path)
    with speaking_of(path):
        handle = os.open(path, _FLAGS, 0o666)
    try:
        try:
            _take(handle)
        except OSError as error:
            if error.errno in NO_LOCKS:
                with _owner_record(out / OWNER_NAME):
                    yield
                return
            if error.errno not in BUSY:
                with speaking_of(path):
                    raise
            raise _in_use(_parsed(_content(handle)), path.name, certain=True) from error
        if os.fstat(handle).st_nlink == 0:  # the run that held it has just removed its folder
            raise _in_use({}, path.name, certain=True)
        _write_owner(handle)
        yield
        with contextlib.suppress(OSError):
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def require_idle(out: Path) -> None:
    """Raise ``OUT_IN_USE`` while a run holds a folder's lock; where nobody can say, it is idle.

    Raises
    ------
    OutputError
        With that run's process and start.
    """
    if sys.platform == "win32":
        return
    import fcntl

    with contextlib.suppress(OSError):
        handle = os.open(out / LOCK_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in BUSY:
                owner = _parsed(_content(handle))
                raise _in_use(owner, LOCK_NAME, certain=True) from error
        finally:
            os.close(handle)


def _take(handle: int) -> None:
    """Take the system's lock on an open file, or raise OSError at once."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        return
    import fcntl

    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _write_owner(handle: int) -> None:
    """Say who runs, as far as there is room: the lock holds without."""
    with contextlib.suppress(OSError):
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, _me())


@contextmanager
def _owner_record(path: Path) -> Iterator[None]:
    """Hold a file that only one process can make."""
    for _ in range(_TRIES):
        try:
            with speaking_of(path):
                handle = os.open(path, _FLAGS | os.O_EXCL, 0o666)
        except OutputError as error:
            if not isinstance(error.__cause__, FileExistsError):
                raise
            _remove_if_gone(path)
            continue
        try:
            os.write(handle, _me())
        finally:
            os.close(handle)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
        return
    raise _in_use({}, path.name, certain=False)


def _remove_if_gone(path: Path) -> None:
    """Remove the record of a process of this machine that has ended; else raise."""
    try:
        owner = _parsed(path.read_bytes())
    except FileNotFoundError:
        return
    if owner.get("boot") != _boot() or not _boot():
        raise _in_use(owner, path.name, certain=False)
    if _started(owner.get("pid")) == owner.get("ticks"):
        raise _in_use(owner, path.name, certain=True)
    path.unlink(missing_ok=True)


def _in_use(owner: dict[str, object], name: str, *, certain: bool) -> OutputError:
    pid, since = owner.get("pid"), owner.get("started")
    found = f"process {pid}, started {since}" if pid else f"a lock in {name} that names nobody yet"
    step = "wait until it has finished, or choose another folder with -o"
    if not certain:
        found += ", on another machine or before its last start"
        step = f"if that run is over for sure, remove {name} from the output folder; else wait"
    return OutputError(
        "OUT_IN_USE",
        "The output folder is in use by another run.",
        found=found,
        needed="one run at a time in an output folder",
        next_step=step,
    )


def _content(handle: int) -> bytes:
    with contextlib.suppress(OSError):
        os.lseek(handle, 0, os.SEEK_SET)
        return os.read(handle, 4096)
    return b""


def _parsed(content: bytes) -> dict[str, object]:
    try:
        owner = json.loads(content)
    except ValueError:
        return {}
    known = ("pid", "started", "boot", "ticks")
    fits = isinstance(owner, dict) and isinstance(owner.get("pid"), int)
    return {key: owner.get(key) for key in known} if fits else {}


def _me() -> bytes:
    """Describe this process; no name of the machine or of the user."""
    owner = {
        "pid": os.getpid(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "boot": _boot(),
        "ticks": _started(os.getpid()),
    }
    return json.dumps(owner).encode() + b"\n"


def _boot() -> str:
    """Return a hash that tells this start of this machine from others; empty if unknown."""
    with contextlib.suppress(OSError):
        text = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        return hashlib.sha256(text.encode()).hexdigest()[:16]
    return ""


def _started(pid: object) -> str:
    """Return when a process of this machine was started, in ticks; empty when there is none."""
    with contextlib.suppress(OSError, IndexError):
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        fields = text.rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    return ""
