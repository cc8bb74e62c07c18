"""The product-limit curve of one group: arrays in, arrays out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONF_TYPES = ("plain", "log", "log-log")


@dataclass(frozen=True, slots=True)
class Curve:
    """A Kaplan-Meier curve at every distinct time, censored ones included.

    Attributes
    ----------
    time : (m,) float64
        Distinct times, ascending.
    n_risk, n_event, n_censor : (m,) int64
        Rows at risk just before, events at, and censored at the time.
    survival : (m,) float64
        S(t) just after the time.
    relative_variance : (m,) float64
        Greenwood's sum of d / (n (n - d)); infinite where the curve reaches 0.
    """

    time: "NDArray[np.float64]"
    n_risk: "NDArray[np.int64]"
    n_event: "NDArray[np.int64]"
    n_censor: "NDArray[np.int64]"
    survival: "NDArray[np.float64]"
    relative_variance: "NDArray[np.float64]"

    @property
    def se(self) -> "NDArray[np.float64]":
        """Greenwood's standard error of S(t); NaN where the curve is at 0."""
        with np.errstate(invalid="ignore"):
            error: NDArray[np.float64] = self.survival * np.sqrt(self.relative_variance)
        return error


def product_limit(time: "NDArray[np.float64]", event: "NDArray[np.bool_]") -> Curve:
    """Estimate the survival curve of one group (Kaplan and Meier 1958, doi:10.2307/2281868)."""
    distinct, place = np.unique(time, return_inverse=True)
    n_event = np.bincount(place[event], minlength=distinct.size).astype(np.int64)
    n_all = np.bincount(place, minlength=distinct.size).astype(np.int64)
    n_risk = np.cumsum(n_all[::-1])[::-1].astype(np.int64)
    survival = np.cumprod(1.0 - n_event / n_risk, dtype=np.float64)
    with np.errstate(divide="ignore"):
        terms = n_event / (n_risk * (n_risk - n_event).astype(np.float64))
    terms[n_event == 0] = 0.0
    return Curve(distinct, n_risk, n_event, n_all - n_event, survival, np.cumsum(terms))


def limits(
    curve: Curve, conf_type: str, level: float = 0.95
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Return the pointwise interval of S(t); NaN where the type does not define one.

    Parameters
    ----------
    curve : Curve
        The estimate.
    conf_type : str
        ``plain``, ``log`` or ``log-log`` (Kalbfleisch and Prentice).
    level : float
        Coverage, 0.95 for 95 %.

    Raises
    ------
    UsageError
        For another type or a level outside (0, 1).
    """
    from scipy.special import ndtri

    require_conf_type(conf_type)
    require_level(level)
    z = float(ndtri(0.5 + level / 2.0))
    s = curve.survival
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = z * np.sqrt(curve.relative_variance)
        if conf_type == "plain":
            low, high = s - s * reach, s + s * reach
        elif conf_type == "log":
            defined = np.where(s == 0.0, np.nan, np.log(s))
            low, high = np.exp(defined - reach), np.exp(defined + reach)
        else:
            logged = np.where((s == 0.0) | (s == 1.0), np.nan, np.log(s))
            low = np.exp(logged * np.exp(-reach / logged))
            high = np.exp(logged * np.exp(reach / logged))
    return np.maximum(low, 0.0), np.minimum(high, 1.0)


def require_conf_type(conf_type: str) -> None:
    """Raise a UsageError for an interval type that is not there."""
    if conf_type not in CONF_TYPES:
        raise UsageError(
            "USAGE",
            "Unknown type of interval.",
            found=str(conf_type),
            needed=", ".join(CONF_TYPES),
            next_step="choose one of them",
        )


def require_level(level: float) -> None:
    """Raise a UsageError for a coverage outside (0, 1)."""
    if not 0.0 < level < 1.0:
        raise UsageError(
            "USAGE",
            "A coverage lies between 0 and 1.",
            found=str(level),
            needed="0.95 for 95 %",
            next_step="write the level as a fraction",
        )


def level_before(curve: Curve, times: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return S(t-), the curve just before each time."""
    steps = np.concatenate(([1.0], curve.survival))
    before: NDArray[np.float64] = steps[np.searchsorted(curve.time, times, side="left")]
    return before
