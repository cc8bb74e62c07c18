"""The one compiler setting of the house: kept on disk, without the lock, never fast-math."""

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

import numba
from numba.core.types import unliteral

from quant_kernels._cache import KernelCache

F = TypeVar("F", bound=Callable[..., object])

KERNELS: dict[str, Any] = {}
"""Every kernel that is loaded, by ``module.name``, in the order of loading."""


def kernel(function: F) -> F:
    """Compile a function on its first call with each kind of arguments, or load it compiled.

    What nobody needs is not compiled: another form for each number that stands in the text of a
    caller, and ways to call a helper (its name begins with ``_``) from outside of kernels. With
    ``NUMBA_DISABLE_JIT=1`` the function stays as it is.
    """
    is_helper = function.__name__.startswith("_")
    options: dict[str, Any] = {"no_cpython_wrapper": is_helper, "no_cfunc_wrapper": True}
    compiled: Any = numba.njit(nogil=True, fastmath=False, **options)(function)
    if compiled is not function:
        template = compiled.get_call_template
        compiled.get_call_template = lambda kinds, named: template(
            [unliteral(kind) for kind in kinds],  # type: ignore[no-untyped-call]
            named,
        )
        with contextlib.suppress(RuntimeError):  # nowhere to keep it, as the log says
            compiled._cache = KernelCache(function)  # noqa: SLF001
        KERNELS[f"{function.__module__.rpartition('.')[2]}.{function.__name__}"] = compiled
    kept: F = compiled
    return kept
