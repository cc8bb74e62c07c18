"""Headers and digests of files that did not change since they were read, in a file of the user's.

The cache holds no path (its SHA-256 stands for it) and nothing that :class:`Header` does not hold.
It is never needed: one that is damaged, locked, not writable or not one's own is made anew or not
used, and nothing is raised.
"""

import contextlib
import hashlib
import json
import os
import time
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from quant.dicom.files.cache_file import CacheFile, Row
from quant.dicom.files.digests import file_digest
from quant.dicom.files.header import Header
from quant.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from quant.domain.archive import FilePath
    from quant.domain.study import StudyFiles

ENVIRONMENT = "QUANT_CACHE"
"""Names a folder of its own for the cache; ``off`` means none."""

SETTLE_S = 2.0
"""A file changed so shortly before is not kept: it may change again under the same time stamp."""

BATCH = 500
"""Entries written in one transaction."""

MOST_BYTES = 512 * 2**20
"""Beyond this size the oldest quarter of the entries is dropped; about 200 000 remain."""

READING = (
    "facts", "header", "headers", "objects", "private", "pydicom_headers", "streams", "walker",
    "walker_hop", "walker_values", "wanted",
)  # fmt: skip
"""The modules beside this one that make headers: when their text changes, all are read anew."""

DIGEST_LENGTH = 64

# the first fields of Header, in their order: what is left is the dict of facts
TEXTS = (
    "study_uid", "series_uid", "sop_class_uid", "sop_instance_uid", "modality", "subject", "person",
)  # fmt: skip


class _Place(NamedTuple):
    """A file by the hash of its path, its state, and when that last changed."""

    key: bytes
    state: str
    changed_ns: int


def cache_folder() -> Path | None:
    """Return where the cache lies, or None when there is to be none."""
    chosen = os.environ.get(ENVIRONMENT, "")
    if chosen.strip().lower() == "off":
        return None
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        root = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    except RuntimeError:
        return None
    return root / "spectct-quant"


@contextlib.contextmanager
def opened_cache() -> "Iterator[HeaderCache | None]":
    """Open the cache that the environment names; None when there is to be none."""
    folder = cache_folder()
    if folder is None:
        yield None
        return
    with HeaderCache(folder) as opened:
        yield opened


