"""Volumetric SPECT/CT quantification: reference spheres, uptake ratios, tumour shape.

>>> import quant
>>> for study in quant.open_studies("dicom/"):  # doctest: +SKIP
...     record = quant.measure_study(study, protocol="zhou2025")
...     record.value("tmax_lmax"), record.interval("tmax_lmax"), record.flags

Importing this package loads nothing heavy; each name is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from quant.version import VERSION

if TYPE_CHECKING:
    from quant.api import measure_study, open_studies, read_results
    from quant.domain.protocol import StudyProtocol
    from quant.domain.record import StudyRecord
    from quant.errors import QuantError
    from quant.pipeline.protocols import load_protocol

__version__ = VERSION

__all__ = [
    "QuantError",
    "StudyProtocol",
    "StudyRecord",
    "__version__",
    "load_protocol",
    "measure_study",
    "open_studies",
    "read_results",
]

_HOMES = {
    "QuantError": "quant.errors",
    "StudyProtocol": "quant.domain.protocol",
    "StudyRecord": "quant.domain.record",
    "load_protocol": "quant.pipeline.protocols",
    "measure_study": "quant.api",
    "open_studies": "quant.api",
    "read_results": "quant.api",
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
