"""Where compiled kernels are kept between runs: a folder of the user's that is never needed.

numba keeps compiled code beside the module, which an installed package may not allow, and pickled,
so that whoever can write there decides what runs. Here it lies in a private folder, an entry counts
while the text of its module is the same, and whatever fails, the kernel is compiled in memory.
"""

import hashlib
import logging
import os
from functools import cache
from pathlib import Path

from numba.core.caching import CompileResultCacheImpl, FunctionCache

logger = logging.getLogger(__name__)

NUMBA_ENVIRONMENT = "NUMBA_CACHE_DIR"
"""numba's own variable: where the user has set it, kernels lie there."""

ENVIRONMENT = "QUANT_CACHE"
"""Names the folder of all caches; ``off`` is about headers: kernels hold nothing of a study."""

_OTHERS_MAY_WRITE = 0o022


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


class KernelCache(FunctionCache):
    """The compiled forms of one kernel on disk; what fails is logged and compiled instead.

    Raises
    ------
    RuntimeError
        When there is nowhere to keep anything.
    """

    _impl_class = _Entries

    def load_overload(self, sig: object, target_context: object) -> object:
        """Return the compiled form for a signature, or None."""
        try:
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        except Exception as error:  # noqa: BLE001 - a damaged file may raise anything
            logger.info("a kept kernel cannot be read, it is compiled: %s", type(error).__name__)
            return None

    def save_overload(self, sig: object, data: object) -> None:
        """Keep a compiled form."""
        for attempt in range(2):
            try:
                super().save_overload(sig, data)  # type: ignore[no-untyped-call]
            except Exception as error:  # noqa: BLE001 - no room, no rights, a damaged index
                logger.info("a kernel cannot be kept: %s", type(error).__name__)
                if attempt == 0 and not isinstance(error, OSError):
                    self._forget()
                    continue
            return

    def kept(self) -> int:
        """Count the compiled forms on disk that belong to the present text of the kernel."""
        try:
            return len(self._cache_file._load_index())  # type: ignore[no-untyped-call]  # noqa: SLF001
        except Exception:  # noqa: BLE001 - as in load_overload
            return 0

    def _forget(self) -> None:
        """Empty an index that cannot be read."""
        try:
            self.flush()  # type: ignore[no-untyped-call]
        except OSError as error:
            logger.info("a damaged index cannot be replaced: %s", type(error).__name__)
