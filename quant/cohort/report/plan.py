"""What a cohort analysis asks: the columns, the choices, and what each default is."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from quant.cohort.cox_models.likelihood import TIES
from quant.cohort.cox_models.stepwise import ENTRIES
from quant.cohort.data.columns import require_columns
from quant.cohort.survival.curve import CONF_TYPES
from quant.cohort.survival.restricted import LIMITS
from quant.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

SEED = 20250101
REPLICATES = 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """The questions of one analysis.

    Attributes
    ----------
    time, event : str
        Columns of the outcomes.
    unit : str
        Unit of the time.
    groups : tuple of str
        Columns whose values are groups: curves and log-rank tests.
    markers : tuple of str
        Numeric columns: ROC analysis, Youden's cut, and curves on either side of it.
    covariates : tuple of str
        Columns of the univariate table; the groups and markers when not given.
    model : tuple of str
        Columns of the multivariable model; the covariates when not given.
    candidates : tuple of str
        Columns of the stepwise selection; the covariates when not given.
    categories : tuple of str
        Columns whose values are names, whatever they look like (stages 1, 2, 4, 4S).
    ties, stepwise_ties : str
        Methods for tied events of the models and of the selection.
    conf_type, limit, entry : str
        Type of interval of curves, limit of means, test for entry.
    p_enter, p_remove : float
        Limits of the selection.
    replicates, seed : int
        Plan of resampling.
    """

    time: str
    event: str
    unit: str
    groups: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()
    covariates: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    ties: str = "efron"
    stepwise_ties: str = "breslow"
    conf_type: str = "log-log"
    limit: str = "largest_time_in_group"
    entry: str = "score"
    p_enter: float = 0.05
    p_remove: float = 0.10
    replicates: int = REPLICATES
    seed: int = SEED

    def filled(self) -> "Plan":
        """Return the plan with every list that was left out."""
        covariates = self.covariates or tuple(dict.fromkeys((*self.markers, *self.groups)))
        return replace(
            self,
            covariates=covariates,
            model=self.model or covariates,
            candidates=self.candidates or covariates,
        )

    def check(self, table: "pd.DataFrame") -> None:
        """Raise a UsageError when a column is missing or a choice is none, before any work."""
        columns = (*self.groups, *self.markers, *self.covariates, *self.model, *self.candidates,
                   *self.categories)  # fmt: skip
        require_columns(table, list(dict.fromkeys((self.time, self.event, *columns))))
        both = {self.time, self.event, table.attrs.get("key")} & set(columns)
        if both:
            found = ", ".join(sorted(map(str, both)))
            raise _wrong("time, event and key explain nothing", found, "other columns")
        for value, allowed in (
            (self.ties, TIES), (self.stepwise_ties, TIES), (self.conf_type, CONF_TYPES),
            (self.entry, ENTRIES),
        ):  # fmt: skip
            if value not in allowed:
                raise _wrong("unknown choice", value, ", ".join(allowed))
        if self.limit not in LIMITS and not self.limit.replace(".", "", 1).isdigit():
            raise _wrong("unknown limit", self.limit, ", ".join(LIMITS) + ", or a time")
        if self.replicates < 100:
            raise _wrong("too few replicates", str(self.replicates), "100 or more")

    @property
    def limit_value(self) -> str | float:
        """The limit as :func:`quant.cohort.restricted_mean` takes it."""
        return self.limit if self.limit in LIMITS else float(self.limit)


def _wrong(what: str, found: str, needed: str) -> UsageError:
    return UsageError(
        "USAGE", f"This analysis cannot be made: {what}.", found=found, needed=needed,
        next_step="see quant cohort --help",
    )  # fmt: skip
