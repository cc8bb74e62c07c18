"""What a file was when it was written, so that a change is noticed, mostly without reading it."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Seal:
    """Size, times of modification and of change (ns), and SHA-256 of a file."""

    size: int
    mtime_ns: int
    ctime_ns: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Self:
        """Read a file and seal it.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        status = path.stat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, digest)

    def holds(self, path: str | Path) -> bool:
        """Tell whether the file is what it was; it is read only when its times differ."""
        try:
            status = os.lstat(path)
            if self.as_list()[:3] == [status.st_size, status.st_mtime_ns, status.st_ctime_ns]:
                return True
            return status.st_size == self.size and self.sha256 == Seal.of(Path(path)).sha256
        except OSError:
            return False

    def as_list(self) -> list[int | str]:
        """Return the seal for JSON."""
        return [self.size, self.mtime_ns, self.ctime_ns, self.sha256]


def seal_from(value: object) -> Seal:
    """Return a seal from JSON.

    Raises
    ------
    ValueError
        If it is none.
    """
    match value:
        case [int(size), int(mtime_ns), int(ctime_ns), str(sha256)] if len(sha256) == 64:
            return Seal(size, mtime_ns, ctime_ns, sha256)
    message = "not a seal"
    raise ValueError(message)


def seals_from(value: object) -> dict[str, Seal]:
    """Return seals by name from JSON; raise ValueError when they are none."""
    if not isinstance(value, dict):
        message = "not seals"
        raise ValueError(message)  # noqa: TRY004 - damaged text, not a mistake of a caller
    return {str(name): seal_from(one) for name, one in value.items()}
