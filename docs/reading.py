"""The page of the reader: what it does in each situation, and the test that proves it.

The rows stand in ``docs/reading.toml`` alone; severities and remedies come from the registry of
codes. ``.venv/bin/python docs/reading.py > docs/reading.md`` writes the page; a test keeps it true.
"""

import ast
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from quant.domain.flags import CODES, Severity

ROOT = Path(__file__).resolve().parents[1]
SOURCE = Path(__file__).with_name("reading.toml")


@dataclass(frozen=True, slots=True)
class Row:
    """One situation: what the reader does, the codes that say so, the tests that build it.

    Parameters
    ----------
    section, situation, behaviour : str
    codes : tuple of str
        Empty where there is nothing to say.
    refused : tuple of str
        Those of ``codes`` that come as the code of an error although the flag is milder.
    tests : tuple of str
        ``path::name``.
    """

    section: str
    situation: str
    behaviour: str
    codes: tuple[str, ...]
    refused: tuple[str, ...]
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """A numbered group of test cases and the tests that hold it."""

    numbers: str
    what: str
    tests: tuple[str, ...]


def rows() -> tuple[Row, ...]:
    """Return the rows of the behaviour table in their order."""
    found = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
    return tuple(
        Row(
            section["name"],
            row["situation"],
            row["behaviour"],
            tuple(row.get("codes", ())),
            tuple(row.get("refused", ())),
            tuple(row["tests"]),
        )
        for section in found["section"]
        for row in section["row"]
    )


def trials() -> tuple[Trial, ...]:
    """Return the numbered test cases in their order."""
    found = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
    return tuple(Trial(one["numbers"], one["what"], tuple(one["tests"])) for one in found["case"])


def exists(test: str) -> bool:
    """Tell whether ``path::name`` is a test of the tree; the file is parsed, not imported."""
    path, _, name = test.partition("::")
    file = ROOT / path
    if not file.is_file() or not name.startswith("test_"):
        return False
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return any(
        isinstance(node, ast.FunctionDef) and node.name == name.partition("[")[0]
        for node in tree.body
    )


def as_markdown() -> str:
    """Write the page."""
    found = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
    lines = ["# What the reader does", "", *found["introduction"].strip().splitlines()]
    section = ""
    for row in rows():
        if row.section != section:
            section = row.section
            lines += ["", f"## {section}", ""]
            lines += ["| situation | what happens | code | severity | what to do | test |"]
            lines += ["| --- | --- | --- | --- | --- | --- |"]
        lines.append(_line(row))
    lines += ["", "## The test cases", "", *found["cases_introduction"].strip().splitlines(), ""]
    lines += ["| case | what is tested | test |", "| --- | --- | --- |"]
    lines += [f"| {one.numbers} | {one.what} | {_tests(one.tests)} |" for one in trials()]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    codes = "<br>".join(f"`{name}`" for name in row.codes) or "none"
    weights = (Severity.ERROR if one in row.refused else CODES[one].severity for one in row.codes)
    actions = "<br>".join(dict.fromkeys(CODES[name].action for name in row.codes))
    cells = [row.situation, row.behaviour, codes, "<br>".join(weights), actions, _tests(row.tests)]
    return f"| {' | '.join(cells)} |"


def _tests(names: tuple[str, ...]) -> str:
    return "<br>".join(f"`{name.removeprefix('tests/')}`" for name in names)


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
