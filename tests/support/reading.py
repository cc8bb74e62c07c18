"""Index a folder and get at its one study or series."""

from pathlib import Path

from quant.dicom.index import index_tree
from quant.dicom.volumes import read_volume
from quant.domain.study import SeriesEntry, StudyFiles
from quant.domain.volume import Volume


def only_study(folder: Path) -> StudyFiles:
    """Return the one study of a folder."""
    index = index_tree(folder)
    assert len(index.studies) == 1, index.quarantined
    return index.studies[0]


def only_series(folder: Path, modality: str) -> SeriesEntry:
    """Return the one series of a modality."""
    (series,) = only_study(folder).by_modality(modality)
    return series


def read(folder: Path, modality: str) -> Volume:
    """Read the one series of a modality."""
    return read_volume(only_series(folder, modality))
