"""Quantiles, tails and densities of the distributions that tests refer to."""

import math
from statistics import NormalDist


def normal_quantile(level: float) -> float:
    """Return the half-width, in standard errors, of a two-sided normal interval."""
    from scipy.special import ndtri

    return float(-ndtri((1.0 - level) / 2.0))


def normal_p(z: float) -> float:
    """Two-sided p of a standard normal statistic."""
    return math.erfc(abs(z) / math.sqrt(2.0)) if not math.isnan(z) else math.nan


def student_p(t: float, df: float) -> float:
    """Two-sided p of Student's statistic."""
    from scipy.special import stdtr

    return float(2.0 * stdtr(df, -abs(t)))


def student_quantile(level: float, df: float) -> float:
    """Half-width, in standard errors, of a two-sided interval of Student's distribution."""
    from scipy.special import stdtrit

    return float(-stdtrit(df, (1.0 - level) / 2.0))


def chi_square_p(chi_square: float, df: float) -> float:
    """Upper tail of the chi-square distribution."""
    from scipy.special import chdtrc

    return float(chdtrc(df, chi_square))


def f_p(statistic: float, df_above: float, df_below: float) -> float:
    """Upper tail of Fisher's F distribution."""
    from scipy.special import fdtrc

    return float(fdtrc(df_above, df_below, statistic))


def f_quantile(probability: float, df_above: float, df_below: float) -> float:
    """Quantile of Fisher's F distribution."""
    from scipy.special import fdtri

    return float(fdtri(df_above, df_below, probability))


def normal_density(z: float) -> float:
    """Density of the standard normal distribution."""
    return NormalDist().pdf(z)
