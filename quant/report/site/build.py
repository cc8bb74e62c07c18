"""Make ``report.html``: one file with everything in it, or a page with a folder beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from quant.report.pictures import SHEET, VIEWER
from quant.report.pictures.display.copies import read_copies
from quant.report.pictures.viewer import why_not, write_viewer, written_json
from quant.report.site.batch import Batch
from quant.report.site.pages import Pages, Parts, Place
from quant.report.site.parts import (
    ASSETS,
    ENGINE,
    FOLDER,
    SCRIPTS,
    count_files,
    part,
    shared,
    sweep,
)
from quant.report.writing import require_inside, write_files, write_text

if TYPE_CHECKING:
    from quant.domain.record import StudyRecord
    from quant.domain.study import QuarantineEntry

INDEX = "report.html"

MOST_IN_ONE = 4
"""A batch with more studies becomes a folder when nothing else is asked for."""

MOST_BYTES_IN_ONE = 200_000_000
"""Images of a single file take so much at most; studies beyond it have none."""

HERE_STUDIES, HERE_DATA = "\x00studies\x00", "\x00data\x00"
"""Marks of places in a page; whatever comes from a record has no such characters left."""

TITLE = "SPECT/CT quantification report"
TOO_MUCH = "one file cannot hold the images of so many studies; make a folder of it"


class Form(StrEnum):
    """How the report is laid out."""

    AUTO = "auto"
    SINGLE = "single"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Source:
    """What a report is made from.

    Parameters
    ----------
    out : Path
        The output folder; each study's own folder is ``studies/<name>`` in it.
    names : sequence of str
        Names of the records.
    records : iterable of StudyRecord
        In the same order; gone through once.
    quarantine : sequence of QuarantineEntry
        What was not measured.
    """

    out: Path
    names: Sequence[str]
    records: "Iterable[StudyRecord]"
    quarantine: "Sequence[QuarantineEntry]" = ()


def write_site(source: Source, form: Form = Form.AUTO) -> int:
    """Write the report of a batch; everything in it is escaped.

    Parameters
    ----------
    source : Source
    form : Form
        ``AUTO`` makes one file of up to :data:`MOST_IN_ONE` studies and a folder of more.

    Returns
    -------
    int
        Files in the folder beside the first page; see :func:`is_there`.

    Raises
    ------
    OutputError
        When they cannot be written, or a link leads out of the output folder.
    """
    require_inside(source.out / FOLDER / ASSETS, source.out.resolve())
    if form is Form.AUTO:
        form = Form.SINGLE if len(source.names) <= MOST_IN_ONE else Form.FOLDER
    return _single(source) if form is Form.SINGLE else _folder(source)


def is_there(out: Path, pages: int) -> bool:
    """Tell whether a report has its first page and so many files in its folder."""
    return (out / INDEX).is_file() and count_files(out / FOLDER) == pages


def _folder(source: Source) -> int:
    """Write the index, the parts that all pages share, and a page a study."""
    pages = Pages()
    place = source.out / FOLDER
    write_files(place / ASSETS, {name: part(name).encode("utf-8") for name in shared()})
    written = set(shared())
    batch = Batch(lambda name: f"{FOLDER}/{name}.html")
    for at, (name, record) in enumerate(zip(source.names, source.records, strict=True)):
        batch.add(name, record)
        own = source.out / "studies" / name
        _prepare_viewer(record, own)
        data = _beside(own / VIEWER)
        html = pages.study(
            record,
            Place(
                tag="main",
                name=name,
                viewer={"source": data, "engine": f"{ASSETS}/{ENGINE}"} if data else None,
                why_not="" if data else why_not(record, own),
                sheet=_beside(own / SHEET),
                nav=_nav(source.names, at, f"../{INDEX}", "{}.html"),
            ),
        )
        page = pages.page(f"Study {record.study_uid}", html, Parts(assets=ASSETS))
        write_text(place / f"{name}.html", page)
        written.add(f"{name}.html")
    content = pages.index(batch, source.quarantine)
    parts = Parts(assets=f"{FOLDER}/{ASSETS}")
    write_text(source.out / INDEX, pages.page(TITLE, content, parts))
    sweep(place, written)
    return len(written)


def _single(source: Source) -> int:
    """Write one file that holds the index, all studies, their images and the viewer."""
    from quant.report.site.inline import data_block, image_address

    pages, room = Pages(), MOST_BYTES_IN_ONE
    batch = Batch(lambda name: f"#s-{name}")
    studies: list[bytes] = []
    blocks: list[bytes] = []
    for at, (name, record) in enumerate(zip(source.names, source.records, strict=True)):
        batch.add(name, record)
        own = source.out / "studies" / name
        _prepare_viewer(record, own)
        sheet, data = image_address(own / SHEET), written_json(own)
        reason = "" if data else why_not(record, own)
        if len(sheet) + len(data) > room:
            sheet, data, reason = "", "", TOO_MUCH
        room -= len(sheet) + len(data)
        if data:
            blocks.append(data_block(f"data-{name}", data).encode("ascii"))
        place = Place(
            tag="section",
            name=name,
            viewer={"source": "", "engine": ""} if data else None,
            why_not=reason,
            sheet=sheet,
            nav=_nav(source.names, at, "#index", "#s-{}"),
        )
        studies.append(pages.study(record, place).encode("utf-8"))
    scripts = [part(name) for name in ((ENGINE, *SCRIPTS) if blocks else SCRIPTS)]
    parts = Parts(scripts=scripts, styles=[part("report.css")], data=Markup(HERE_DATA))  # noqa: S704 - our own mark
    content = pages.index(batch, source.quarantine) + Markup(HERE_STUDIES)  # noqa: S704 - our own mark
    page = pages.page(TITLE, content, parts).encode("utf-8")
    rest, _, tail = page.rpartition(HERE_DATA.encode())
    head, _, middle = rest.rpartition(HERE_STUDIES.encode())
    whole = b"".join([head, *studies, middle, *blocks, tail])
    write_files(source.out, {INDEX: whole})
    sweep(source.out / FOLDER, set())
    return 0


def _prepare_viewer(record: "StudyRecord", own: Path) -> None:
    """Write what a study's viewer shows, where measuring has not done so already."""
    if not (own / VIEWER).is_file():
        write_viewer(record, own, read_copies(own))


def _beside(path: Path) -> str:
    """Return the address of a study's file as a page of the report gives it; empty without one."""
    return f"../studies/{path.parent.name}/{path.name}" if path.is_file() else ""


def _nav(names: Sequence[str], at: int, index: str, pattern: str) -> dict[str, str]:
    """Return where the page of a study leads: to the table, and to its neighbours."""
    before = pattern.format(names[at - 1]) if at else ""
    after = pattern.format(names[at + 1]) if at + 1 < len(names) else ""
    return {"index": index, "before": before, "after": after}
