"""Where log messages go: ``run.log.jsonl`` in the output folder, and warnings to the screen.

Messages hold UIDs, codes and counts. Of exceptions only the type and the places in the code are
kept: their texts may quote what stood in a file.
"""

import json
import logging
import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from quant.domain.text import plain

EXTRA = (
    "record", "seconds", "reused", "studies", "files", "version", "protocol", "protocol_hash",
    "digest", "status",
)  # fmt: skip
"""What a message may carry beside its text."""

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def trace(info: "ExceptionInfo | tuple[None, None, None]") -> str:
    """Return the types and places of an exception and its causes, without their texts."""
    lines = []
    error = info[1]
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        places = [
            f"{Path(one.filename).name}:{one.lineno} {one.name}"
            for one in traceback.extract_tb(error.__traceback__)
        ]
        lines.append(f"{type(error).__name__} at " + " > ".join(places))
        error = error.__cause__ or error.__context__
    return "; caused by ".join(lines)


class _JsonLines(logging.Formatter):
    """One JSON object a line; ASCII only, control characters escaped."""

    def __init__(self, run: str) -> None:
        super().__init__()
        self._run = run

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat()
        line: dict[str, object] = {
            "time": moment,
            "run": self._run,
            "level": record.levelname,
            "logger": record.name,
            "message": plain(record.getMessage()),
        }
        line |= {key: record.__dict__[key] for key in EXTRA if key in record.__dict__}
        if record.exc_info:
            line["trace"] = trace(record.exc_info)
        return json.dumps(line, default=str)


class _Screen(logging.Formatter):
    """The message as one printable line, and the trace of an exception below it."""

    def format(self, record: logging.LogRecord) -> str:
        text = f"{record.levelname.lower()}: {plain(record.getMessage())}"
        return f"{text}\n  {trace(record.exc_info)}" if record.exc_info else text


class LineFile(logging.Handler):
    """Appends to an open file, a line at a time.

    When there is no room the message is lost: the run says so when it writes results.

    Parameters
    ----------
    descriptor : int
        Stays open: who opened it closes it.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        try:
            os.write(self._descriptor, self.format(record).encode("ascii") + b"\n")
        except OSError:
            return
        except Exception:  # noqa: BLE001 - as every handler of the standard library does
            self.handleError(record)


@contextmanager
def logging_to_screen(*, debug: bool) -> Iterator[None]:
    """Show warnings (with ``debug`` everything) on standard error."""
    from rich.console import Console
    from rich.logging import RichHandler

    console = Console(stderr=True, soft_wrap=True)
    handler = RichHandler(
        console=console, show_time=False, show_path=False, show_level=False, markup=False,
        highlighter=None,
    )  # fmt: skip
    handler.setFormatter(_Screen())
    handler.setLevel(logging.DEBUG if debug else logging.WARNING)
    with _attached(handler):
        yield


@contextmanager
def logging_to_file(place: Path, *, debug: bool) -> Iterator[None]:
    """Append to the log of an output folder that this run holds; runs are told by their start."""
    from quant.pipeline.folder import LOG_NAME
    from quant.report.writing import require_own, speaking_of

    path = place / LOG_NAME
    require_own(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
    with speaking_of(path):
        descriptor = os.open(path, flags, 0o666)
    run = datetime.now(UTC).isoformat()
    handler = LineFile(descriptor)
    handler.setFormatter(_JsonLines(f"{run}/{os.getpid()}"))
    handler.setLevel(logging.DEBUG if debug else logging.INFO)
    try:
        with _attached(handler):
            yield
    finally:
        os.close(descriptor)


@contextmanager
def _attached(handler: logging.Handler) -> Iterator[None]:
    logger = logging.getLogger("quant")
    before = logger.level
    logger.setLevel(min(before or handler.level, handler.level))
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
        logger.propagate = propagates
