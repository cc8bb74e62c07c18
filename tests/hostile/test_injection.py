"""Names that try to run do nothing, whatever writes them."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from quant.domain.text import inert
from tests.hostile.injection import (
    ACTIVE,
    HARMLESS,
    PAYLOADS,
    Tags,
    escapes,
    live_cells,
    write_names,
)
from tests.support.fuzzing import FAST
from tests.support.run import Outcome, here, run, run_here


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Two runs of the command, the same but for the names; the harmless ones need no cage."""
    base = tmp_path_factory.mktemp("names")
    found = {}
    for kind, names in (("active", PAYLOADS), ("harmless", HARMLESS)):
        write_names(base / kind, names)
        protocol = base / f"{kind}.toml"
        protocol.write_text(FAST)
        command = run if kind == "active" else run_here
        found[kind] = command(
            base / kind, base / f"{kind}-out", "--identifiers", "--debug", "--protocol", protocol
        )
    return found


def test_thirty_names_are_measured_and_none_is_a_live_cell(outcomes: dict[str, Outcome]) -> None:
    out = outcomes["active"].out
    tables = {path.name: path.read_text(encoding="utf-8") for path in sorted(out.glob("*.csv"))}

    assert len(PAYLOADS) >= 30
    assert len(outcomes["active"].rows("lesions.csv")) > len(PAYLOADS) // 2
    assert len(outcomes["active"].rows("quarantine.csv")) >= 2 * len(PAYLOADS)
    assert {name: live_cells(text) for name, text in tables.items()} == {
        name: [] for name in tables
    }


def test_parquet_turned_into_csv_has_no_live_cell(
    outcomes: dict[str, Outcome], tmp_path: Path
) -> None:
    for path in sorted(outcomes["active"].out.glob("*.parquet")):
        made = tmp_path / f"{path.stem}.csv"
        pq.read_table(path).to_pandas().to_csv(made, index=False)

        assert live_cells(made.read_text(encoding="utf-8")) == [], path.name


def test_the_pages_have_the_same_tags_whatever_the_names(outcomes: dict[str, Outcome]) -> None:
    kinds: dict[str, set[tuple[str, ...]]] = {}
    for kind, one in outcomes.items():
        pages = [path.read_text(encoding="utf-8") for path in sorted(one.out.rglob("*.html"))]
        assert pages
        kinds[kind] = set().union(*(Tags(page).found for page in pages))
        assert not [one for one in kinds[kind] if one[0] == "active"]

    assert kinds["active"] == kinds["harmless"]


def test_no_result_log_or_screen_holds_escapes_line_breaks_or_direction_marks(
    outcomes: dict[str, Outcome],
) -> None:
    one = outcomes["active"]

    assert escapes(one.out) == []
    assert not ACTIVE.search(one.stdout)
    assert not ACTIVE.search(one.stderr)


def test_inspect_and_protocol_print_names_as_plain_text(
    outcomes: dict[str, Outcome], tmp_path: Path
) -> None:
    folder = outcomes["active"].out.parent / "active"
    protocol = tmp_path / "p.toml"
    protocol.write_text('name = "\\u001b[31m=1+1<b>"\nextends = "zhou2025"\n')
    for arguments in (
        ("inspect", folder), ("protocol", "show", protocol), ("protocol", "check", protocol),
        ("columns", "--markdown"), ("inspect", "--codes"),
    ):  # fmt: skip
        status, stdout, stderr = here(*arguments)

        assert status in (0, 1, 2)
        assert not ACTIVE.search(stdout + stderr), arguments


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_cell_of_text_is_inert_and_keeps_what_can_be_read(payload: str) -> None:
    shown = inert(payload)

    assert live_cells(quoted(shown) + "\n") == []
    assert [char for char in shown.lstrip("'") if char != " "] == [
        char for char in payload if char.isprintable() and char != " "
    ]


def test_an_audit_written_as_a_table_has_no_live_cell(tmp_path: Path) -> None:
    rows = [
        f'[[row]]\nkind = "counts"\nwhere = {json.dumps(payload)}\nname = {json.dumps(payload)}\n'
        "total = 50\nparts = [20, 25]\n"
        for payload in PAYLOADS
    ]
    paper = tmp_path / "paper.toml"
    paper.write_text("\n".join(rows).replace("\\u001b", "\\u001B"), encoding="utf-8")

    status, stdout, stderr = here("cohort", "audit", paper, "-o", tmp_path / "checks.csv")

    assert status == 1, stderr
    assert not ACTIVE.search(stdout + stderr)
    text = (tmp_path / "checks.csv").read_text(encoding="utf-8")
    assert len(text.splitlines()) > len(PAYLOADS)
    assert live_cells(text) == []


def test_tables_of_a_cohort_have_no_live_cell_in_any_form(tmp_path: Path) -> None:
    import pandas as pd

    from quant.cohort.report.output import csv_text, parquet_bytes

    frame = pd.DataFrame({"=head": list(PAYLOADS), "value": range(len(PAYLOADS))})
    path = tmp_path / "t.parquet"
    path.write_bytes(parquet_bytes(frame))

    assert live_cells(csv_text(frame)) == []
    assert (
        live_cells("".join(f"{quoted(one)}\n" for one in pq.read_table(path)[0].to_pylist())) == []
    )


def quoted(text: str) -> str:
    """Quote a text as CSV does."""
    return '"' + text.replace('"', '""') + '"'
