"""A progress bar on a terminal, on standard error; silence elsewhere."""

from collections.abc import Callable
from typing import Self


class Bar:
    """Shows how far a count of things has come.

    Nothing is drawn where standard error is no terminal, and nothing is left behind.
    """

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def tick(self, description: str) -> Callable[[int, int], None]:
        """Return a function to be called with (things done, things in all)."""

        def update(done: int, total: int) -> None:
            self._progress.update(self._task, description=description, completed=done, total=total)

        return update
