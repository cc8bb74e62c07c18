"""What other programs import: open studies, measure them, read results."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from quant.domain.protocol import StudyProtocol
    from quant.domain.record import StudyRecord
    from quant.domain.study import StudyFiles


def open_studies(folder: str | Path, *, rois: str | Path | None = None) -> "Iterator[StudyFiles]":
    """Find the studies in a folder of DICOM; only headers are read.

    Parameters
    ----------
    folder : str or Path
        Any tree of files, a ZIP archive or a DICOMDIR (its folder is meant); studies are told
        apart by StudyInstanceUID.
    rois : str or Path, optional
        Folder with region files in one folder per StudyInstanceUID.

    Returns
    -------
    iterator of StudyFiles
        In the order of their UIDs; give each to :func:`measure_study`.

    Raises
    ------
    UsageError
        If the folder or file does not exist.
    """
    from quant.dicom.files.cache import opened_cache
    from quant.dicom.index import index_tree
    from quant.errors import require_folder, require_input

    require_input(Path(folder))
    if rois is not None:
        require_folder(Path(rois), "The folder of regions")
    with opened_cache() as cache:
        index = index_tree(Path(folder), rois=Path(rois) if rois is not None else None, cache=cache)
    return iter(index.studies)


def measure_study(
    study: "StudyFiles", protocol: "str | Path | StudyProtocol" = "zhou2025"
) -> "StudyRecord":
    """Measure one study.

    Parameters
    ----------
    study : StudyFiles
        From :func:`open_studies`.
    protocol : str, Path or StudyProtocol
        Name of a shipped protocol, path of a protocol file, or a protocol.

    Returns
    -------
    StudyRecord
        ``record.value("tmax_lmax")``, ``record.interval("tmax_lmax")``, ``record.flags``. A study
        that cannot be measured gives a record with status ``failed`` and the code why.

    Raises
    ------
    ProtocolError
        If the protocol cannot be loaded.

    Examples
    --------
    >>> import quant
    >>> for study in quant.open_studies("data-samples"):  # doctest: +SKIP
    ...     record = quant.measure_study(study)
    ...     print(record.value("tmax_lmax"), record.interval("tmax_lmax"))
    """
    from quant.pipeline.protocols import load_protocol
    from quant.pipeline.study import measure_study as measure

    settings = load_protocol(protocol) if isinstance(protocol, str | Path) else protocol
    return measure(study, settings).record


def read_results(out: str | Path) -> "pd.DataFrame":
    """Read the wide table of a finished run, typed.

    Parameters
    ----------
    out : str or Path
        Output folder of ``quant run``.

    Returns
    -------
    pandas.DataFrame
        One row per emission volume measured; ``frame.attrs["units"]`` maps columns to units and
        ``frame.attrs["descriptions"]`` to their meaning.

    Raises
    ------
    UsageError
        If the folder holds no results.
    """
    from quant.errors import UsageError
    from quant.report.columns import STUDY_COLUMNS, ColumnType

    path = Path(out) / "studies.parquet"
    if not path.is_file():
        raise UsageError(
            "USAGE",
            "There are no results to read.",
            found=f"no studies.parquet in {out}",
            needed="the output folder of a finished run",
            next_step="quant run INPUT -o OUT",
        )
    import pandas as pd

    frame = pd.read_parquet(path)
    whole = [column.name for column in STUDY_COLUMNS if column.type is ColumnType.INTEGER]
    frame = frame.astype(dict.fromkeys(whole, "Int64"))
    frame.attrs["units"] = {column.name: column.unit for column in STUDY_COLUMNS}
    frame.attrs["descriptions"] = {column.name: column.description for column in STUDY_COLUMNS}
    return frame
