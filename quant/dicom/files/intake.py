"""What comes in: every file below a folder, on disk or in ZIP archives, and its header."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from quant.dicom.files.archives import Gauge, Listing, is_archive
from quant.dicom.files.objects import DICOMDIR_CLASS
from quant.dicom.files.reader import PlainReader, ReadsFiles, headers_of
from quant.dicom.files.tree import by_parts, claimed_content, is_region_file, walk
from quant.domain.archive import ArchiveMember, FilePath, place_of

if TYPE_CHECKING:
    from pathlib import Path

    from quant.dicom.files.accounts import Accounts
    from quant.dicom.files.cache import HeaderCache
    from quant.dicom.files.duplicates import Found
    from quant.dicom.files.header import Header

Tick = Callable[[int, int], None]

BROKEN_BYTES = ("TRUNCATED", "DICOM_UNREADABLE")
"""Members with these codes may still say in their header whose they are."""


@dataclass(slots=True)
class Intake:
    """Files with a DICOM header, and the others that may hold regions.

    ``spoiled`` says of loose files in archives why they cannot be read.
    """

    headers: "list[Found]" = field(default_factory=list)
    loose: list[FilePath] = field(default_factory=list)
    spoiled: dict[FilePath, tuple[str, str]] = field(default_factory=dict)


def folder_of(root: "Path", reader: ReadsFiles) -> "Path":
    """Return the folder that a DICOMDIR stands for, or what was given."""
    if not root.is_file():
        return root
    (header,) = reader.headers([root])
    is_directory = header is not None and header.sop_class_uid == DICOMDIR_CLASS
    return root.parent if is_directory or root.name.upper() == "DICOMDIR" else root


def take_in(
    roots: "list[Path]",
    accounts: "Accounts",
    tick: Tick | None = None,
    cache: "HeaderCache | None" = None,
    reader: ReadsFiles | None = None,
) -> Intake:
    """Read the header of every file below some folders.

    Parameters
    ----------
    roots : list of Path
        Folders or single files; those inside one another are walked once.
    accounts : Accounts
        Where files are entered that are passed over or refused.
    tick : callable, optional
        Called with (files done, files known so far).
    cache : HeaderCache, optional
        Where headers of files that did not change are kept.
    reader : ReadsFiles, optional
        Who opens the files; this process when left out.

    Returns
    -------
    Intake
        In the order of paths, whatever the order in which files were written. An archive that can
        be listed counts as a folder, not as a file.
    """
    intake, paths = Intake(), _files(roots, accounts)
    reader = reader or PlainReader()
    progress = _Progress(tick, len(paths))
    archives: list[Path] = []
    for path, header in zip(paths, headers_of(paths, reader, cache), strict=True):
        if header is not None:
            intake.headers.append((path, header))
        elif is_archive(path):
            archives.append(path)
        else:
            _without_header(path, intake, accounts)
        progress.step()
    for archive in archives:
        listing = reader.listing(archive)
        accounts.seen += len(listing.members) + len(listing.refused) - 1
        progress.total += len(listing.members)
        for one in listing.refused:
            _refuse(one.place, (one.code, one.message), intake, accounts)
        for member, problem, header in _opened(listing, reader):
            _take_member(member, problem, header, intake, accounts)
            progress.step()
    intake.headers.sort(key=lambda one: by_parts(place_of(one[0])))
    intake.loose.sort()
    return intake


Problem = tuple[str, str]
"""A code and why; both empty when all is well."""


def _opened(
    listing: Listing, reader: ReadsFiles
) -> "Iterator[tuple[ArchiveMember, Problem, Header | None]]":
    """Yield every member with what is wrong with it and its header, if it is to be read."""
    gauge = Gauge()
    gauged: deque[tuple[ArchiveMember, Problem, bool]] = deque()

    def readable() -> Iterator[ArchiveMember]:
        for member in listing.members:
            code, message = gauge.problem(member)
            if code in BROKEN_BYTES and is_region_file(member):
                code = "ROI_UNREADABLE"
            is_read = not code or code in BROKEN_BYTES
            gauged.append((member, (code, message), is_read))
            if is_read:
                yield member.damaged() if code else member

    for header in reader.headers(readable()):
        while not gauged[0][2]:
            yield (*gauged.popleft()[:2], None)
        yield (*gauged.popleft()[:2], header)
    for member, problem, _ in gauged:
        yield member, problem, None


@dataclass(slots=True)
class _Progress:
    tick: Tick | None
    total: int
    done: int = 0

    def step(self) -> None:
        self.done += 1
        if self.tick is not None:
            self.tick(self.done, self.total)


def _files(roots: "list[Path]", accounts: "Accounts") -> "list[Path]":
    """Walk, and enter what is no regular file or cannot be listed."""
    paths: list[Path] = []
    for root in dict.fromkeys(roots):
        if any(root.is_relative_to(other) for other in roots if other != root):
            continue
        found = walk(root)
        paths += found.regular
        for path in found.special:
            accounts.ignore(path, "FILE_SKIPPED")
        for path in found.unreadable:
            accounts.quarantine(path, "", "NO_PERMISSION", "the folder cannot be listed")
        accounts.seen += len(found.regular) + len(found.special) + len(found.unreadable)
    return paths


def _without_header(path: FilePath, intake: Intake, accounts: "Accounts") -> None:
    if is_region_file(path):
        intake.loose.append(path)
    elif not (claimed := claimed_content(path)):
        accounts.ignore(path, "FILE_SKIPPED")
    elif path.stat().st_size == 0:
        accounts.quarantine(path, "", "TRUNCATED", "the file is empty")
    else:
        message = f"by its name {claimed}, by its content not"
        accounts.quarantine(path, "", "FILE_SKIPPED", message)


def _refuse(path: FilePath, problem: Problem, intake: Intake, accounts: "Accounts") -> None:
    """Set a file of an archive aside; a region file is entered when its study is known."""
    if is_region_file(path) and problem[0] != "FILE_SKIPPED":
        intake.loose.append(path)
        intake.spoiled[path] = problem
    else:
        accounts.quarantine(path, "", *problem)


def _take_member(
    member: ArchiveMember,
    problem: Problem,
    header: "Header | None",
    intake: Intake,
    accounts: "Accounts",
) -> None:
    """Enter a member; also the header of a damaged one may say which series lost a slice."""
    code, message = problem
    if header is not None:
        broken = replace(header, code=code, message=message) if code else header
        intake.headers.append((member, broken))
    elif code:
        _refuse(member, problem, intake, accounts)
    elif is_archive(member):
        accounts.quarantine(member, "", "ZIP_LIMIT", "an archive inside an archive is not opened")
    else:
        _without_header(member, intake, accounts)
