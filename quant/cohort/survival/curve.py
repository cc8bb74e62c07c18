"""Product-limit curves of one group (arrays in, arrays out) and of each group of a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.choices import require_level
from quant.cohort.data.columns import group_rows
from quant.cohort.data.times import FollowUp
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


def level_before(curve: Curve, times: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return S(t-), the curve just before each time."""
    steps = np.concatenate(([1.0], curve.survival))
    before: NDArray[np.float64] = steps[np.searchsorted(curve.time, times, side="left")]
    return before


@dataclass(frozen=True, slots=True)
class GroupCurve:
    """The curve of one group and the rows behind it."""

    group: str
    n: int
    n_events: int
    largest_time: float
    curve: Curve


def group_curves(
    rows: FollowUp, by: str | Sequence[str] | None, *, reverse: bool = False
) -> list[GroupCurve]:
    """Estimate a curve for each group; ``reverse`` takes censoring for the event."""
    found = []
    for label, mask in group_rows(rows.frame, by):
        time, event = rows.time[mask], rows.event[mask]
        if not time.size:
            continue
        curve = product_limit(time, ~event if reverse else event)
        found.append(GroupCurve(label, time.size, int(event.sum()), float(time.max()), curve))
    return found
