"""Public names of a package, each loaded from its home when it is first used."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module


def lazily(
    package: str, homes: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Make the ``__getattr__`` and ``__dir__`` of a package whose import is to load nothing.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    homes : mapping of str to sequence of str
        Module to the public names that live there.

    Notes
    -----
    A package assigns them where type checkers do not look, beside the imports that they do read::

        if TYPE_CHECKING:
            from quant.api import open_studies
        else:
            __getattr__, __dir__ = lazily(__name__, {"quant.api": ["open_studies"]})

    so that a checker knows every public name and its type, and refuses any other. ``__dir__`` lists
    ``__all__``.

    References
    ----------
    PEP 562 (module ``__getattr__`` and ``__dir__``).
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def load(name: str) -> object:
        if name not in home_of:
            message = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(message)
        return getattr(import_module(home_of[name]), name)

    def names() -> list[str]:
        return sorted(vars(sys.modules[package])["__all__"])

    return load, names
