"""The log of a run: one JSON object a line, no control characters, no texts of exceptions."""

import io
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from quant.cli.logs import LineFile, logging_to_file, logging_to_screen
from quant.errors import OutputError
from quant.pipeline.folder import LOG_NAME

NASTY = "study \x1b[31mred\x1b[0m\r\n\u202egnp.exe \udc80 {} %s %(name)s"


def _lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / LOG_NAME).read_bytes().splitlines()]


def _fail() -> None:
    message = "Doe^John 19700101"
    try:
        float(message)
    except ValueError as error:
        raise RuntimeError(message) from error


def test_each_message_is_one_line_with_its_run_and_what_it_carries(tmp_path: Path) -> None:
    logger = logging.getLogger("quant.test")
    for number in range(2):
        with logging_to_file(tmp_path, debug=False):
            logger.info("run %d", number, extra={"studies": 7, "secret": "Doe^John"})
            logger.debug("not asked for")

    first, second = _lines(tmp_path)
    assert (first["message"], second["message"]) == ("run 0", "run 1")
    assert first["run"] != second["run"]
    assert first["studies"] == 7
    assert set(first) == {"time", "run", "level", "logger", "message", "studies"}


def test_control_characters_and_direction_marks_do_not_get_through(tmp_path: Path) -> None:
    with logging_to_file(tmp_path, debug=False):
        logging.getLogger("quant.test").warning(NASTY)

    content = (tmp_path / LOG_NAME).read_bytes()
    assert content.count(b"\n") == 1
    assert content.isascii()
    assert _lines(tmp_path)[0]["message"].isprintable()


@pytest.mark.parametrize("where", ["file", "screen"])
def test_of_an_exception_only_types_and_places_are_kept(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an exception says may quote a file: a name, a date of birth."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    to_file = logging_to_file(tmp_path, debug=True)
    with to_file if where == "file" else logging_to_screen(debug=True):
        try:
            _fail()
        except RuntimeError:
            logging.getLogger("quant.test").debug("it failed", exc_info=True)

    text = _lines(tmp_path)[0]["trace"] if where == "file" else stream.getvalue()
    assert "RuntimeError at test_run_logs.py" in text
    assert "caused by ValueError at test_run_logs.py" in text
    assert "Doe" not in text


def test_the_screen_shows_warnings_as_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with logging_to_screen(debug=False):
        logging.getLogger("quant.test").warning("[bold]not markup[/bold] %s", NASTY)
        logging.getLogger("quant.test").info("not a warning")

    assert "[bold]not markup[/bold]" in stream.getvalue()
    assert stream.getvalue().replace("\n", "").isprintable()
    assert "not a warning" not in stream.getvalue()


def test_a_log_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"somebody's")
    (tmp_path / LOG_NAME).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OutputError), logging_to_file(tmp_path, debug=False):
        pass
    assert (tmp_path / "elsewhere").read_bytes() == b"somebody's"


def test_a_log_that_cannot_be_written_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        LineFile(full).handle(logging.makeLogRecord({"msg": "lost"}))
    finally:
        os.close(full)

    assert capsys.readouterr().err == ""
