"""One number for all results: equal results give the same, whatever the run and the machine did."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from quant.errors import UsageError
from quant.pipeline.derived import TABLES, derived_seals
from quant.pipeline.folder import OBJECTS, RECORDS, STUDIES
from quant.report.pictures import FOR_LOOKING
from quant.report.records import record_body

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from quant.pipeline.entries import Entry
    from quant.pipeline.ledger import Ledger


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
        Files that are missing or not what they were, by path below the output folder.
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
        if name.rsplit("/", 1)[-1] not in (*FOR_LOOKING, *OBJECTS)
    }
    tables = {name: seal.sha256 for name, seal in derived_seals(ledger).items() if name in TABLES}
    return {**sums, **tables}


def manifest_checksum(manifest: dict[str, object]) -> str:
    """Return the SHA-256 of all entries but ``sha256``, as compact JSON with sorted keys."""
    rest = {key: value for key, value in manifest.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify(out: Path) -> Verified:
    """Read all results of the last run again and compare them with what it wrote down.

    Parameters
    ----------
    out : Path
        An output folder of ``quant run``.

    Raises
    ------
    UsageError
        ``USAGE`` if it holds no finished run.
    """
    try:
        manifest = json.loads((out / "run.json").read_bytes())
        stated, sums = str(manifest["digest"]), dict(manifest["results"])
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
            content = _inside(out, name).read_bytes()
            if name.startswith(f"{RECORDS}/"):
                record_body(content, name)
        except (OSError, ValueError):
            damaged.append(name)
            continue
        found[name] = hashlib.sha256(content).hexdigest()
        if found[name] != sha256:
            damaged.append(name)
    return Verified(combined(found), stated, len(found), tuple(damaged))


def _inside(out: Path, name: str) -> Path:
    """Return a result's path; raise ValueError for a name that no run writes down."""
    known = name in TABLES or name.startswith((f"{RECORDS}/", f"{STUDIES}/"))
    if not known or ".." in name.split("/"):
        message = f"{name!r} is no result"
        raise ValueError(message)
    return out / name
