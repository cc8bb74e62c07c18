"""``quant demo``: the main job on the shipped sample study."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")] = Path(
        "out/demo"
    ),
) -> None:
    """Measure the sample study (a simulated 123I-MIBG SPECT/CT) and show the result.

    In a checkout the study in data-samples is used; an installed package simulates the same study
    into OUT/input first.
    """
    from quant.cli.run import measure_folder

    shipped = Path(__file__).resolve().parents[2] / "data-samples"
    if shipped.is_dir():
        source = shipped
    else:
        from quant.phantom.kinds import PhantomKind
        from quant.phantom.studies import write_phantom

        source = out / "input"
        if not source.is_dir():
            write_phantom(source, PhantomKind.TORSO, 1, say=typer.echo)
    raise typer.Exit(measure_folder(source, out))
