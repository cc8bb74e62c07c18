"""``quant kernels``: compile the kernels beforehand, and see where they are kept."""

import time
from collections.abc import Iterator
from pathlib import Path

import typer

kernels_app = typer.Typer(
    help="Compile the numerical kernels beforehand, or see where they are kept.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@kernels_app.command()
def warm() -> None:
    """Compile every kernel once and keep it, so that no later run has to.

    The first measurement does the same by itself. Where many processes start at once, or where
    the folder cannot be written at run time (a container image), do it before.
    """
    from quant.cli.progress import Bar
    from quant.pipeline.rehearsal import rehearsal

    start, cpu = time.perf_counter(), time.process_time()
    from quant_kernels import inventory

    parts = rehearsal()
    with Bar() as bar:
        tick = bar.tick("compiling kernels")
        for number, part in enumerate(parts):
            bar.tick(part.name)(number, len(parts))
            part.perform()
        tick(len(parts), len(parts))
    inventory.load_all()
    typer.echo(
        f"{len(inventory.states())} kernels ready after {time.perf_counter() - start:.1f} s "
        f"({time.process_time() - cpu:.1f} s of CPU)."
    )
    _say_place()


@kernels_app.command()
def status() -> None:
    """Say which kernels are kept compiled, and where."""
    from quant_kernels import inventory

    inventory.load_all()
    states = inventory.states()
    if not states:
        typer.echo("The JIT is disabled (NUMBA_DISABLE_JIT): kernels run as plain Python.")
    width = max((len(one.name) for one in states), default=0)
    for one in states:
        forms = f"{one.kept} form{'s' if one.kept > 1 else ''}" if one.kept else "not compiled yet"
        typer.echo(f"{one.name:{width}}  {forms}")
    kept = sum(one.kept > 0 for one in states)
    typer.echo(f"{kept} of {len(states)} kernels are kept compiled for this version.")
    _say_place()


def _say_place() -> None:
    """Print the folder, its size, and why it is not used if it is not."""
    from quant_kernels import inventory

    folder, why = inventory.place()
    if folder is None or why:
        typer.echo(f"Not kept on disk, compiled anew in every process: {folder or ''} {why}.")
        return
    size = sum(one.stat().st_size for one in _files(folder))
    typer.echo(f"They lie in {folder} ({size / 2**20:.1f} MB); it may be deleted at any time.")


def _files(folder: Path) -> Iterator[Path]:
    return (one for one in folder.rglob("*.nb[ic]") if one.is_file())
