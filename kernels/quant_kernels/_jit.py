"""The one compiler setting of the house: kept on disk, without the lock, never fast-math."""

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

import numba

from quant_kernels._cache import KernelCache

F = TypeVar("F", bound=Callable[..., object])

KERNELS: dict[str, Any] = {}
"""Every kernel that is loaded, by ``module.name``, in the order of loading."""


def kernel(function: F) -> F:
    """Compile a function on its first call with each kind of arguments, or load it compiled.

    With ``NUMBA_DISABLE_JIT=1`` the function stays as it is.
    """
    compiled: Any = numba.njit(nogil=True, fastmath=False)(function)
    if compiled is not function:
        with contextlib.suppress(RuntimeError):  # nowhere to keep it, as the log says
            compiled._cache = KernelCache(function)  # noqa: SLF001
        KERNELS[f"{function.__module__.rpartition('.')[2]}.{function.__name__}"] = compiled
    kept: F = compiled
    return kept