class HeaderCache:
    """What was read of files earlier, as long as they have not changed.

    A file counts as unchanged while its path, size, inode and times of modification and of change
    are the same.

    Parameters
    ----------
    folder : Path
        Made with mode 0700 when missing; the cache in it has mode 0600.
    settle_s : float
        Age that a file must have to be kept, seconds.
    most_bytes : int
        Size beyond which the oldest entries are dropped.
    """

    def __init__(
        self, folder: Path, *, settle_s: float = SETTLE_S, most_bytes: int = MOST_BYTES
    ) -> None:
        self._settle_ns, self._most_bytes = int(settle_s * 1e9), most_bytes
        self._pending: list[Row] = []
        self._awaited: dict[str, _Place] = {}
        self._seen: dict[str, str] = {}
        self._reader = _reader(os.environ.get("QUANT_SUBJECT_KEY"))
        self._file = CacheFile(folder)

    def __enter__(self) -> Self:
        """Return the cache."""
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is pending and close."""
        self.close()

    def close(self) -> None:
        """Write what is pending, drop the oldest entries of a cache that is too large, close."""
        self.flush()
        self._file.trim(self._most_bytes)
        self._file.close()

    def header(self, path: "FilePath") -> Header | None:
        """Return what :func:`quant.dicom.files.headers.read_header` returns."""
        known = self.known_header(path)
        if known is not None:
            return known
        from quant.dicom.files.headers import read_header

        header = read_header(path)
        self.keep_header(path, header)
        return header

    def known_header(self, path: "FilePath") -> Header | None:
        """Return a header that is kept; None otherwise, and :meth:`keep_header` may keep it."""
        place = self._place(path)
        if place is None:
            return None
        reader, text, _ = self._file.find(place.key, place.state)
        known = _header(text) if reader == self._reader else None
        if known is None:
            self._awaited[f"header {path}"] = place
        return known

    def known_headers(self, paths: "Sequence[FilePath]") -> "list[Header | None]":
        """Return what :meth:`known_header` returns for each file, asked for many at a time.

        Their digests, where they are kept too, then are in :attr:`as_indexed`.
        """
        known: list[Header | None] = []
        for start in range(0, len(paths), BATCH):
            some = paths[start : start + BATCH]
            places = [self._place(path) for path in some]
            rows = self._file.find_all([one.key for one in places if one is not None])
            known += [
                self._known(path, place, rows) for path, place in zip(some, places, strict=True)
            ]
        return known

    def _known(
        self,
        path: "FilePath",
        place: _Place | None,
        rows: "Mapping[bytes, tuple[str, str, str, str]]",
    ) -> Header | None:
        if place is None:
            return None
        state, reader, text, digest = rows.get(place.key, ("", "", "", ""))
        if state == place.state and len(digest) == DIGEST_LENGTH:
            self._seen[str(path)] = digest
        header = _header(text) if state == place.state and reader == self._reader else None
        if header is None:
            self._awaited[f"header {path}"] = place
        return header

    @property
    def as_indexed(self) -> "IndexedDigests":
        """Return the digests of files whose header was found in the cache, as of that moment."""
        return IndexedDigests(self._seen)

    def keep_header(self, path: "FilePath", header: Header | None) -> None:
        """Keep a header that was read after :meth:`known_header` did not know it.

        A file that changed in between is kept under its state before, which it no longer has.
        """
        place = self._awaited.pop(f"header {path}", None)
        if place is not None and header is not None and not header.code:
            self._keep(place, header=_text(header))

    def digest(self, path: "FilePath") -> str:
        """Return what :func:`quant.dicom.files.digests.file_digest` returns.

        Raises
        ------
        ReadError
            As it does.
        """
        place = self._place(path)
        if place is None:
            return file_digest(path)
        known = self._file.find(place.key, place.state)[2]
        if isinstance(known, str) and len(known) == DIGEST_LENGTH:
            return known
        digest = file_digest(path)
        self._keep(place, digest=digest)
        return digest

    def known_digests(self, study: "StudyFiles") -> dict[str, str]:
        """Return the digests of a study's files that are kept, by path as text.

        The state of the others is noted, so that :meth:`keep_digests` can keep what is read next.
        """
        known: dict[str, str] = {}
        paths = {one.path for part in study.series for one in part.files}
        for path in paths.union(study.extra_files):
            place = self._place(path)
            if place is None:
                continue
            digest = self._file.find(place.key, place.state)[2]
            if isinstance(digest, str) and len(digest) == DIGEST_LENGTH:
                known[str(path)] = digest
            else:
                self._awaited[f"digest {path}"] = place
        return known

    def keep_digests(self, made: "Mapping[str, str]") -> None:
        """Keep digests that were made elsewhere, of files that :meth:`known_digests` asked for.

        A file that changed in between is kept under its state before, which it no longer has.
        """
        for path, digest in made.items():
            place = self._awaited.pop(f"digest {path}", None)
            if place is not None and len(digest) == DIGEST_LENGTH:
                self._keep(place, digest=digest)

    def flush(self) -> None:
        """Write what is pending."""
        pending, self._pending = self._pending, []
        if pending:
            self._file.write(pending)

    def _place(self, path: "FilePath") -> _Place | None:
        """Return what tells a file and its state; None where nothing can be kept of it."""
        if not self._file.is_open or not isinstance(path, Path):
            return None
        try:
            status = os.stat(path)  # noqa: PTH116 - 30,000 files: no method of paths
        except OSError:
            return None
        modified, changed = status.st_mtime_ns, status.st_ctime_ns
        state = f"{status.st_size}/{modified}/{changed}/{status.st_ino}"
        name = os.fsencode(path if path.is_absolute() else Path.cwd() / path)
        return _Place(hashlib.sha256(name).digest(), state, max(modified, changed))

    def _keep(self, place: _Place, *, header: str = "", digest: str = "") -> None:
        now = time.time_ns()
        if now - place.changed_ns < self._settle_ns or not (header or digest):
            return
        self._pending.append((place.key, place.state, self._reader, header, digest, now))
        if len(self._pending) >= BATCH:
            self.flush()


class IndexedDigests:
    """Digests that were known when the tree was indexed; no file is looked at again."""

    def __init__(self, digests: "Mapping[str, str]") -> None:
        self._digests = digests

    def digest(self, path: "FilePath") -> str:
        """Return the SHA-256 of a file; raise KeyError when it is not known."""
        return self._digests[str(path)]


@cache
def _reader(subject_key: str | None) -> str:
    """Return what a kept header depends on beside its file: the code that reads, and the key."""
    digest = hashlib.sha256(f"{len(subject_key or '')}\0{subject_key}\0".encode())
    digest.update(version("pydicom").encode())
    digest.update(VERSION.encode())
    for module in READING:
        with contextlib.suppress(OSError):
            digest.update(Path(__file__).with_name(f"{module}.py").read_bytes())
    return digest.hexdigest()[:32]


def _text(header: Header) -> str:
    """Return a header as JSON; empty when a fact has no place in JSON."""
    texts = [getattr(header, name) for name in TEXTS]
    try:
        return json.dumps([*texts, header.facts], separators=(",", ":"))
    except (TypeError, ValueError):
        return ""


def _header(text: object) -> Header | None:
    """Return a header from JSON; None when it is not one."""
    try:
        kept = json.loads(text) if isinstance(text, str) and text else None
    except (ValueError, TypeError, RecursionError):
        return None
    if not isinstance(kept, list) or len(kept) != len(TEXTS) + 1:
        return None
    values = kept.pop()
    if {*map(type, kept)} != {str} or not isinstance(values, dict):
        return None
    for key, one in values.items():
        if one.__class__ is list:
            values[key] = tuple(one)
    return Header(**dict(zip(TEXTS, kept, strict=True)), facts=values)
