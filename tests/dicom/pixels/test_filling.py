"""Stored slices into float32: what float64 gives, whatever the short cut, in little memory."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from quant.dicom.pixels import filling
from quant.dicom.pixels.filling import fill, fill_volume, is_exact
from quant.dicom.values.calibration import slice_scales
from quant.dicom.values.real_world import Scale
from quant.dicom.volumes import place_volume, read_volume
from quant.domain.units import Unit
from quant.errors import StudyError
from tests.support.dicom_builder import CT, PT, changed, letter_f, save_all, slices
from tests.support.reading import only_series, read

DTYPES = [np.dtype(name) for name in ("u1", "i1", "u2", "i2", "u4", "i4")]


def scale(slope: float, intercept: float) -> Scale:
    return Scale(Unit.HU, slope, intercept, "RescaleSlope", "test")


@settings(deadline=None, max_examples=300)
@given(
    data=st.data(),
    dtype=st.sampled_from(DTYPES),
    slope=st.one_of(
        st.integers(1, 300).map(float),
        st.floats(1e-6, 1e6),
        st.sampled_from([1.0, 0.1, 1e-5, 7.25e-5]),
    ),
    intercept=st.one_of(
        st.just(0.0), st.integers(-70000, 70000).map(float), st.floats(-1e6, 1e6, width=64)
    ),
)
def test_every_value_is_the_float32_of_the_float64_product(
    data: st.DataObject, dtype: np.dtype[np.generic], slope: float, intercept: float
) -> None:
    stored = data.draw(arrays.arrays(dtype, (3, 5)))
    out = np.empty((3, 5), dtype=np.float32)
    fill(out, stored, scale(slope, intercept))
    expected = stored.astype(np.float64) * slope + intercept
    np.testing.assert_array_equal(out, expected.astype(np.float32))


@pytest.mark.parametrize("dtype", ["i2", "u2"])
@pytest.mark.parametrize("slope", [1.0, 2.0, 255.0, 256.0, 511.0, 512.0])
@pytest.mark.parametrize("intercept", [0.0, -1024.0, 65535.0, 2.0**23, 2.0**24, 0.5])
def test_short_cuts_are_exact_over_all_stored_values(
    dtype: str, slope: float, intercept: float
) -> None:
    stored = np.arange(2**16, dtype=np.uint16).view(dtype).reshape(256, 256)
    out = np.empty(stored.shape, dtype=np.float32)
    fill(out, stored, scale(slope, intercept))
    expected = stored.astype(np.float64) * slope + intercept
    np.testing.assert_array_equal(out, expected.astype(np.float32))
    if is_exact(stored.dtype, slope, intercept):
        np.testing.assert_array_equal(out.astype(np.float64), expected)


def test_values_equal_those_of_pydicom(tmp_path: Path) -> None:
    """Fractional and whole slopes, with and without intercept, slice by slice."""
    import pydicom

    rng = np.random.default_rng(5)
    series = slices(CT, rng.integers(-32768, 32767, (6, 9, 8), dtype=np.int16))
    rescales = [(1, 0), (1, -1024), (2, 7), (0.37, 0), (0.37, -1000.5), (3, 0)]
    for data, (slope, intercept) in zip(series, rescales, strict=True):
        changed(data, RescaleSlope=str(slope), RescaleIntercept=str(intercept))
    paths = save_all(series, tmp_path)
    expected = [
        one.pixel_array * float(one.RescaleSlope) + float(one.RescaleIntercept)
        for one in map(pydicom.dcmread, paths)
    ]
    np.testing.assert_array_equal(
        read(tmp_path, "CT").values, np.array(expected).astype(np.float32)
    )


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_the_number_of_threads_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    stored = np.random.default_rng(6).integers(0, 32767, (11, 9, 8), dtype=np.uint16)
    stored[:, 3, :4] = 32767
    series = slices(PT, stored)
    for number, data in enumerate(series):
        changed(data, RescaleSlope=str(0.1 + number))
    save_all(series, tmp_path)
    monkeypatch.setattr(filling, "_threads", lambda *_: threads)
    volume = read(tmp_path, "PT")
    expected = stored * (0.1 + np.arange(11.0))[:, None, None]
    np.testing.assert_array_equal(volume.values, expected.astype(np.float32))
    assert volume.flags == read_volume(only_series(tmp_path, "PT")).flags


@pytest.mark.parametrize("threads", [1, 3])
def test_of_several_bad_files_the_first_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    save_all(slices(CT, letter_f(9)), tmp_path)
    placement = place_volume(only_series(tmp_path, "CT"))
    for k, lost in ((2, 10), (8, 30)):
        content = placement.files[k].path.read_bytes()
        Path(str(placement.files[k].path)).write_bytes(content[:-lost])
    scales = list(slice_scales("CT", placement.files))
    monkeypatch.setattr(filling, "_threads", lambda *_: threads)
    out = np.empty(placement.grid.shape, dtype=np.float32)
    with pytest.raises(StudyError) as error:
        fill_volume(placement.files, scales, out, with_peaks=False)
    assert error.value.code == "TRUNCATED"
    assert error.value.found.startswith("74 bytes")


def test_a_file_that_is_gone_is_a_plain_refusal(tmp_path: Path) -> None:
    paths = save_all(slices(CT), tmp_path)
    series = only_series(tmp_path, "CT")
    paths[3].unlink()
    with pytest.raises(StudyError) as error:
        read_volume(series)
    assert error.value.code == "DICOM_UNREADABLE"


CHILD = """
import sys
from pathlib import Path
from quant.dicom.index import index_tree
from quant.dicom.volumes import place_volume, read_volume

def kilobytes(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))

small, large = (index_tree(Path(name)).studies[0].series[0] for name in sys.argv[1:])
read_volume(small)
before = kilobytes("VmRSS")
volume = read_volume(large)
print((kilobytes("VmHWM") - before) * 1024 / volume.values.nbytes)
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="memory is read from /proc")
@pytest.mark.parametrize("sop_class", [CT, PT])
def test_reading_takes_little_more_memory_than_the_volume(tmp_path: Path, sop_class: str) -> None:
    """A volume of 64 MiB; what a process needs before it reads one is not counted."""
    slope = {"RescaleSlope": "0.37"} if sop_class == PT else {"RescaleIntercept": "-1024"}
    save_all(slices(sop_class, letter_f(), **slope), tmp_path / "small")
    stored = np.zeros((64, 512, 512), dtype=np.uint16)
    stored[:, 100:200] = 700
    save_all(slices(sop_class, stored, **slope), tmp_path / "large")
    done = subprocess.run(  # noqa: S603 - our own interpreter on our own lines
        [sys.executable, "-c", CHILD, str(tmp_path / "small"), str(tmp_path / "large")],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert 0.9 < float(done.stdout) <= 1.3
