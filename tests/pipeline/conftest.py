"""One analytic study, written and indexed once."""

from pathlib import Path

import pytest

from quant.dicom.index import index_tree
from quant.domain.study import StudyIndex
from quant.phantom.solid_studies import solid_cases, write_solid_study


@pytest.fixture(scope="session")
def ball_index(tmp_path_factory: pytest.TempPathFactory) -> StudyIndex:
    """Index of a folder with one good study."""
    folder = tmp_path_factory.mktemp("batch") / "study"
    folder.mkdir()
    write_solid_study(folder, solid_cases()[0], seed=3)
    (folder / "notes.txt").write_text("not a region", encoding="utf-8")
    return index_tree(Path(folder.parent))
