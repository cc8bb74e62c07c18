"""Makes files dangerous by their names, to caged workers only: opening one does what it says.

``x.kills.dcm`` acts whenever it is opened; ``x.kills-measuring.dcm`` only once the code is
loaded that measures or looks. Found through PYTHONPATH when a test puts this folder there.
"""

import builtins
import io
import os
import signal
import sys
import time
from typing import Any

LATE = ("quant.pipeline.study", "quant.pipeline.cage.looking")

_plain_open, _plain_os_open = io.open, os.open


def _act(deed: str) -> None:
    if deed == "kills":
        os.kill(os.getpid(), signal.SIGKILL)
    if deed == "crashes":
        os.kill(os.getpid(), signal.SIGSEGV)
    if deed == "leaves":
        os._exit(3)
    if deed == "hoards":
        bytearray(64 * 2**30)
    while deed == "loops":
        pass
    while deed == "hangs":
        time.sleep(60.0)


def _open(file: Any, *others: Any, **named: Any) -> Any:  # noqa: ANN401 - as of io.open
    _look_at(file)
    return _plain_open(file, *others, **named)


def _os_open(file: Any, *others: Any, **named: Any) -> int:  # noqa: ANN401 - as of os.open
    _look_at(file)
    return _plain_os_open(file, *others, **named)


def _look_at(file: object) -> None:
    parts = str(file).split(".")
    if len(parts) > 2 and parts[-1] == "dcm":
        deed, _, stage = parts[-2].partition("-")
        if not stage or any(one in sys.modules for one in LATE):
            _act(deed)


if "quant.pipeline.cage.worker" in sys.orig_argv:
    io.open = _open
    builtins.open = _open
    setattr(os, "open", _os_open)  # noqa: B010 - mypy minds the plain way
