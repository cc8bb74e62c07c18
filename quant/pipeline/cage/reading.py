"""Indexing in the cage: headers, archives and comparisons are read by a worker.

What a worker answers is checked before it is used: its kinds, and that paths are those asked for.
"""

from collections.abc import Iterable, Iterator
from dataclasses import astuple, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quant.dicom.files.archives import Listing, Refused, list_archive
from quant.dicom.files.duplicates import Found, same_object
from quant.dicom.files.header import Header
from quant.dicom.files.patients import patient_of
from quant.domain.archive import ArchiveMember
from quant.domain.flags import CODES
from quant.domain.unpacking import Packed
from quant.pipeline.cage.process import Task

if TYPE_CHECKING:
    from quant.domain.archive import FilePath
    from quant.domain.study import FileEntry, StudyFiles
    from quant.pipeline.cage.cage import Cage, Outcome
    from quant.pipeline.cage.worker import Note

DEPTH = 64
"""Headers that wait in one worker: each takes a fraction of a millisecond."""

FILES_PER_WORKER = 2000
"""So many files are read in the time that another worker would need to start."""

LISTING_S = 60.0
"""For the directory of an archive, which may be long."""

TEXTS = tuple(one.name for one in fields(Header) if one.type is str or one.type == "str")


def header(path: "FilePath", _note: "Note") -> object:
    """Read a header, in the worker."""
    from quant.dicom.files.headers import read_header

    read = read_header(path)
    if read is None:
        return None
    return [[getattr(read, name) for name in TEXTS], read.facts]


def frames(entry: "FileEntry", _note: "Note") -> object:
    """Read the facts of the frames of a multi-frame file, in the worker."""
    from quant.dicom.slices.enhanced import with_frames

    return with_frames(entry).facts


def listing(archive: Path, _note: "Note") -> object:
    """List an archive, in the worker."""
    found = list_archive(archive)
    return [
        [_plain_member(one) for one in found.members],
        [[str(one.place), one.code, one.message] for one in found.refused],
    ]


def same(pair: tuple[Found, Found], _note: "Note") -> bool:
    """Compare two files, in the worker."""
    return same_object(*pair)


def patient(study: "StudyFiles", _note: "Note") -> tuple[str, str]:
    """Read whose study it is, in the worker."""
    return patient_of(study)


class CagedReader:
    """Reads in the workers of a cage; a file that kills or hangs one is named and set aside.

    Parameters
    ----------
    cage : Cage
    """

    def __init__(self, cage: "Cage") -> None:
        self._cage = cage

    def headers(self, files: "Iterable[FilePath]") -> Iterator[Header | None]:
        """Yield the header of each file, in their order."""
        limits = self._cage.limits.of_header()
        most = 1 + len(files) // FILES_PER_WORKER if isinstance(files, list) else 1
        tasks = (Task(f"{__name__}:header", path, *limits, depth=DEPTH) for path in files)
        yield from map(_header, self._cage.run(tasks, most=most, in_order=True))

    def framed(self, entry: "FileEntry") -> "FileEntry":
        """Return a multi-frame file with the facts of its frames; without them where that failed.

        Such a file is refused when it is to be measured, as one whose frames have no known place.
        """
        limits = self._cage.limits.of_header()
        outcome = self._cage.call(Task(f"{__name__}:frames", entry, *limits))
        facts = outcome.message.get("answer")
        return replace(entry, facts=_tuples(facts)) if isinstance(facts, dict) else entry

    def listing(self, archive: Path) -> Listing:
        """Return the members of an archive."""
        outcome = self._cage.call(Task(f"{__name__}:listing", archive, LISTING_S, 2 * LISTING_S))
        try:
            members, refused = outcome.message["answer"]
            return Listing(
                [_member(one, archive) for one in members],
                [_refused(one, archive) for one in refused],
            )
        except (KeyError, TypeError, ValueError):
            return Listing(refused=[Refused(archive, *_why(outcome))])

    def same(self, one: Found, other: Found) -> bool:
        """Tell whether two files hold the same object; False when that killed the worker."""
        limits = self._cage.limits.of_header()
        outcome = self._cage.call(Task(f"{__name__}:same", (one, other), *limits))
        return outcome.message.get("answer") is True

    def patient(self, study: "StudyFiles") -> tuple[str, str]:
        """Return name and identifier of a study's patient; empty when they cannot be read."""
        limits = self._cage.limits.of_header()
        outcome = self._cage.call(Task(f"{__name__}:patient", study, *limits))
        answer = outcome.message.get("answer")
        if isinstance(answer, list) and [type(one) for one in answer] == [str, str]:
            return answer[0], answer[1]
        return "", ""


def _why(outcome: "Outcome") -> tuple[str, str]:
    """Return code and message of a file that could not be read."""
    if outcome.death is not None:
        return outcome.death.code, f"while it was read: {outcome.death.message}"
    kind = outcome.message.get("failed") or "an unreadable answer"
    return "DICOM_UNREADABLE", f"{kind} while it was read"


def _header(outcome: "Outcome") -> Header | None:
    if outcome.message.get("answer", outcome) is None:
        return None
    try:
        return _checked(*outcome.message["answer"])
    except (KeyError, TypeError, ValueError):
        code, message = _why(outcome)
        return Header(code=code, message=message)


def _checked(texts: list[object], facts: dict[str, Any]) -> Header:
    named = dict(zip(TEXTS, texts, strict=True))
    is_known = not named["code"] or named["code"] in CODES
    if not is_known or not all(isinstance(one, str) for one in texts):
        raise TypeError(texts)
    return Header(**named, facts=_tuples(facts))  # type: ignore[arg-type]


def _tuples(facts: dict[str, Any]) -> dict[str, object]:
    """Undo what JSON does to tuples."""
    return {key: _tuple(value) for key, value in facts.items()}


def _tuple(value: object) -> object:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


def _plain_member(member: ArchiveMember) -> list[object]:
    _, *numbers = astuple(member.packed)
    return [str(member.place), numbers, [_plain_member(one) for one in member.beside]]


def _member(answer: Any, archive: Path) -> ArchiveMember:  # noqa: ANN401 - what JSON holds
    place, numbers, beside = answer
    if [type(one) for one in numbers] != [int] * 6 + [bool]:
        raise TypeError(numbers)
    packed = Packed(archive, *numbers)
    return ArchiveMember(
        _inside(place, archive), packed, tuple(_member(one, archive) for one in beside)
    )


def _refused(answer: Any, archive: Path) -> Refused:  # noqa: ANN401 - what JSON holds
    place, code, message = answer
    if code not in CODES or not isinstance(message, str):
        raise TypeError(code)
    return Refused(_inside(place, archive), code, message)


def _inside(place: Any, archive: Path) -> Path:  # noqa: ANN401 - what JSON holds
    path = Path(place)
    if not path.is_relative_to(archive) or ".." in path.relative_to(archive).parts:
        raise ValueError(place)
    return path
