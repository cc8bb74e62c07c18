"""DICOM dates and times in every form that occurs."""

from datetime import date, datetime, timedelta

import pytest

from quant.dicom.values.times import moment_of, parse_date, parse_datetime, parse_offset, parse_time


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("20240229", date(2024, 2, 29)),
        ("2024.02.29", date(2024, 2, 29)),
        ("2024-02-29 ", date(2024, 2, 29)),
        ("20230229", None),
        ("2024-0229", None),
        ("240229", None),
        ("20241301", None),
        ("00010101", None),
        ("99991231", None),
        ("18501231", date(1850, 12, 31)),
        ("", None),
        ("yesterday", None),
    ],
)
def test_dates_are_read_or_absent(stated: str, expected: date | None) -> None:
    assert parse_date(stated) == expected


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        ("092815", 34095.0),
        ("092815.5", 34095.5),
        ("092815.123456", 34095.123456),
        ("092815.1234567", 34095.123456),
        ("092815.00 ", 34095.0),
        ("09:28:15", 34095.0),
        ("09:28:15.25", 34095.25),
        ("09:28", 34080.0),
        ("0928", 34080.0),
        ("09", 32400.0),
        ("000000", 0.0),
        ("235960", 86400.0),
        ("240000", None),
        ("096000", None),
        ("92815", None),
        ("9:28:15", None),
        ("09:2815", None),
        ("noon", None),
        ("", None),
    ],
)
def test_times_are_read_or_absent(stated: str, seconds: float | None) -> None:
    found = parse_time(stated)
    assert (None if found is None else found.total_seconds()) == seconds


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("20240314120000", "2024-03-14T12:00:00"),
        ("20240314120000.250000", "2024-03-14T12:00:00.250000"),
        ("202403141205", "2024-03-14T12:05:00"),
        ("2024031412", "2024-03-14T12:00:00"),
        ("20240314120000+0100", "2024-03-14T12:00:00"),
        ("20240314120000.5-0430", "2024-03-14T12:00:00.500000"),
        ("20240314", None),
        ("202403", None),
        ("2024", None),
        ("20240314250000", None),
        ("", None),
    ],
)
def test_datetimes_need_a_day_and_an_hour(stated: str, expected: str | None) -> None:
    """A day alone is no time: nothing is put in its place."""
    assert parse_datetime(stated) == (None if expected is None else at(expected))


def test_an_offset_is_brought_to_the_clock_of_the_file() -> None:
    """12:00 at +01:00 is 6:00 where clocks show five hours less than Greenwich."""
    here = parse_offset("-0500")
    assert here == timedelta(hours=-5)
    assert parse_datetime("20240314120000+0100", here) == at("2024-03-14T06:00:00")
    assert parse_datetime("20240314120000", here) == at("2024-03-14T12:00:00")
    assert parse_offset("+0530") == timedelta(hours=5, minutes=30)
    assert parse_offset("+2500") is None
    assert parse_offset("CET") is None


def test_date_and_time_go_together_or_the_datetime_stands_in() -> None:
    both = {"AcquisitionDate": "20240314", "AcquisitionTime": "1200"}
    assert moment_of(both, "Acquisition") == at("2024-03-14T12:00:00")
    for lost in both:
        rest = {key: value for key, value in both.items() if key != lost}
        assert moment_of(rest, "Acquisition") is None
        rest["AcquisitionDateTime"] = "20240313235959"
        assert moment_of(rest, "Acquisition") == at("2024-03-13T23:59:59")


def test_a_leap_second_at_midnight_is_the_next_day() -> None:
    assert parse_datetime("20161231235960") == at("2017-01-01T00:00:00")
    assert parse_datetime("90001231235960") == at("9001-01-01T00:00:00")
