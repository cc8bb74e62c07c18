"""Kernels made ready in a process before it measures: compiled by one, loaded by the others."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

LOCK_NAME = ".compiling"


def warm() -> None:
    """Load the kernels; where some are not kept compiled, compile what studies need.

    Of several processes that find none, one compiles and the others wait for it. Where nothing can
    be kept, each compiles for itself.
    """
    from quant.pipeline.study import warm_up
    from quant_kernels import inventory

    inventory.load_all()
    if _all_kept():
        warm_up()
        return
    folder, why_not = inventory.place()
    with _alone(folder if not why_not else None):
        if why_not:
            logger.warning(
                "compiled kernels cannot be kept (%s): each process compiles them anew, a minute "
                "or more; QUANT_CACHE names another folder for them", why_not,
            )  # fmt: skip
            _rehearse()
        elif not _all_kept():
            logger.info("the kernels are compiled, once for this version")
            _rehearse()


def _all_kept() -> bool:
    from quant.pipeline.rehearsal import CALLED_BY_NO_STUDY
    from quant_kernels import inventory

    called = [one for one in inventory.states() if one.is_public]
    return all(one.kept for one in called if one.name not in CALLED_BY_NO_STUDY)


def _rehearse() -> None:
    from quant.pipeline.rehearsal import rehearsal

    for part in rehearsal():
        if part.is_of_studies:
            part.perform()


@contextmanager
def _alone(folder: "Path | None") -> Iterator[None]:
    """Hold a lock in a folder, where there is one and the system has locks."""
    if folder is None or sys.platform == "win32":
        yield
        return
    import fcntl

    with (folder / LOCK_NAME).open("a") as stream:
        with suppress(OSError):  # a file system without locks: all compile
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
