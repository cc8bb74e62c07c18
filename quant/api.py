"""What other programs import: open studies, measure them, read results."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Literal

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


def read_results(
    out: str | Path, table: "Literal['studies', 'lesions', 'measurements']" = "studies"
) -> "pd.DataFrame":
    """Read a table of a finished run, typed.

    Parameters
    ----------
    out : str or Path
        Output folder of ``quant run``.
    table : str
        ``studies``: the wide table, one row per emission volume measured; ``lesions``: one row per
        tumour or lesion region; ``measurements``: the long table.

    Returns
    -------
    pandas.DataFrame
        Texts are ``string``, whole numbers ``Int64``, other numbers ``float64``; what is absent is
        missing. ``frame.attrs["units"]`` maps columns to units (``unit``: that of the row's own
        column ``unit``) and ``frame.attrs["descriptions"]`` to their meaning.

    Raises
    ------
    UsageError
        If the folder holds no results, or there is no such table.

    Examples
    --------
    >>> import quant
    >>> frame = quant.read_results("out/")  # doctest: +SKIP
    >>> frame.attrs["units"]["asphericity"]  # doctest: +SKIP
    '1'
    """
    from quant.errors import UsageError
    from quant.report.columns import TABLE_COLUMNS, ColumnType

    if table not in TABLE_COLUMNS:
        raise UsageError(
            "USAGE", "There is no such table.", found=str(table), needed=" or ".join(TABLE_COLUMNS)
        )
    path = Path(out) / f"{table}.parquet"
    if not path.is_file():
        raise UsageError(
            "USAGE",
            "There are no results to read.",
            found=f"no {path.name} in {out}",
            needed="the output folder of a finished run",
            next_step="quant run INPUT -o OUT",
        )
    import pandas as pd

    frame = pd.read_parquet(path)
    kinds = {ColumnType.TEXT: "string", ColumnType.INTEGER: "Int64", ColumnType.NUMBER: "float64"}
    columns = [column for column in TABLE_COLUMNS[table] if column.name in frame.columns]
    frame = frame.astype({column.name: kinds[column.type] for column in columns})
    frame.attrs["units"] = {column.name: column.unit for column in columns}
    frame.attrs["descriptions"] = {column.name: column.description for column in columns}
    return frame
