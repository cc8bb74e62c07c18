"""The report as HTML and as Markdown; everything in either is escaped."""

from collections.abc import Sequence
from pathlib import Path

from quant.cohort.report.sections import Section
from quant.domain.text import plain

TEMPLATE = Path(__file__).parent / "templates" / "cohort.html.j2"
MARKED = str.maketrans({one: f"\\{one}" for one in "\\`*[]|#"} | {"<": "&lt;", ">": "&gt;",
                        "&": "&amp;"})  # fmt: skip
"""Characters that Markdown, or the HTML in it, would take for marks."""


def as_html(parts: Sequence[Section]) -> str:
    """Return the report as one page that needs no network and no script."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(sections=parts)


def as_markdown(parts: Sequence[Section]) -> str:
    """Return the report as Markdown with tables."""
    lines = [
        "# Cohort report",
        "",
        "Research software, not a medical device. Every number stands with method, ties, limit and",
        "n in estimates.csv and in tables/.",
    ]
    for part in parts:
        lines += ["", f"## {marked(part.title)}"]
        for sentence in part.sentences:
            lines += ["", marked(sentence)]
        for block in part.blocks:
            lines += ["", f"{marked(block.caption)}:", "", _row(block.heads)]
            lines += [_row(["---"] * len(block.heads)), *map(_row, block.rows)]
        for name, caption in part.figures:
            lines += ["", f"![{marked(caption)}](figures/{name}.svg)"]
    return "\n".join(lines) + "\n"


def marked(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return plain(text).translate(MARKED)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(marked(cell) if cell != "---" else cell for cell in cells) + " |"
