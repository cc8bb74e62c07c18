"""A process says why it takes long before its first study."""

import logging
from pathlib import Path

import pytest

from quant.pipeline import warming


@pytest.mark.parametrize(
    ("why_not", "level", "words"),
    [
        ("Read-only file system", logging.WARNING, "cannot be kept (Read-only file system)"),
        ("", logging.INFO, "once for this version"),
    ],
)
def test_compiling_is_told_and_loudly_where_it_is_in_vain(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    why_not: str,
    level: int,
    words: str,
) -> None:
    rehearsed: list[bool] = []
    monkeypatch.setattr("quant_kernels.inventory.place", lambda: (tmp_path, why_not))
    monkeypatch.setattr(warming, "_all_kept", lambda: False)
    monkeypatch.setattr(warming, "_rehearse", lambda: rehearsed.append(True))

    with caplog.at_level(logging.INFO, logger="quant"):
        warming.warm()

    (said,) = caplog.records
    assert (said.levelno, words in said.getMessage(), rehearsed) == (level, True, [True])
