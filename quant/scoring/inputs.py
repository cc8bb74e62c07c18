"""What INPUT is: tables of scores, of lesions, of disease, or a folder of studies."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from quant.errors import QuantError, UsageError
from quant.scoring.tables.reader_table import is_reader_table
from quant.scoring.tables.sheet import Sheet, read_sheet

WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
TABLE_ENDINGS = (".csv", ".tsv", ".json")

KINDS_ALLOWED = (
    "a table of reader scores (columns patient, time_point, modality, nuclide, phase, reader, "
    "system, segment, score; or one column a segment such as curie_head), a lesion table (patient, "
    "time_point, date or day, lesion, organ, kind, node), a disease table (patient, time_point, "
    "bone_score, ...), a folder of such tables, or a folder of studies with lesions and bones"
)


class Kind(StrEnum):
    """What a table is of."""

    READER = "reader scores"
    LESIONS = "lesions"
    DISEASE = "disease"


@dataclass(frozen=True, slots=True)
class Inputs:
    """Tables of INPUT by kind, or the folder of studies.

    Parameters
    ----------
    tables : dict of Kind to tuple of Path
    studies : Path or None
        Folder (or archive) of studies, when there is no table.
    others : tuple of str
        Files beside the tables that are none, by name; they are not read.
    sheets : tuple of Sheet
        Tables of reader scores, as read.
    """

    tables: Mapping[Kind, tuple[Path, ...]]
    studies: Path | None = None
    others: tuple[str, ...] = ()
    sheets: tuple[Sheet, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """All tables, sorted by name."""
        return tuple(sorted(path for paths in self.tables.values() for path in paths))


def kind_of(sheet: Sheet) -> Kind | None:
    """Tell a table by its header; None for a table that is none of ours."""
    from quant.scoring.response import is_disease_table, is_lesion_table

    found = [
        kind
        for kind, told in (
            (Kind.READER, is_reader_table),
            (Kind.LESIONS, is_lesion_table),
            (Kind.DISEASE, is_disease_table),
        )
        if told(sheet.header)
    ]
    return found[0] if len(found) == 1 else None


def find_inputs(path: Path) -> Inputs:
    """Look at INPUT: a table, a folder with tables at its top, or studies.

    Raises
    ------
    UsageError
        ``SCORE_INPUT_UNKNOWN`` if a file is no table of ours, or stands beside tables of ours and
        is another table; ``USAGE`` if there is no INPUT.
    """
    if path.is_file() and path.suffix.lower() in TABLE_ENDINGS:
        sheet = read_sheet(path)
        kind = kind_of(sheet)
        if kind is None:
            raise _unknown([(path.name, sheet.header)])
        return Inputs({kind: (path,)}, sheets=(sheet,) if kind is Kind.READER else ())
    if path.is_file() and path.suffix.lower() in WORKBOOKS:
        raise UsageError(
            "SCORE_INPUT_UNKNOWN",
            "A workbook is not read: it may hold several sheets, and formulas.",
            found=path.name,
            needed="the sheet as CSV (UTF-8)",
            next_step="save the sheet as CSV",
        )
    if not path.is_dir():
        if not path.is_file():
            raise UsageError(
                "USAGE", "INPUT is not a folder, nor a file.", found=str(path),
                needed=KINDS_ALLOWED, next_step="check the path",
            )  # fmt: skip
        return Inputs({}, path)
    return _folder(path)


def _folder(path: Path) -> Inputs:
    files = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
    tables: dict[Kind, list[Path]] = {}
    strange: list[tuple[str, tuple[str, ...]]] = []
    failed: list[QuantError] = []
    sheets: list[Sheet] = []
    for one in files:
        if one.suffix.lower() not in TABLE_ENDINGS:
            continue
        try:
            sheet = read_sheet(one)
        except QuantError as error:
            failed.append(error)
            continue
        kind = kind_of(sheet)
        if kind is None:
            strange.append((one.name, sheet.header))
        else:
            tables.setdefault(kind, []).append(one)
            sheets += [sheet] if kind is Kind.READER else []
    if not tables:
        return Inputs({}, path, tuple(name for name, _ in strange))
    if failed:
        raise failed[0]
    if strange:
        raise _unknown(strange)
    known = {one for group in tables.values() for one in group}
    others = tuple(one.name for one in sorted(path.iterdir()) if one not in known)
    found = {kind: tuple(group) for kind, group in tables.items()}
    return Inputs(found, None, others, tuple(sheets))


def _unknown(strange: list[tuple[str, tuple[str, ...]]]) -> UsageError:
    found = "; ".join(f"{name} with columns {', '.join(header[:12])}" for name, header in strange)
    return UsageError(
        "SCORE_INPUT_UNKNOWN",
        "A table is none that can be scored; nothing was scored.",
        found=found,
        needed=KINDS_ALLOWED,
        next_step="name the columns as docs/scoring.md shows, or put the file elsewhere",
    )
