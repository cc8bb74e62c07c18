"""The documentation says what the code does."""

from pathlib import Path

from quant.scoring.analysis.cutoffs import read_cutoffs
from quant.scoring.output.definitions import definitions_as_markdown

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_of_definitions_is_made_from_the_code() -> None:
    written = (DOCS / "scoring-tables.md").read_text(encoding="utf-8")

    assert written == definitions_as_markdown(), (
        "run: python -m quant.scoring.output.definitions > docs/scoring-tables.md"
    )


def test_every_cutoff_stands_there_and_what_was_not_read_is_called_unverified() -> None:
    lines = definitions_as_markdown().splitlines()

    for one in read_cutoffs():
        (line,) = [text for text in lines if text.startswith(f"| `{one.name}` |")]
        assert one.source in line
        assert ("unverified" in line) == (not one.verified or bool(one.unverified))
