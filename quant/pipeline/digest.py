"""One number for all results: equal results give the same, whatever the run and the machine did."""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quant.errors import UsageError
from quant.pipeline.derived import TABLES, derived_seals
from quant.pipeline.folder import MANIFEST_NAME, OBJECTS, RECORDS, STUDIES
from quant.pipeline.lock import require_idle
from quant.report.pictures import COPIES, DISPLAY, FOR_LOOKING, SHEET
from quant.report.records import record_body
from quant.report.writing import read_own

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from quant.pipeline.entries import Entry
    from quant.pipeline.ledger import Ledger

NO_RESULTS = FOR_LOOKING.union(OBJECTS)
"""Files of a study's folder that repeat results or show them."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What reading all results again gave.

    Parameters
    ----------
    digest : str
        Of what is there now.
    stated : str
        What ``run.json`` says it was.
    files : int
        Results read.
    damaged : tuple of str
        Files that are missing or not what they were, by path below the output folder. The DICOM
        objects and copies for display of a study are named by their folder.
    """

    digest: str
    stated: str
    files: int
    damaged: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Tell whether every result is what was written."""
        return not self.damaged and self.digest == self.stated


def combined(sums: "Mapping[str, str]") -> str:
    """Return the SHA-256 over files and their SHA-256, sorted by path below the output folder."""
    lines = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(sums.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def result_sums(entries: "Iterable[Entry]", ledger: "Ledger") -> dict[str, str]:
    """Return the SHA-256 of a run's records, their own files and all tables, without reading them.

    They hold no time, no path of the input, no name of a machine: the same input, protocol and
    version give the same on the same platform. Pictures and DICOM objects repeat results and do
    not count.
    """
    sums = {
        name: seal.sha256
        for one in entries
        for name, seal in one.seals.items()
        if name.rsplit("/", 1)[-1] not in NO_RESULTS
    }
    tables = {name: seal.sha256 for name, seal in derived_seals(ledger).items() if name in TABLES}
    return {**sums, **tables}


def repeats_digest(entry: "Entry") -> str:
    """Return one SHA-256 over a study's DICOM objects and copies for display; empty without any."""
    folder = f"{STUDIES}/{entry.record}/"
    seals = ((name, entry.seals.get(folder + name)) for name in (*OBJECTS, *COPIES))
    sums = {name: seal.sha256 for name, seal in seals if seal is not None}
    return combined(sums) if sums else ""


def read_manifest(out: Path) -> dict[str, object]:
    """Return ``run.json``, whole or not.

    Raises
    ------
    OSError, ValueError
        If it cannot be read or is no JSON object.
    """
    try:
        manifest = json.loads(read_own(out / MANIFEST_NAME))
    except RecursionError as error:
        message = "nested too deep"
        raise ValueError(message) from error
    if not isinstance(manifest, dict):
        message = "no object"
        raise ValueError(message)  # noqa: TRY004 - damaged text, not a mistake of a caller
    return manifest


def manifest_checksum(manifest: dict[str, object]) -> str:
    """Return the SHA-256 of all entries but ``sha256``, as compact JSON with sorted keys."""
    rest = {key: value for key, value in manifest.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify(out: Path) -> Verified:
    """Read all results of the last run again and compare them with what it wrote down.

    So are DICOM objects and copies for display; of sheets only that they are there and end where
    they should: ``quant report`` draws them again.

    Parameters
    ----------
    out : Path
        An output folder of ``quant run``.

    Raises
    ------
    UsageError
        ``USAGE`` if it holds no finished run.
    OutputError
        ``OUT_IN_USE`` while a run is at work in it.
    """
    require_idle(out)
    try:
        manifest = read_manifest(out)
        stated, sums = str(manifest["digest"]), _table(manifest["results"])
        repeats = dict(_repeats(_table(manifest["records"])))
        is_whole = manifest["sha256"] == manifest_checksum(manifest)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            "USAGE",
            "The folder holds no finished run.",
            found=f"run.json cannot be used: {type(error).__name__}",
            needed="the output folder of a run that has ended",
            next_step="give the command of the run again: it goes on, or writes run.json anew",
        ) from error
    found, damaged = {}, [] if is_whole else ["run.json"]
    for name, sha256 in sorted(sums.items()):
        try:
            content = read_own(_inside(out, name))
            if name.startswith(f"{RECORDS}/"):
                record_body(content, name)
        except (OSError, ValueError):
            damaged.append(name)
            continue
        found[name] = hashlib.sha256(content).hexdigest()
        if found[name] != sha256:
            damaged.append(name)
    for record, sha256 in repeats.items():
        damaged += _spoiled(out, f"{STUDIES}/{record}", sha256)
    return Verified(combined(found), stated, len(found), tuple(damaged))


def _inside(out: Path, name: str) -> Path:
    """Return a result's path; raise ValueError for a name that no run writes down."""
    known = name in TABLES or name.startswith((f"{RECORDS}/", f"{STUDIES}/"))
    if not known or ".." in name.split("/"):
        message = f"{name!r} is no result"
        raise ValueError(message)
    return out / name


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(type(value).__name__)
    return value


def _repeats(records: "Mapping[str, Any]") -> "Iterator[tuple[str, str]]":
    """Yield the names of records with the digest of what repeats them."""
    for one in records.values():
        yield Path(one["record"]).stem, one.get("repeats", "")


def _spoiled(out: Path, folder: str, stated: str) -> "Iterator[str]":
    """Name what is not whole among the files of a study that repeat its record."""
    if not stated:
        return
    sums = {}
    for name in (*OBJECTS, *COPIES):
        with suppress(OSError):
            sums[name] = hashlib.sha256(read_own(out / folder / name)).hexdigest()
    if combined(sums) != stated:
        yield folder
    if DISPLAY in sums and not _is_sheet(out / folder / SHEET):
        yield f"{folder}/{SHEET}"


def _is_sheet(path: Path) -> bool:
    """Tell whether a WebP file is there that is as long as it says."""
    try:
        content = read_own(path)
    except OSError:
        return False
    length = int.from_bytes(content[4:8], "little") + 8
    return content[:4] == b"RIFF" and content[8:12] == b"WEBP" and len(content) == length
