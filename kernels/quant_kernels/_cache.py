"""Where compiled kernels are kept between runs: a folder of the user's that is never needed.

numba keeps compiled code beside the module, which an installed package may not allow, and pickled,
so that whoever can write there decides what runs. Here it lies in a private folder, an entry counts
while the text of its module is the same, and whatever fails, the kernel is compiled in memory.

numba also numbers the data files through an index. Two processes that compile two forms of one
kernel at the same time then give both the same number, and the later reader runs machine code made
for other arguments. Here each form has a file of its own, named by what it is, that says what it
is: there is no index to agree on.
"""

import glob
import hashlib
import logging
import os
import pickle
import uuid
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numba
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.serialize import dumps

logger = logging.getLogger(__name__)

NUMBA_ENVIRONMENT = "NUMBA_CACHE_DIR"
"""numba's own variable: where the user has set it, kernels lie there."""

ENVIRONMENT = "QUANT_CACHE"
"""Names the folder of all caches; ``off`` is about headers: kernels hold nothing of a study."""

_OTHERS_MAY_WRITE = 0o022
_CHECKSUM_BYTES = 32


def kernel_folder() -> Path | None:
    """Return the folder that holds compiled kernels, made or not; None when there is no home."""
    chosen = os.environ.get(NUMBA_ENVIRONMENT, "")
    if chosen:
        return Path(chosen)
    chosen = os.environ.get(ENVIRONMENT, "")
    if chosen and chosen.strip().lower() != "off":
        return Path(chosen) / "kernels"
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        root = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    except RuntimeError:
        return None
    return root / "spectct-quant" / "kernels"


def why_unusable(folder: Path | None) -> str:
    """Say why nothing can be read from or kept in a folder; empty when all is well.

    The folder is made, with mode 0700, when it is missing. One that other users may write to is not
    used (what lies in it is run), unless the user named it by numba's variable.
    """
    if folder is None:
        return "there is no home folder"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.stat()
    except OSError as error:
        return error.strerror or type(error).__name__
    if os.name != "posix" or os.environ.get(NUMBA_ENVIRONMENT):
        return ""
    if about.st_uid not in {os.getuid(), 0}:
        return "it belongs to another user"
    if about.st_mode & _OTHERS_MAY_WRITE:
        return "other users may write to it"
    return ""


@cache
def _place(installed: Path) -> Path | None:
    """Return the folder for the kernels that are installed in one place; None for memory only."""
    folder = kernel_folder()
    why = why_unusable(folder)
    if why or folder is None:
        logger.warning("compiled kernels are not kept in %s: %s", folder, why)
        return None
    installation = hashlib.sha256(os.fsencode(installed)).hexdigest()[:16]
    return folder / installation


@cache
def _stamp(module: Path) -> str:
    """Digest of what the compiled code depends on: the text of the module and the settings."""
    texts = (module, Path(__file__), Path(__file__).with_name("_jit.py"))
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.read_bytes())
    return digest.hexdigest()


class _Locator:
    """Tells numba where a kernel's entries lie and what they are made of."""

    def __init__(self, function: object, module: Path, place: Path) -> None:
        self._py_file = str(module)
        self._line: int = function.__code__.co_firstlineno  # type: ignore[attr-defined]
        self._folder, self._freshness = place, _stamp(module)

    @classmethod
    def from_function(cls, function: object, module: str) -> "_Locator | None":
        """Return None where there is nowhere to keep anything, or no text to judge by."""
        path = Path(module).resolve()
        try:
            place = _place(path.parent)
            return None if place is None else cls(function, path, place)
        except OSError as error:
            logger.warning("compiled kernels are not kept: %s", error.strerror)
            return None

    def get_cache_path(self) -> str:
        return str(self._folder)

    def get_source_stamp(self) -> str:
        return self._freshness

    def get_disambiguator(self) -> str:
        return str(self._line)

    def ensure_cache_path(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)


class _Entries(CompileResultCacheImpl):
    _locator_classes: list[type[object]] = [_Locator]  # noqa: RUF012 - numba's attribute


class _Form(NamedTuple):
    """One compiled form on disk, with all that tells whether it is the one that is asked for."""

    numba_version: str
    stamp: str
    key: object
    compiled: object


class _FormFiles:
    """One file for each compiled form of a kernel: a checksum, then the form, pickled.

    Writers never meet: a file is written under a name of its own and then renamed, and two
    processes that compile the same form rename the same thing.
    """

    def __init__(self, folder: Path, base: str, stamp: str) -> None:
        self._folder, self._base, self._stamp = folder, base, stamp
        self._pattern = glob.escape(base)

    def _path(self, key: object) -> Path:
        text = f"{numba.__version__}\n{key}"
        name = hashlib.sha256(text.encode()).hexdigest()[:24]
        return self._folder / f"{self._base}.{self._stamp[:16]}.{name}.nbc"

    def files(self) -> list[Path]:
        """Return the files that belong to the present text of the kernel."""
        return sorted(self._folder.glob(f"{self._pattern}.{self._stamp[:16]}.*.nbc"))

    def load(self, key: object) -> object:
        """Return what was kept for a key; None when there is nothing, or not quite that."""
        try:
            content = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        checksum, body = content[:_CHECKSUM_BYTES], content[_CHECKSUM_BYTES:]
        if hashlib.sha256(body).digest() != checksum:
            logger.info("a kept kernel is damaged, it is compiled: %s", self._base)
            return None
        form = _Form(*pickle.loads(body))  # noqa: S301 - the folder is the user's own
        asked = (numba.__version__, self._stamp, key)
        return form.compiled if (form.numba_version, form.stamp, form.key) == asked else None

    def save(self, key: object, compiled: object) -> None:
        """Keep a compiled form, and remove those of an earlier text of the kernel."""
        form = _Form(numba.__version__, self._stamp, key, compiled)
        body: bytes = dumps(tuple(form))  # type: ignore[no-untyped-call]
        path = self._path(key)
        part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:16]}.part")
        try:
            part.write_bytes(hashlib.sha256(body).digest() + body)
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        present = set(self.files())
        for old in self._folder.glob(f"{self._pattern}.*.nbc"):
            if old not in present:
                old.unlink(missing_ok=True)

    def flush(self) -> None:
        """Remove every form of the kernel; numba's word for it."""
        for path in self._folder.glob(f"{self._pattern}.*.nbc"):
            path.unlink(missing_ok=True)


class KernelCache(FunctionCache):
    """The compiled forms of one kernel on disk; what fails is logged and compiled instead.

    Raises
    ------
    RuntimeError
        When there is nowhere to keep anything.
    """

    _impl_class = _Entries

    def __init__(self, function: object) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        self._forms = _FormFiles(
            Path(self._cache_path), self._impl.filename_base, self._impl.locator.get_source_stamp()
        )
        self._cache_file = self._forms  # type: ignore[assignment]

    def load_overload(self, sig: object, target_context: object) -> object:
        """Return the compiled form for a signature, or None."""
        try:
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        except Exception as error:  # noqa: BLE001 - a damaged file may raise anything
            logger.info("a kept kernel cannot be read, it is compiled: %s", type(error).__name__)
            return None

    def save_overload(self, sig: object, data: object) -> None:
        """Keep a compiled form."""
        try:
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]
        except Exception as error:  # noqa: BLE001 - no room, no rights
            logger.info("a kernel cannot be kept: %s", type(error).__name__)

    def kept(self) -> int:
        """Count the compiled forms on disk that belong to the present text of the kernel."""
        return len(self._forms.files())
