"""Cut-offs that papers found for what the report shows, each for its own setting."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """A cut-off as published; whether it holds elsewhere is not known.

    Parameters
    ----------
    letter : str
        Its mark in the picture.
    quantity : str
        Column name of what it cuts.
    value : float
        In the unit of that column: asphericity as a fraction.
    words : str
        The cut-off in that unit, and in brackets as the source words it.
    setting : str
        In whom, by what means, for what.
    caution : str
        What stands against its use.
    source : str
    """

    letter: str
    quantity: str
    value: float
    words: str
    setting: str
    caution: str
    source: str


NOT_ADVICE = "Published for that setting, not advice."

PUBLISHED = (
    Published(
        letter="a",
        quantity="tmax_lmax",
        value=6.278,
        words="Tmax/Lmax > 6.278",
        setting="I-123 MIBG SPECT/CT before treatment, neuroblastoma, 50 children, one centre; "
        "event-free survival",
        caution="chosen and tested on the same 50 children (11 events); both are maxima, which "
        "rise with counting noise",
        source="Zhou et al. 2025",
    ),
    Published(
        letter="b",
        quantity="asphericity",
        value=0.342,
        words="asphericity > 0.342 (34.2\u00a0%)",
        setting="I-123 MIBG SPECT/CT before treatment, neuroblastoma, 50 children, one centre; "
        "event-free survival",
        caution="chosen and tested on the same 50 children (11 events); outlined by hand, the "
        "estimator of surface and volume is not stated, and estimators differ",
        source="Zhou et al. 2025",
    ),
    Published(
        letter="c",
        quantity="asphericity",
        value=0.32,
        words="asphericity > 0.32 (32\u00a0%)",
        setting="I-123 MIBG SPECT before treatment, neuroblastoma, 23 children; progression or "
        "relapse",
        caution="semi-automatic thresholds, another estimator of surface and volume",
        source="Rogasch et al. 2017, Eur J Nucl Med Mol Imaging 44:2203",
    ),
    Published(
        letter="d",
        quantity="asphericity",
        value=0.65,
        words="asphericity \u2265 0.65 (65\u00a0%)",
        setting="I-123 MIBG, high-risk neuroblastoma; event-free survival",
        caution="quoted here from Zhou et al. 2025, not read in the source",
        source="Yadgarov et al. 2022, Pediatr Blood Cancer 69:e29849",
    ),
)
"""In the order of their letters.

References
----------
Zhou Z, Yang X, Wang G, et al. (2025) The prognostic significance of semi-quantitative metabolic
parameters and tumoral metabolic activity based on 123I-MIBG SPECT/CT in pretreatment neuroblastoma
patients. Rogasch JMM, Hundsdoerfer P, Furth C, et al. (2017) Eur J Nucl Med Mol Imaging
44:2203-2212. Yadgarov M, Kailash C, Shamanskaya T, et al. (2022) Pediatr Blood Cancer 69:e29849.
"""


def published_for(quantity: str) -> tuple[Published, ...]:
    """Cut-offs of a quantity, by its column name."""
    return tuple(one for one in PUBLISHED if one.quantity == quantity)
