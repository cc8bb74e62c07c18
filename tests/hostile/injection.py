"""Goal 14: names that try to run, in every place where a name is taken in, through every writer."""

import csv
import io
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.dicom_builder import FRAME, STUDY, changed
from tests.support.rt_builder import Roi, structure_set
from tests.support.seeds import CORNER, STEP_MM, edited, file_bytes, write_study

PAYLOADS = (
    "=1+1", "=HYPERLINK(\"http://x\",\"y\")", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)",
    "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\uff1d1+1", "\";=1+1", "a\r\n=1+1,b",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>",
    "\"><b onmouseover=alert(1)>", "</title></style><h1>", "javascript:alert(1)", "{{7*7}}{%raw%}",
    "&lt;script&gt;&#x3c;b>", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x9b31m", "\u202egnp.exe",
    "\u2066x\u2069\u200e\u200f\u061c", "[red]x[/red][link=http://x]", "%s%n{0.__class__}",
    "| a | b |\n|---|---|\n[x](javascript:1)", "${jndi:ldap://x}\u2028\u2029",
)  # fmt: skip
"""Formulas, markup, templates, terminal escapes, direction marks, line breaks."""

ACTIVE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200c-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
"""Control characters, line separators and marks of direction; tab and line feed are structure."""

HARMLESS = tuple(f"name{number}" for number in range(len(PAYLOADS)))


def write_names(folder: Path, names: tuple[str, ...]) -> None:
    """Write a study with a lesion for each name, device texts of these names, and broken files."""
    x, y, z = CORNER
    rois = []
    for number, name in enumerate(names):
        left, top = x + (number % 5) * 3 * STEP_MM, y + (number // 5) * 2.5 * STEP_MM
        ring = np.array(
            [[left, top], [left + 17.0, top], [left + 17.0, top + 15.0], [left, top + 15.0]]
        )
        rings = [np.column_stack([ring, np.full(4, z + k * STEP_MM)]) for k in (1, 2)]
        rois.append(Roi(f"{name} lesion", rings, frame=FRAME))
    drawn = changed(
        structure_set(rois, frames=(FRAME,)),
        SpecificCharacterSet="ISO_IR 192",
        SOPInstanceUID="1.2.826.0.1.3.10",
        StudyInstanceUID=STUDY,
        SeriesInstanceUID="1.2.826.0.1.2.10",
        PatientID="SECRET-ID",
        PatientName=names[1],
    )
    device = {
        "SpecificCharacterSet": "ISO_IR 192", "Manufacturer": names[2],
        "SoftwareVersions": names[13],
        "ManufacturerModelName": names[14], "ConvolutionKernel": names[21][:16],
        "ReconstructionMethod": names[24], "PatientName": names[0],
        "SeriesDescription": names[15],
    }  # fmt: skip
    emission = edited("nm", lambda data: changed(data, **device))
    write_study(folder / "good", nm=emission, more=file_bytes(drawn))
    for number, name in enumerate(names):
        part = re.sub(r"[/\0]", "_", name)
        other = emission.replace(b"1.2.826.0.1.", b"1.2.826.0.8.")
        broken = folder / "broken" / f"{part} {number}.dcm"
        broken.parent.mkdir(exist_ok=True)
        broken.write_bytes(other[: 700 + number])
        mask = f"{part} {number} lesion.nii"
        (folder / "good" / mask).write_bytes(b"no mask at all")


def live_cells(text: str) -> list[str]:
    """Return the cells of a CSV that a spreadsheet would take for formulas."""
    import openpyxl

    found: list[str] = []
    sheet = openpyxl.Workbook().active
    assert sheet is not None
    for row in csv.reader(io.StringIO(text, newline="")):
        for cell in row:
            if ACTIVE.search(cell) or "\n" in cell or "\t" in cell:
                found.append(cell)
                continue
            sheet.cell(1, 1).value = cell
            starts = cell.lstrip()[:1] in set("=+-@\uff1d\uff0b\uff0d\uff20") - {""}
            if sheet.cell(1, 1).data_type == "f" or (starts and not _is_number(cell)):
                found.append(cell)
    return found


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


SCHEMES = re.compile(
    r"\s*(javascript|vbscript|data:(?!image/(webp|png);base64,[A-Za-z0-9+/=]*$)):?"
)
"""Links that run something; pictures inside a page are none."""


class Tags(HTMLParser):
    """Counts what is active in a page: tags with the names of their attributes, and links."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: Counter[tuple[str, ...]] = Counter()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag; a link only where it leads within the page."""
        for name, value in attrs:
            if name.startswith("on") or SCHEMES.match(value or ""):
                self.found["active", tag, name, value or ""] += 1
        self.found[tag, *sorted(name for name, _ in attrs)] += 1


def texts_of(content: Any) -> list[str]:  # noqa: ANN401 - whatever JSON holds
    """Return all texts inside parsed JSON, keys too."""
    if isinstance(content, str):
        return [content]
    if isinstance(content, dict):
        return [one for pair in content.items() for part in pair for one in texts_of(part)]
    return [one for part in content for one in texts_of(part)] if isinstance(content, list) else []


def escapes(out: Path) -> list[str]:
    """List files of results with characters that do something, in JSON after it is parsed."""
    found = []
    for path in sorted(out.rglob("*")):
        if path.suffix in (".csv", ".html", ".js", ".css", ".txt", ".md"):
            texts = [path.read_bytes().decode()]
        elif path.suffix == ".json":
            texts = texts_of(json.loads(path.read_bytes()))
        elif path.suffix == ".jsonl":
            lines = path.read_text(encoding="ascii").splitlines()
            texts = [text for line in lines for text in texts_of(json.loads(line))]
        else:
            continue
        found += [f"{path.name}: {text[:80]!r}" for text in texts if ACTIVE.search(text)]
    return found
