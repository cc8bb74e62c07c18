"""Where every file went: used, the same as another, passed over, or refused and why."""

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quant.domain.archive import FilePath, place_of
from quant.domain.flags import Flag
from quant.domain.study import QuarantineEntry, StudyIndex

if TYPE_CHECKING:
    from pathlib import Path

    from quant.domain.study import StudyFiles

COUNTED = ("NON_VOLUME", "DUPLICATE")
"""Codes of which a study says how many there are, instead of naming each."""


@dataclass(slots=True)
class Accounts:
    """The books of one pass over a tree; nothing may get lost.

    Parameters
    ----------
    root : Path
        Paths are shown from here.
    """

    root: "Path"
    seen: int = 0
    unused: Counter[str] = field(default_factory=Counter)
    ignored: list[FilePath] = field(default_factory=list)
    quarantined: list[QuarantineEntry] = field(default_factory=list)
    files_quarantined: int = 0
    notes: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def ignore(self, path: FilePath, code: str) -> None:
        """Enter a file that nobody expects to be used."""
        self.unused[code] += 1
        self.ignored.append(path)

    def quarantine(
        self, path: FilePath, study_uid: str, code: str, message: str, *, files: int = 1
    ) -> None:
        """Enter files that are not used because something is wrong with them."""
        self.unused[code] += files
        self.files_quarantined += files
        entry = QuarantineEntry(shown(path, self.root), study_uid, code, message)
        self.quarantined.append(entry)

    def note(self, study_uid: str, code: str, detail: str = "") -> None:
        """Enter what a study's flags shall say."""
        self.notes.setdefault(study_uid, {}).setdefault(code, []).append(detail)

    def flags_of(self, study_uid: str) -> tuple[Flag, ...]:
        """Return a study's flags, mixed patients first."""
        noted = self.notes.get(study_uid, {})
        flags = []
        for code in sorted(noted, key=lambda code: (code != "PATIENT_MIXED", code)):
            details = [detail for detail in noted[code] if detail]
            if code in COUNTED:
                kinds = ", ".join(sorted(set(details)))
                details = [f"{len(noted[code])} objects" + (f": {kinds}" if kinds else "")]
            flags.append(Flag(code, "; ".join(details)))
        return tuple(flags)

    def closed(self, studies: "tuple[StudyFiles, ...]") -> StudyIndex:
        """Return the index; files seen = used + duplicate + ignored + quarantined, or else raise.

        A file that holds several volumes is one file.
        """
        used = len({
            entry.path for study in studies for one in study.series for entry in one.files
        })  # fmt: skip
        used += sum(len(study.extra_files) for study in studies)
        accounted = used + self.unused.total()
        if accounted != self.seen:
            message = f"{self.seen} files seen, {accounted} accounted for"
            raise AssertionError(message)
        return StudyIndex(
            root=self.root,
            studies=studies,
            files_seen=self.seen,
            duplicates=self.unused["DUPLICATE"],
            ignored=tuple(sorted(self.ignored)),
            quarantined=tuple(sorted(self.quarantined, key=_by_study_and_path)),
            files_quarantined=self.files_quarantined,
            unused={code: self.unused[code] for code in sorted(+self.unused)},
        )


def shown(path: FilePath, root: "Path") -> str:
    """Return a path below the root as printable text."""
    place = place_of(path)
    inside = place.relative_to(root) if place.is_relative_to(root) else place
    name = inside.as_posix() if inside.parts else place.name
    plain = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in plain)


def _by_study_and_path(entry: QuarantineEntry) -> tuple[str, ...]:
    return entry.study_uid, entry.path, entry.code, entry.message
