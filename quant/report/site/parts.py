"""Scripts, styles and licences that the report brings along, and the folder that they go to."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from quant.report.writing import IS_PART, PART

HERE = Path(__file__).parent
FOLDER, ASSETS = "report", "assets"
ENGINE = "niivue.umd.js"
SCRIPTS = ("shapes.js", "panel.js", "viewer.js", "report.js")
LICENCES = ("LICENSE-niivue.txt", "LICENSES-bundled.txt")


def shared() -> tuple[str, ...]:
    """Names of the parts that all pages of a folder share."""
    return ("report.css", *SCRIPTS, ENGINE, *LICENCES)


def part(name: str) -> str:
    """Return the text of a part."""
    where = "static" if (HERE / "static" / name).is_file() else "vendor"
    return (HERE / where / name).read_text(encoding="utf-8")


def sweep(place: Path, keep: set[str]) -> None:
    """Remove pages of an earlier report that are not part of this one, and nothing else."""
    for folder in (place / ASSETS, place):
        if folder.is_symlink() or not folder.is_dir():
            continue
        for path in own_files(folder):
            if path.name not in keep or path.suffix == PART:
                path.unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()


def count_files(place: Path) -> int:
    """Count the files of a report's folder."""
    count = 0
    for folder in (place, place / ASSETS):
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            count += sum(entry.is_file() for entry in entries)
    return count


def own_files(folder: Path) -> Iterator[Path]:
    """Files of a report's folder whose names only a report gives."""
    known = set(shared())
    for path in sorted(folder.iterdir()):
        is_page = path.suffix in (".html", ".js") and _is_record_name(path.stem)
        if path.is_file() and (is_page or path.name in known or IS_PART(path.name)):
            yield path


def _is_record_name(stem: str) -> bool:
    return len(stem) == 32 and set(stem) <= set("0123456789abcdef")
