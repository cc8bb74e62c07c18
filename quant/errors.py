"""The one error tree of the engine.

::

    QuantError                 anything that this engine refuses
    ├── UsageError             the call itself is wrong (protocol, options, output folder)
    │   ├── ProtocolError      a protocol that cannot be read or does not validate
    │   └── OutputError        the output folder is full, read-only, in use or leads elsewhere
    ├── CohortError            a table of outcomes or measurements cannot answer the question
    └── StudyError             one study (or one file of it) cannot be used; the batch goes on
        ├── ReadError          a file that cannot be read or decoded
        ├── GeometryError      voxels whose place in the patient is unknown or contradictory
        ├── UnitError          values whose unit is unknown or does not fit the question
        └── RegionError        a region that cannot be laid on the emission volume

Every error carries a stable ``code`` (see :mod:`quant.domain.flags`) and says what happened,
what was found, what is needed and what to do next. Messages hold UIDs, tag names and values of
technical tags; never a person's name, identifier or date of birth.
"""

from pathlib import Path


class QuantError(Exception):
    """Anything that the engine refuses, with a stable code and the remedy.

    Parameters
    ----------
    code : str
        Stable upper-case code, registered in :mod:`quant.domain.flags`.
    what : str
        What happened, as a sentence.
    found : str
        What was found instead.
    needed : str
        What would have been needed.
    next_step : str
        What the reader can do about it.
    """

    def __init__(
        self,
        code: str,
        what: str,
        *,
        found: str = "",
        needed: str = "",
        next_step: str = "",
    ) -> None:
        self.code = str(code)
        self.what = what
        self.found = found
        self.needed = needed
        self.next_step = next_step
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        parts = [self.what]
        labelled = (
            ("Found", self.found), ("Needed", self.needed), ("Next step", self.next_step),
        )  # fmt: skip
        parts.extend(f"{label}: {text}." for label, text in labelled if text)
        return f"[{self.code}] " + " ".join(parts)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        """Survive the way from a worker process to its parent."""
        return _rebuild, (
            type(self),
            self.code,
            self.what,
            self.found,
            self.needed,
            self.next_step,
        )


def _rebuild(
    kind: type[QuantError], code: str, what: str, found: str, needed: str, next_step: str
) -> QuantError:
    return kind(code, what, found=found, needed=needed, next_step=next_step)


class UsageError(QuantError):
    """The call itself is wrong: an option, a path, an output folder."""


class ProtocolError(UsageError):
    """A protocol that cannot be read or does not validate."""


class OutputError(UsageError):
    """The output folder is full, cannot be written, is in use, or leads elsewhere."""


class CohortError(QuantError):
    """A table of outcomes or measurements cannot answer the question put to it."""


class StudyError(QuantError):
    """One study, or one file of it, cannot be used; the batch goes on."""


class ReadError(StudyError):
    """A file that cannot be read or decoded."""


class GeometryError(StudyError):
    """Voxels whose place in the patient is unknown or contradictory."""


class UnitError(StudyError):
    """Values whose unit is unknown or does not fit the question."""


class RegionError(StudyError):
    """A region that cannot be laid on the emission volume."""


def require_folder(path: Path, what: str) -> None:
    """Raise a UsageError when ``path`` is not an existing folder; ``what`` names it."""
    if not path.is_dir():
        raise UsageError(
            "USAGE",
            f"{what} is not a folder.",
            found=str(path),
            needed="an existing folder",
            next_step="check the path",
        )


def require_input(path: Path) -> None:
    """Raise a UsageError when ``path`` is neither a folder nor a file."""
    if not path.is_dir() and not path.is_file():
        raise UsageError(
            "USAGE",
            "INPUT is not a folder, nor a file.",
            found=str(path),
            needed="an existing folder, a ZIP archive, a DICOMDIR or a DICOM file",
            next_step="check the path",
        )
