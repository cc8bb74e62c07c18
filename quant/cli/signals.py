"""The first Ctrl-C (or SIGTERM) ends a run in order, the second at once."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from quant.cli.exits import RESUME, Exit

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
"""Those that ask a process to end; systems lack some of them."""


class Interrupted(KeyboardInterrupt):
    """Raised in the main thread by the first signal; ``args`` holds the signal's name."""


@contextmanager
def ends_in_order() -> Iterator[None]:
    """Raise :class:`Interrupted` at the first signal that asks to end, and exit at the second.

    A signal that was ignored when the process started (``nohup``) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {}
    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, _first)
    try:
        yield
    finally:
        for number, handler in before.items():
            with contextlib.suppress(TypeError):  # a handler that Python did not set
                signal.signal(number, handler)


def _first(number: int, _frame: FrameType | None) -> None:
    for name in SIGNALS:
        one = getattr(signal, name, None)
        if one is not None and signal.getsignal(one) is _first:
            signal.signal(one, _second)
    raise Interrupted(signal.Signals(number).name)


def _second(_number: int, _frame: FrameType | None) -> None:
    """End at once, and take the workers along."""
    import multiprocessing
    import select

    for child in multiprocessing.active_children():
        with contextlib.suppress(OSError):
            child.kill()
    with contextlib.suppress(OSError, ValueError):
        if select.select([], [2], [], 0)[1]:  # a pipe that nobody empties is not waited for
            os.write(2, f"quant: interrupted. {RESUME}\n".encode("ascii"))
    os._exit(Exit.INTERRUPTED)
