"""The p of a cut that was chosen on the data that judge it, corrected for the choice."""

import math
from typing import TYPE_CHECKING

import numpy as np

from quant.cohort.choices import SEED, require_choice, require_replicates
from quant.cohort.classification.largest_statistic import (
    LogRank,
    Ordered,
    altman_p,
    chi_squares,
    exact_p,
    miller_siegmund_p,
    ordered,
    permutation_p,
)
from quant.cohort.data.binary import HIGHER, LOWER, SIGN, sample
from quant.cohort.data.columns import Notes
from quant.cohort.distributions import chi_square_p
from quant.errors import CohortError, UsageError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

REPLICATES = 1999
ANSWERS: tuple[str, ...] = (
    "test",
    "cutoff",
    "cutoff_observed",
    "operator",
    "chi_square",
    "cuts",
    "p_naive",
)
ANSWERS += ("p_corrected", "p_altman", "p_exact", "p_permutation", "n", "events", "flags")


def selected_cut(  # noqa: PLR0913 - the names of roc, and the plan of resampling
    frame: "pd.DataFrame",
    *,
    event: str,
    marker: str,
    time: str | None = None,
    direction: str = HIGHER,
    share: float = 0.1,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> "pd.DataFrame":
    """Find the cut that does best and correct its p for having been chosen.

    Parameters
    ----------
    event, marker : str
        Columns of the event and of the marker.
    time : str, optional
        Column of time to event or censoring; adds the cut with the largest log-rank statistic.
    direction : {"higher", "lower"}
        For Youden's index: which values go with the event. The chi-squares look both ways.
    share : float
        Share of subjects that a cut leaves at least on either side, above 0 and below 0.5
        (Youden's index is looked for among all cuts, as in ``roc``).
    replicates, seed : int
        Permutations for the log-rank statistic; 0 leaves them out.

    Returns
    -------
    DataFrame
        Rows ``youden``, ``chi-square`` and, with ``time``, ``log-rank``. ``p_naive`` as if the cut
        had been known beforehand; ``p_corrected`` by Miller and Siegmund; ``p_altman`` the short
        form where it is stated to hold; ``p_exact`` from the exact distribution of the maximum
        given ties and event count (outcome yes or no); ``p_permutation`` (log-rank). Cuts are
        midway, ``cutoff_observed`` is the last value below, both with ``operator``.

    Raises
    ------
    UsageError
        USAGE, for a share or number of replicates that is none.
    """
    import pandas as pd

    require_choice("The direction", direction, (HIGHER, LOWER))
    require_replicates(replicates, 0)
    _require_share(share)
    notes = Notes()
    names = [marker] if time is None else [marker, time]
    found = sample(frame, event, names, notes)
    values, happened = found.markers[:, 0], found.event
    rows: list[dict[str, object]] = []
    if found.events and found.others:
        notes.add("CUT_SAME_DATA")
        turned = ordered(SIGN[direction] * values, 0.0)
        rows.append(_youden_row(happened, turned, direction))
        rows.append(_chi_square_row(happened, ordered(values, share), share))
    if time is not None and found.events:
        times = found.markers[:, 1]
        _require_times(times)
        rows.append(
            _log_rank_row((times, happened), ordered(values, share), share, (replicates, seed))
        )
    rows = [row for row in rows if row]
    if not rows and found.event.size:
        notes.add("NO_CUT")
    table = pd.DataFrame(rows, columns=list(ANSWERS))
    table["n"], table["events"] = found.event.size, found.events
    table["flags"] = ";".join(notes.codes)
    stamp = {"share": share, "replicates": replicates, "seed": seed}
    return notes.on(table, marker=marker, direction=direction, **stamp)


def _require_share(share: float) -> None:
    if not 0.0 < share < 0.5:
        raise UsageError(
            "USAGE",
            "The share left on either side of a cut is not between 0 and 0.5.",
            found=str(share),
            needed="a fraction such as 0.1",
        )


def _require_times(times: "NDArray[np.float64]") -> None:
    if (times < 0.0).any():
        raise CohortError(
            "TIME_NEGATIVE", "A time to event or censoring is negative.", needed="times from 0"
        )


def _where(rows: Ordered, chosen: int, direction: str = HIGHER) -> dict[str, object]:
    size, sign = int(rows.sizes[chosen]), SIGN[direction]
    below, above = float(rows.values[size - 1]), float(rows.values[size])
    return {
        "cutoff": sign * ((below + above) / 2.0) + 0.0,
        "cutoff_observed": sign * below + 0.0,
        "operator": ">" if direction == HIGHER else "<",
        "cuts": rows.sizes.size,
    }


def _youden_row(happened: "NDArray[np.bool_]", rows: Ordered, direction: str) -> dict[str, object]:
    if not rows.sizes.size:
        return {}
    n, m = happened.size, int(happened.sum())
    met = np.cumsum(happened[rows.order])[rows.sizes - 1]
    index = (rows.sizes - met) * m - met * (n - m)
    chosen = int(index.argmax())
    if index[chosen] <= 0:
        return {}
    statistic = float(chi_squares(happened, rows)[chosen])
    return {
        "test": "youden",
        **_where(rows, chosen, direction),
        "chi_square": statistic,
        "p_naive": chi_square_p(statistic, 1.0),
        "p_exact": exact_p(happened, rows, "youden"),
    }


def _chi_square_row(
    happened: "NDArray[np.bool_]", rows: Ordered, share: float
) -> dict[str, object]:
    if not rows.sizes.size:
        return {}
    statistics = chi_squares(happened, rows)
    row = _corrected("chi-square", statistics, rows, share)
    return row | {"p_exact": exact_p(happened, rows, "chi-square")}


def _corrected(
    test: str, statistics: "NDArray[np.float64]", rows: Ordered, share: float
) -> dict[str, object]:
    chosen = int(statistics.argmax())
    largest = float(statistics[chosen])
    naive = chi_square_p(largest, 1.0)
    return {
        "test": test,
        **_where(rows, chosen),
        "chi_square": largest,
        "p_naive": naive,
        "p_corrected": miller_siegmund_p(largest, share),
        "p_altman": altman_p(naive, share),
    }


def _log_rank_row(
    outcome: "tuple[NDArray[np.float64], NDArray[np.bool_]]",
    rows: Ordered,
    share: float,
    plan: tuple[int, int],
) -> dict[str, object]:
    if not rows.sizes.size:
        return {}
    log_rank = LogRank(*outcome)
    statistics = log_rank.chi_squares(rows.order, rows.sizes)
    row = _corrected("log-rank", statistics, rows, share)
    return row | {"p_permutation": permutation_p(log_rank, rows, plan) if plan[0] else math.nan}
