"""quant cohort audit, as a user runs it."""

import csv
import json
from pathlib import Path

from tests.support.run import here


def test_the_example_is_audited_and_its_contradictions_set_the_status() -> None:
    status, stdout, stderr = here("cohort", "audit", "--example")

    assert (status, stderr) == (1, "")
    assert "a lower limit of 0.799" in stdout
    assert "552.757" in stdout
    assert "15 contradiction, 4 caution, 7 notation, 114 fits" in stdout
    assert stdout.index("Contradictions") < stdout.index("Notation")


def test_the_layout_is_a_file_that_can_be_audited_and_written(tmp_path: Path) -> None:
    _, layout, _ = here("cohort", "audit", "--layout")
    file, table = tmp_path / "mine.toml", tmp_path / "checks.csv"
    file.write_text(layout, encoding="utf-8")

    status, stdout, _ = here("cohort", "audit", file, "--all", "-o", table)

    assert status == 1
    assert "Fits (114)" in stdout
    with table.open(encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 140


def test_a_sound_table_ends_with_zero(tmp_path: Path) -> None:
    file, checks = tmp_path / "mine.csv", tmp_path / "checks.json"
    file.write_text("kind,name,mean,low,high\nmean,a,10.5,8.0,13.0\n", encoding="utf-8")

    status, stdout, _ = here("cohort", "audit", file, "-o", checks)

    assert status == 0
    assert "1 rows, 1 without a finding" in stdout
    assert json.loads(checks.read_text(encoding="utf-8"))[0]["verdict"] == "fits"


def test_what_cannot_be_audited_is_refused_with_a_sentence(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("kind,mean\nmagic,5\n", encoding="utf-8")

    for arguments, code in (
        ((), "USAGE"),
        (("--example", bad), "USAGE"),
        ((tmp_path / "none.csv",), "USAGE"),
        (("--example", "-o", tmp_path / "checks.xls"), "USAGE"),
        ((bad,), "AUDIT_UNREADABLE"),
    ):
        status, _, stderr = here("cohort", "audit", *arguments)
        assert status == 2
        assert code in stderr
        assert "Traceback" not in stderr
