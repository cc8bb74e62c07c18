"""Response: RECIST 1.1 and INRC 2017, each answer with its derivation step by step.

>>> from quant.scoring.response import respond
>>> report = respond(Path("lesions.csv"), disease=Path("disease.csv"))  # doctest: +SKIP

Rooms: ``lesions`` (the lesion table, and diameters of regions), ``recist``, ``inrc``. Importing
this package loads nothing; each name is loaded when it is first used.
"""

from typing import TYPE_CHECKING

from quant.lazily import lazily

if TYPE_CHECKING:
    from quant.scoring.response.answers import RecistSettings, Response
    from quant.scoring.response.report import (
        ResponseReport,
        is_disease_table,
        is_lesion_table,
        respond,
        respond_disease,
    )
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "quant.scoring.response.answers": ["RecistSettings", "Response"],
            "quant.scoring.response.report": [
                "ResponseReport",
                "is_disease_table",
                "is_lesion_table",
                "respond",
                "respond_disease",
            ],
        },
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
