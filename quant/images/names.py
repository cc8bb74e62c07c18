"""Names of labels: in the file's own header, in a table beside it, or in the name of the file."""

import csv
import json
from typing import TYPE_CHECKING

from quant.domain.text import plain
from quant.images.refusal import cause, unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quant.domain.archive import FilePath

SUFFIXES = (".nii.gz", ".nii", ".seg.nrrd", ".nrrd", ".mha")
"""Endings of label files, the longer before the shorter."""


def label_suffix(path: "FilePath") -> str:
    """Return the ending that makes a file a label file; empty when it is none."""
    name = path.name.lower()
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "")


def label_stem(path: "FilePath") -> str:
    """Return the name of a label file without its ending."""
    return path.name[: len(path.name) - len(label_suffix(path))]


def label_names(path: "FilePath") -> tuple[str, ...] | None:
    """Return the names that the labels of a file have, from its header and the table beside it.

    Parameters
    ----------
    path : Path or ArchiveMember
        NIfTI, NRRD, .seg.nrrd or MHA.

    Returns
    -------
    tuple of str or None
        Empty when neither gives a name, so that labels are named by the file; None when that
        cannot be told without reading it.
    """
    try:
        suffix = label_suffix(path)
        if suffix in (".nii", ".nii.gz"):
            from quant.images.nifti import header_names

            found = list(header_names(path).values())
        elif suffix in (".nrrd", ".seg.nrrd"):
            from quant.images.nrrd import segment_names

            found = segment_names(path)
        else:
            found = []
        found = found or list(companion_names(path, label_stem(path)).values())
    except Exception:  # noqa: BLE001 (a broken file is read, so that it is refused in words)
        return None
    return tuple(name for name in found if name)


def companion_names(path: "FilePath", stem: str) -> dict[int, str]:
    """Read label names from a JSON or CSV file beside the label file, of the same stem.

    JSON: ``{"1": "liver"}``, or under a key ``labels`` either that or ``{"liver": 1}``. CSV: two
    columns, value and name in any order; other rows (a heading) are passed over.

    Raises
    ------
    ReadError
        ``ROI_UNREADABLE``, naming the table, when it is damaged: labels without their names would
        not be the regions that are meant.
    """
    for suffix, read in ((".json", _json_names), (".csv", _csv_names)):
        table = path.with_name(f"{stem}{suffix}")
        if not table.is_file():
            continue
        try:
            return read(table)
        except (ValueError, csv.Error) as error:
            needed = f"a table of the labels of '{plain(path.name)}', or none"
            raise unreadable(table, cause(error), needed) from error
    return {}


def _json_names(table: "FilePath") -> dict[int, str]:
    content = json.loads(table.read_text(encoding="utf-8-sig"))
    if not isinstance(content, dict):
        return {}
    inner = content.get("labels")
    if isinstance(inner, dict):
        return _named([(k, v) for k, v in inner.items()] + [(v, k) for k, v in inner.items()])
    return _named(list(content.items()))


def _csv_names(table: "FilePath") -> dict[int, str]:
    with table.open(newline="", encoding="utf-8-sig") as stream:
        rows = [row for row in csv.reader(stream) if len(row) >= 2]
    return _named([(row[0], row[1]) for row in rows] + [(row[1], row[0]) for row in rows])


def _named(pairs: "Sequence[tuple[object, object]]") -> dict[int, str]:
    """Keep the pairs of a whole number and a name."""
    return {
        int(str(value)): name.strip()
        for value, name in pairs
        if str(value).strip().isdecimal() and isinstance(name, str)
        and name.strip() and not name.strip().isdecimal()
    }  # fmt: skip
