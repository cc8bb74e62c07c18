"""What kernels there are, in which forms they are compiled, and where those are kept."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from quant_kernels._cache import KernelCache, kernel_folder, why_unusable
from quant_kernels._jit import KERNELS


@dataclass(frozen=True, slots=True)
class KernelState:
    """One kernel as it stands in this process and on disk.

    Parameters
    ----------
    name : str
        ``module.function``.
    signatures : tuple of str
        The kinds of arguments that it was called with in this process.
    kept : int
        Compiled forms on disk of the present text of its module; those that other kernels hold in
        themselves are among them.
    """

    name: str
    signatures: tuple[str, ...]
    kept: int

    @property
    def is_public(self) -> bool:
        """Tell whether it is called from outside its module."""
        return not self.name.partition(".")[2].startswith("_")


def states() -> tuple[KernelState, ...]:
    """Return every kernel that is loaded; with the JIT disabled there are none."""
    return tuple(
        KernelState(
            name,
            tuple(str(signature) for signature in one.signatures),
            one._cache.kept() if isinstance(one._cache, KernelCache) else 0,  # noqa: SLF001
        )
        for name, one in KERNELS.items()
    )


def load_all() -> None:
    """Import every module of kernels; nothing is compiled yet."""
    package = __name__.rpartition(".")[0]
    for module in iter_modules([str(Path(__file__).parent)]):
        import_module(f"{package}.{module.name}")


def place() -> tuple[Path | None, str]:
    """Return the folder of compiled kernels, and why it is not used (empty when it is)."""
    folder = kernel_folder()
    return folder, why_unusable(folder)
