"""The judge of degenerate studies, which are tried as goal 17 (tests/soak)."""

from dataclasses import replace

import pytest

from tests.hostile.degenerate import cases, faults, measured


def test_silent_values_would_be_seen(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The judge itself: no number, a negative asphericity, an absence in silence."""
    record = measured(next(cases(1, 1)), tmp_path_factory.mktemp("usual"))
    assert record.status == "ok"
    assert faults(record) == []
    at = [one.name for one in record.measurements].index("asphericity")
    one = record.measurements[at]
    for spoiled in ({"value": float("nan")}, {"value": -0.6}, {"value": None, "flags": ()}):
        other = object.__new__(type(one))
        for name in one.__slots__:
            object.__setattr__(other, name, spoiled.get(name, getattr(one, name)))
        rows = (*record.measurements[:at], other, *record.measurements[at + 1 :])
        assert faults(replace(record, measurements=rows)), spoiled
