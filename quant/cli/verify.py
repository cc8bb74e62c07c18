"""``quant verify``: tell whether all results are what was written."""

from pathlib import Path
from typing import Annotated

import typer

from quant.cli.exits import Exit

NOT_WHOLE = (
    "NOT WHOLE: the command of the run, given again, makes anew what is not as it was; "
    "quant report OUT draws sheets (qc.webp) again"
)


def verify(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Output folder of quant run.")],
    digest: Annotated[
        bool, typer.Option("--digest", help="Print the digest of all results and nothing else.")
    ] = False,
) -> None:
    """Read all results of the last run again and compare them with what it wrote down.

    Prints the digest of all records, their files and the tables, without times: equal results
    have equal digests. Exit status 1 when a file is missing or was changed; give the command of
    the run again to have it made anew (a sheet, qc.webp: quant report OUT). DICOM objects, sheets
    and copies for display are looked at too, and do not count for the digest.
    """
    from quant.domain.text import plain
    from quant.pipeline.digest import verify as read_again

    found = read_again(out)
    if digest:
        typer.echo(found.digest)
    else:
        typer.echo(f"{found.files} results, digest {found.digest}")
        for name in found.damaged:
            typer.echo(f"  changed or missing: {plain(name)}")
        typer.echo("every result is what was written" if found.is_whole else NOT_WHOLE)
    raise typer.Exit(Exit.OK if found.is_whole else Exit.SOME_FAILED)
