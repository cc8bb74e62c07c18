"""Response: RECIST 1.1 and INRC 2017, each answer with its derivation step by step.

>>> from quant.scoring.response import respond
>>> report = respond(Path("lesions.csv"), disease=Path("disease.csv"))  # doctest: +SKIP

Importing this package loads nothing; each name is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quant.scoring.response.answers import RecistSettings, Response
    from quant.scoring.response.report import (
        ResponseReport,
        is_disease_table,
        is_lesion_table,
        respond,
        respond_disease,
    )

__all__ = [
    "RecistSettings",
    "Response",
    "ResponseReport",
    "is_disease_table",
    "is_lesion_table",
    "respond",
    "respond_disease",
]

_HOMES = {
    name: "quant.scoring.response.answers"
    if name in {"RecistSettings", "Response"}
    else "quant.scoring.response.report"
    for name in __all__
}


def __getattr__(name: str) -> object:
    """Load a public name from its home on first use."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
