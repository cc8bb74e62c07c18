"""Goal 6: when the disk is full the run says so and tears nothing; with space it goes on."""

import errno
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.soak.children import Ended, Fault, Stage, in_child, spread, stage, torn
from tests.soak.figures import Figure, figure
from tests.soak.tracing import NEEDING_SPACE as FULL
from tests.soak.tracing import full_from_call, has_tracer, system_calls

NEEDING_SPACE = ("open", "write", "fsync", "mkdir", "replace")

SMALLEST_KIB, STEP_KIB = 16, 4


def full_disks(points: int, seed: int) -> list[Figure]:
    """Fill the disk at calls of the engine, at calls of SQLite too, and truly.

    A third each: errors of the engine's own calls (disk full, quota reached, read-only); the same
    in any system call, where strace may trace; and file systems in memory that are too small, where
    they may be mounted. What is not possible here is done by the first means instead.
    """
    rng = random.Random(seed)
    with stage() as scene, _mounted(scene.folder / "small") as small:
        traced = points // 3 if has_tracer() else 0
        mounted = points // 3 if small is not None else 0
        rows = [_at_calls(scene, points - traced - mounted, rng)]
        if traced:
            rows.append(_at_system_calls(scene, traced, rng))
        if small is not None and mounted:
            rows.append(_on_small_disks(scene, small, mounted))
    return rows


def _at_calls(scene: Stage, points: int, rng: random.Random) -> Figure:
    numbers = [i for i, name in enumerate(scene.calls, start=1) if name in NEEDING_SPACE]
    with figure(f"the disk is full from one of {len(numbers)} calls on, then resume") as row:
        for chosen in spread(len(numbers), points, rng):
            number, out = numbers[chosen - 1], scene.fresh()
            kind = rng.choice((errno.ENOSPC, errno.EDQUOT, errno.EROFS))
            fault = Fault(number, _refusing(kind))
            ended = in_child(lambda out=out, fault=fault: scene.run(out, fault))  # type: ignore[misc]
            wrong = _after(scene, out, ended)
            row.check(not wrong, f"call {number}, {errno.errorcode[kind]}: {wrong}")
    return row


def _refusing(kind: int) -> Callable[[str, Callable[..., Any], tuple[Any, ...]], Any]:
    def refuse(name: str, call: Callable[..., Any], arguments: tuple[Any, ...]) -> object:
        if name not in NEEDING_SPACE:
            return call(*arguments)
        raise OSError(kind, os.strerror(kind))

    return refuse


def _after(scene: Stage, out: Path, ended: Ended) -> list[str]:
    """Say what is wrong with a run whose disk was full, and with the one that goes on."""
    wrong = torn(out)
    if ended.status == 0 and ended.answer.get("digest") != scene.digest:
        wrong.append("it ended well, with another digest")
    if ended.status not in (0, 2):
        wrong.append(f"it ended with {ended.status}: {ended.answer}")
    message = str(ended.answer.get("message", ""))
    if ended.status == 2 and "Next step:" not in message:
        wrong.append(f"it does not say what to do: {message}")
    return [*wrong, *scene.resumed(out)]


def _at_system_calls(scene: Stage, points: int, rng: random.Random) -> Figure:
    silent, whole = 0, scene.fresh()
    total = system_calls(lambda: scene.run(whole), FULL)
    with figure(f"the disk is full from one of {total} system calls on, then resume") as row:
        for number in spread(total, points, rng):
            out = scene.fresh()
            status = full_from_call(lambda out=out: scene.run(out), number)  # type: ignore[misc]
            silent += status == 0
            wrong = [] if status in (0, 2) else [f"it ended with {status}"]
            wrong += [*torn(out), *scene.resumed(out)]
            row.check(not wrong, f"system call {number}: {wrong}")
        row.notes = f"{silent} had written everything before"
    return row


@contextmanager
def _mounted(folder: Path) -> Iterator[Path | None]:
    """Mount a file system in memory, which only root may; None where that is not allowed."""
    folder.mkdir()
    if not _mount("-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)):
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)  # noqa: S603, S607


def _mount(*arguments: str) -> bool:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    done = subprocess.run(["mount", *arguments], check=False, capture_output=True)  # noqa: S603, S607
    return done.returncode == 0


def _on_small_disks(scene: Stage, disk: Path, points: int) -> Figure:
    out = disk / "out"
    in_child(lambda: scene.run(out))
    needed = sum(path.stat().st_blocks * 512 for path in disk.rglob("*")) // 1024
    sizes = [SMALLEST_KIB + i * (needed - SMALLEST_KIB) // points for i in range(points)]
    with figure(f"disks of {sizes[0]} to {sizes[-1]} KiB (needed: {needed}), then resume") as row:
        for size in sizes:
            shutil.rmtree(out)
            _mount("-o", f"remount,size={size // STEP_KIB * STEP_KIB}k", str(disk))
            ended = in_child(lambda: scene.run(out))
            wrong = [] if ended.status == 2 else [f"it ended with {ended.status}: {ended.answer}"]
            wrong += torn(out)
            _mount("-o", "remount,size=64m", str(disk))
            wrong += _after(scene, out, ended)
            row.check(not wrong, f"{size} KiB: {wrong}")
    return row
