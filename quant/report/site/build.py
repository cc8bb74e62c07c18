"""Make ``report.html``: one file with everything in it, or a page with a folder beside it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from quant.report.site.batch import Batch
from quant.report.site.pages import Pages, Parts, Place
from quant.report.site.parts import ASSETS, ENGINE, FOLDER, SCRIPTS, part, shared, sweep
from quant.report.site.viewing import viewer_json, why_not
from quant.report.writing import require_inside, write_files, write_text

if TYPE_CHECKING:
    from quant.domain.record import StudyRecord
    from quant.domain.study import QuarantineEntry

INDEX = "report.html"
SHEET = "qc.webp"

MOST_IN_ONE = 4
"""A batch with more studies becomes a folder when nothing else is asked for."""

MOST_BYTES_IN_ONE = 150_000_000
"""Viewers of a single file hold so much at most; studies beyond it have their pictures only."""

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


def write_site(source: Source, form: Form = Form.AUTO) -> list[str]:
    """Write the report of a batch; everything in it is escaped.

    Parameters
    ----------
    source : Source
    form : Form
        ``AUTO`` makes one file of up to :data:`MOST_IN_ONE` studies and a folder of more.

    Returns
    -------
    list of str
        Names of the files written, relative to the output folder.

    Raises
    ------
    OutputError
        When they cannot be written, or a link leads out of the output folder.
    """
    require_inside(source.out / FOLDER / ASSETS, source.out.resolve())
    if form is Form.AUTO:
        form = Form.SINGLE if len(source.names) <= MOST_IN_ONE else Form.FOLDER
    return _single(source) if form is Form.SINGLE else _folder(source)


def is_there(out: Path, written: Iterable[str]) -> bool:
    """Tell whether all files of a report that was written are still there."""
    return all((out / name).is_file() for name in written)


def _folder(source: Source) -> list[str]:
    """Write the index, the parts that all pages share, and a page and its images a study."""
    pages = Pages()
    place = source.out / FOLDER
    write_files(place / ASSETS, {name: part(name).encode("utf-8") for name in shared()})
    written = [f"{FOLDER}/{ASSETS}/{name}" for name in shared()]
    batch = Batch(lambda name: f"{FOLDER}/{name}.html")
    for at, (name, record) in enumerate(zip(source.names, source.records, strict=True)):
        batch.add(name, record)
        own = source.out / "studies" / name
        data = viewer_json(record, own)
        files = {}
        if data:
            key = json.dumps(name)
            files[f"{name}.js"] = f"(window.quantStudies ??= {{}})[{key}] = {data};\n"
        html = pages.study(
            record,
            Place(
                tag="main",
                name=name,
                viewer={"source": f"{name}.js", "engine": f"{ASSETS}/{ENGINE}"} if data else None,
                why_not="" if data else why_not(own),
                sheet=f"../studies/{name}/{SHEET}" if (own / SHEET).is_file() else "",
                nav=_nav(source.names, at, f"../{INDEX}", "{}.html"),
            ),
        )
        files[f"{name}.html"] = pages.page(f"Study {record.study_uid}", html, Parts(assets=ASSETS))
        write_files(place, {one: text.encode("utf-8") for one, text in files.items()})
        written += [f"{FOLDER}/{one}" for one in files]
    content = pages.index(batch, source.quarantine)
    parts = Parts(assets=f"{FOLDER}/{ASSETS}")
    write_text(source.out / INDEX, pages.page(TITLE, content, parts))
    sweep(place, {Path(one).name for one in written})
    return [INDEX, *written]


def _single(source: Source) -> list[str]:
    """Write one file that holds the index, all studies, their images and the viewer."""
    from quant.report.site.inline import data_block, image_address

    pages, room = Pages(), MOST_BYTES_IN_ONE
    batch = Batch(lambda name: f"#s-{name}")
    studies, blocks = [], []
    for at, (name, record) in enumerate(zip(source.names, source.records, strict=True)):
        batch.add(name, record)
        own = source.out / "studies" / name
        data = viewer_json(record, own)
        reason = "" if data else why_not(own)
        if len(data) > room:
            data, reason = "", TOO_MUCH
        if data:
            room -= len(data)
            blocks.append(data_block(f"data-{name}", data))
        studies.append(
            pages.study(
                record,
                Place(
                    tag="section",
                    name=name,
                    viewer={"source": "", "engine": ""} if data else None,
                    why_not=reason,
                    sheet=image_address(own / SHEET),
                    nav=_nav(source.names, at, "#index", "#s-{}"),
                ),
            )
        )
    content = Markup("\n").join([pages.index(batch, source.quarantine), *studies])
    scripts = [part(name) for name in ((ENGINE, *SCRIPTS) if blocks else SCRIPTS)]
    parts = Parts(scripts=scripts, styles=[part("report.css")], data=Markup("\n").join(blocks))
    write_text(source.out / INDEX, pages.page(TITLE, content, parts))
    sweep(source.out / FOLDER, set())
    return [INDEX]


def _nav(names: Sequence[str], at: int, index: str, pattern: str) -> dict[str, str]:
    """Return where the page of a study leads: to the table, and to its neighbours."""
    before = pattern.format(names[at - 1]) if at else ""
    after = pattern.format(names[at + 1]) if at + 1 < len(names) else ""
    return {"index": index, "before": before, "after": after}
