"""What a file was when it was written, so that a change is noticed, mostly without reading it."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple


class Seal(NamedTuple):
    """Size, times of modification and of change (ns), and SHA-256 of a file.

    A tuple: 10,000 studies have 100,000 of them, which a resumed run reads and compares.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> "Seal":
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
            if (status.st_mtime_ns, status.st_ctime_ns) == self[1:3]:
                return status.st_size == self.size
            return status.st_size == self.size and self.sha256 == Seal.of(Path(path)).sha256
        except OSError:
            return False


def seals_from(value: object) -> dict[str, Seal]:
    """Return seals by name from JSON; raise ValueError when they are none.

    What they hold is not looked at: the text they come from has a checksum.
    """
    if not isinstance(value, dict):
        message = "not seals"
        raise ValueError(message)  # noqa: TRY004 - damaged text, not a mistake of a caller
    try:
        return {name: Seal._make(one) for name, one in value.items()}
    except TypeError as error:
        message = "not a seal"
        raise ValueError(message) from error
