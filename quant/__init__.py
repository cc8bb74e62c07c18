"""Volumetric SPECT/CT quantification: reference spheres, uptake ratios, tumour shape.

>>> import quant
>>> for study in quant.open_studies("dicom/"):  # doctest: +SKIP
...     record = quant.measure_study(study, protocol="zhou2025")
...     record.value("tmax_lmax"), record.interval("tmax_lmax"), record.flags

Importing this package loads nothing heavy; each name is loaded when it is first used.
"""

from typing import TYPE_CHECKING

from quant.lazily import lazily
from quant.version import VERSION

if TYPE_CHECKING:
    from quant.api import measure_study, open_studies, read_results
    from quant.domain.protocol import StudyProtocol
    from quant.domain.record import StudyRecord
    from quant.errors import QuantError
    from quant.pipeline.protocols import load_protocol
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "quant.api": ["measure_study", "open_studies", "read_results"],
            "quant.domain.protocol": ["StudyProtocol"],
            "quant.domain.record": ["StudyRecord"],
            "quant.errors": ["QuantError"],
            "quant.pipeline.protocols": ["load_protocol"],
        },
    )

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
