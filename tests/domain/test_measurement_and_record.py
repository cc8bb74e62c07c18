"""Values are finite or absent with a code; the record finds the primary's value first."""

import math

import pytest

from quant.domain.flags import CODES, Flag, Severity
from quant.domain.measurement import Interval, Measurement
from quant.domain.record import RegionSummary, Status, StudyRecord

WHY = (Flag("TUMOUR_MISSING"),)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="absent values are None"):
        Measurement("tumour_max", value, "counts", flags=WHY)


def test_an_absent_value_needs_a_code() -> None:
    with pytest.raises(ValueError, match="without a code"):
        Measurement("tumour_max", None, "counts")


def test_an_unregistered_code_is_refused() -> None:
    with pytest.raises(ValueError, match="not in the registry"):
        Flag("NO_SUCH_CODE")


def test_every_code_says_what_it_means_and_what_to_do() -> None:
    for code, info in CODES.items():
        assert code == code.upper()
        assert info.sentence.endswith(".")
        assert info.action.endswith(".")
        assert info.severity in Severity


def _record() -> StudyRecord:
    regions = tuple(
        RegionSummary(name, role, "made", "fractional", 1.0, 8, 0.0, is_primary=primary)
        for name, role, primary in (("a", "lesion", False), ("b", "tumour", True))
    )
    return StudyRecord(
        "1.2",
        "",
        Status.OK,
        regions=regions,
        measurements=(
            Measurement("tumour_max", 1.0, "counts", "a"),
            Measurement("tumour_max", 2.0, "counts", "b", interval=Interval(1.5, 2.5, "90 %")),
            Measurement("liver_mean", 5.0, "counts", "liver"),
        ),
    )


def test_the_primary_tumour_answers_unless_a_region_is_named() -> None:
    record = _record()

    assert record.value("tumour_max") == 2.0
    assert record.value("tumour_max", "a") == 1.0
    assert record.value("liver_mean") == 5.0
    assert record.interval("tumour_max") == Interval(1.5, 2.5, "90 %")
    assert record.interval("liver_mean") is None


def test_a_name_that_does_not_exist_is_an_error_that_lists_the_names() -> None:
    with pytest.raises(KeyError, match="liver_mean"):
        _record().value("tumor_max")


@pytest.mark.parametrize(
    ("low", "median", "high"),
    [(2.0, None, 1.0), (1.0, 3.0, 2.0), (math.nan, None, 1.0), (0.0, None, math.inf)],
)
def test_an_interval_that_is_none_is_refused(low: float, median: float | None, high: float) -> None:
    with pytest.raises(ValueError, match="finite and in order"):
        Interval(low, high, "90 %", median)
