"""Levels from foci and fractions, at every border of the definitions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant.errors import UsageError
from quant.scoring.readings.segments import LEVELS, System
from quant.scoring.spatial.rules import RULES, Involvement, LesionRules, level_of, rule_of

PLAIN = LesionRules()


@pytest.mark.parametrize(
    ("foci", "fraction", "level"),
    [
        (0, 0.0, 0), (1, 0.01, 1), (1, 0.5, 1), (2, 0.02, 2), (7, 0.5, 2), (1, 0.5001, 3),
        (9, 0.9, 3), (1, 1.0, 3),
    ],
)  # fmt: skip
def test_levels_of_the_modified_curie(foci: int, fraction: float, level: int) -> None:
    assert level_of(System.CURIE, Involvement(foci, fraction, fraction), PLAIN) == level


@pytest.mark.parametrize(
    ("foci", "fraction", "largest", "level"),
    [
        (0, 0.0, 0.0, 0), (1, 0.05, 0.05, 1), (2, 0.1, 0.05, 2), (3, 0.1, 0.05, 3),
        (4, 0.1, 0.05, 4), (12, 0.4, 0.05, 4), (1, 0.24, 0.24, 1), (1, 0.25, 0.25, 4),
        (1, 0.499, 0.499, 4), (1, 0.5, 0.5, 5), (6, 0.5, 0.1, 5), (1, 0.95, 0.95, 5),
        (1, 0.951, 0.951, 6), (2, 1.0, 0.6, 6),
    ],
)  # fmt: skip
def test_levels_of_siopen(foci: int, fraction: float, largest: float, level: int) -> None:
    assert level_of(System.SIOPEN, Involvement(foci, fraction, largest), PLAIN) == level


@pytest.mark.parametrize(
    ("system", "fraction", "low", "high"),
    [
        (System.CURIE, 0.44, 1, 1), (System.CURIE, 0.46, 1, 3), (System.CURIE, 0.54, 1, 3),
        (System.CURIE, 0.56, 3, 3), (System.SIOPEN, 0.19, 1, 1), (System.SIOPEN, 0.21, 1, 4),
        (System.SIOPEN, 0.31, 4, 4), (System.SIOPEN, 0.46, 4, 5), (System.SIOPEN, 0.56, 5, 5),
        (System.SIOPEN, 0.92, 5, 5), (System.SIOPEN, 0.94, 5, 6), (System.SIOPEN, 0.96, 5, 6),
        (System.SIOPEN, 0.98, 6, 6),
    ],
)  # fmt: skip
def test_near_a_border_both_levels_are_admissible(
    system: System, fraction: float, low: int, high: int
) -> None:
    seen = Involvement(1, fraction, fraction)

    assert level_of(system, seen, PLAIN, -1) == low
    assert level_of(system, seen, PLAIN, 1) == high


@given(
    st.sampled_from([System.CURIE, System.SIOPEN]),
    st.tuples(st.integers(0, 6), st.integers(0, 6)),
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
    st.sampled_from([-1, 0, 1]),
)
def test_more_never_scores_less(
    system: System, counts: tuple[int, int], parts: tuple[float, float, float], lean: int
) -> None:
    foci, added = counts
    less, more = sorted(parts[:2])
    least = Involvement(foci, less, parts[2] * less)
    before = level_of(system, least, PLAIN, lean)
    after = level_of(system, Involvement(foci + added, more, parts[2] * more), PLAIN, lean)

    assert before <= after
    assert level_of(system, least, PLAIN, -1) <= before <= level_of(system, least, PLAIN, 1)


def test_every_level_has_a_rule_with_a_source() -> None:
    for system in (System.CURIE, System.SIOPEN):
        for level in range(len(LEVELS[system])):
            rule = rule_of(f"{system}-{level}")
            assert (rule.system, rule.level) == (system, level)
            assert rule.source
    assert len({rule.key for rule in RULES}) == len(RULES)
    unverified = {rule.key for rule in RULES if not rule.verified}
    assert unverified == {"siopen-4", "curie-soft-3", "siopen-soft-1"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"psf_fwhm_mm": -1.0}, {"psf_fwhm_mm": float("nan")}, {"planar_fwhm_mm": float("inf")},
        {"near_share": 1.2}, {"diffuse_from": -0.1}, {"half_margin": float("nan")},
        {"siopen_extent": "organ"},
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))) as caught:
        LesionRules(**wrong)  # type: ignore[arg-type]

    assert caught.value.code == "USAGE"
