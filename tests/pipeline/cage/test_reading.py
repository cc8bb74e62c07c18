"""Nothing of a file is parsed outside of the cage, whatever kind of file it is."""

import subprocess
import sys
from pathlib import Path

import pytest

from quant.dicom.index import index_tree
from quant.pipeline.cage.cage import Cage
from quant.pipeline.cage.reading import CagedReader
from tests.support.dicom_builder import CT, save, slices
from tests.support.enhanced_builder import enhanced

LOADED = """
import sys
import quant.cli.app, quant.dicom.index, quant.pipeline.batch, quant.pipeline.cage.reading
print(sorted({"pydicom", "highdicom", "gdcm"} & set(sys.modules)))
"""


def test_frames_of_a_multiframe_file_are_read_by_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index is the plain one, and this process has not read it."""
    save(enhanced(slices(CT)), tmp_path / "in" / "a.dcm")
    plain = index_tree(tmp_path / "in")
    monkeypatch.setattr("quant.dicom.slices.enhanced.with_frames", None)
    monkeypatch.setattr("quant.dicom.files.headers.read_header", None)

    with Cage(1) as cage:
        caged = index_tree(tmp_path / "in", reader=CagedReader(cage))

    assert caged == plain
    assert "FrameCount" in plain.studies[0].series[0].facts


def test_the_process_that_hands_out_work_does_not_load_pydicom() -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", LOADED], capture_output=True, check=True, encoding="utf-8"
    )

    assert done.stdout.strip() == "[]"
