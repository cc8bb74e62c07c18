"""What a folder of files holds: studies, series and files, as facts from headers only."""

from dataclasses import dataclass, field
from pathlib import Path

from quant.domain.archive import FilePath
from quant.domain.flags import Flag
from quant.domain.text import plain


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One DICOM file of a series, with the header facts that sorting and choosing need.

    Parameters
    ----------
    path : Path or ArchiveMember
    sop_class_uid, sop_instance_uid : str
    facts : dict of str to object
        Technical attributes by DICOM keyword, plain Python values only (str, int, float, tuples of
        them). Never names, birth dates or free identifiers of a person.
    """

    path: FilePath
    sop_class_uid: str
    sop_instance_uid: str
    facts: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SeriesEntry:
    """One volume of a series: files that share a SeriesInstanceUID and form one stack.

    Parameters
    ----------
    series_uid, modality : str
    files : tuple of FileEntry
        One file a slice, or one multi-frame file.
    part : str
        Which volume of a series that holds several, in words (``gate 3 of 8``); empty for the
        only one.
    frames : tuple of int
        Stored frames of the one multi-frame file that belong to this volume; empty for all.
    members : tuple of SeriesEntry
        Volumes of which this one is the sum (or, for concentrations, the mean); empty for a
        stored one.
    """

    series_uid: str
    modality: str
    files: tuple[FileEntry, ...]
    part: str = ""
    frames: tuple[int, ...] = ()
    members: "tuple[SeriesEntry, ...]" = ()

    @property
    def facts(self) -> dict[str, object]:
        """Header facts of the first file."""
        return self.files[0].facts

    def fact(self, keyword: str) -> str:
        """Return a fact of the first file as text; empty when absent."""
        value = self.facts.get(keyword)
        if value is None:
            return ""
        if isinstance(value, tuple):
            return "\\".join(str(part) for part in value)
        return str(value)


@dataclass(frozen=True, slots=True)
class QuarantineEntry:
    """A file, a region or a study that was not used, and why."""

    path: str
    study_uid: str
    code: str
    message: str

    def __post_init__(self) -> None:
        """Keep what is printed printable."""
        object.__setattr__(self, "path", plain(self.path))
        object.__setattr__(self, "message", plain(self.message))


@dataclass(frozen=True, slots=True)
class StudyFiles:
    """All files of one study.

    Parameters
    ----------
    study_uid : str
        DICOM StudyInstanceUID.
    subject_key : str
        Keyed hash of the patient's identifier; empty when there is none.
    series : tuple of SeriesEntry
        Sorted by SeriesInstanceUID.
    extra_files : tuple of Path or ArchiveMember
        Files that are not DICOM and belong to this study (NIfTI, NRRD, MHA, markups), sorted.
    input_hash : str
        SHA-256 over the contents of all files above, whatever their names and order; empty until
        :func:`quant.dicom.files.digests.with_input_hash` has read them.
    flags : tuple of Flag
    """

    study_uid: str
    subject_key: str
    series: tuple[SeriesEntry, ...]
    extra_files: tuple[FilePath, ...] = ()
    input_hash: str = ""
    flags: tuple[Flag, ...] = ()

    def by_modality(self, *modalities: str) -> tuple[SeriesEntry, ...]:
        """Series of the given modalities."""
        return tuple(entry for entry in self.series if entry.modality in modalities)


@dataclass(frozen=True, slots=True)
class StudyIndex:
    """What one pass over a tree of files found.

    ``files_seen`` = files of all studies + ``duplicates`` + ``ignored`` + ``files_quarantined``.
    A series that is set aside as a whole is one entry of ``quarantined``, whatever its files.
    ``unused`` counts all files that no study uses, by the code that says why.
    """

    root: Path
    studies: tuple[StudyFiles, ...]
    files_seen: int
    duplicates: int
    ignored: tuple[FilePath, ...]
    quarantined: tuple[QuarantineEntry, ...]
    files_quarantined: int = 0
    unused: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A volume that could have been chosen, and why it was or was not.

    ``part`` names one of several volumes of a series, as in :class:`SeriesEntry`.
    """

    purpose: str
    series_uid: str
    score: float
    chosen: bool
    reasons: tuple[str, ...]
    part: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which series is measured and which CT goes with it, with every candidate's score."""

    emission: SeriesEntry | None
    ct: SeriesEntry | None
    candidates: tuple[Candidate, ...]
    flags: tuple[Flag, ...] = ()
