"""The command ``quant``: one module per command, loaded only when it runs."""

import io
import sys
from typing import Annotated

import typer

from quant.cli.exits import RESUME, Exit
from quant.version import VERSION

HELP = """
Volumetric SPECT/CT quantification from DICOM folders.

Places the 30 ml liver sphere and the two 10 ml muscle spheres at L2, computes the ratios of
tumour to liver and muscle, and measures volume, surface and asphericity of the tumour, each with
its unit, its method, its interval and the flags that a careful physicist would raise.

Start with:  quant demo   or   quant inspect FOLDER   then   quant run FOLDER -o OUT

Exit status: 0 everything measured; 1 some studies failed or were quarantined; 2 usage or protocol
error; 3 nothing to measure; 4 OUT is in use by another run; 130 interrupted.

Research software, not a medical device.
"""

app = typer.Typer(
    name="quant",
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"spectct-quant {VERSION}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    del version


def _register() -> None:
    from quant.cli.cohort_group import cohort_app
    from quant.cli.columns import columns
    from quant.cli.demo import demo
    from quant.cli.inspect import HELP as INSPECT_HELP
    from quant.cli.inspect import inspect
    from quant.cli.kernels import kernels_app
    from quant.cli.phantom import phantom
    from quant.cli.protocol import protocol_app
    from quant.cli.report import report
    from quant.cli.run import run
    from quant.cli.score import HELP as SCORE_HELP
    from quant.cli.score import score
    from quant.cli.verify import verify

    app.command()(run)
    app.command(help=INSPECT_HELP)(inspect)
    app.command()(report)
    app.command()(verify)
    app.command()(demo)
    app.command()(phantom)
    app.command()(columns)
    app.command(help=SCORE_HELP)(score)
    app.add_typer(cohort_app, name="cohort")
    app.add_typer(protocol_app, name="protocol")
    app.add_typer(kernels_app, name="kernels")


def main() -> None:
    """Run the command line; every expected error is a sentence, never a traceback."""
    from quant.errors import QuantError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that cannot show a sign shows "?"
            stream.reconfigure(errors="replace")
    _register()
    try:
        app(standalone_mode=True)
    except QuantError as error:
        typer.echo(f"quant: {error}", err=True)
        sys.exit(Exit.OUT_IN_USE if error.code == "OUT_IN_USE" else Exit.USAGE)
    except OSError as error:
        typer.echo(f"quant: {error.strerror or error}: {error.filename or 'a file'}", err=True)
        typer.echo(RESUME, err=True)
        sys.exit(Exit.USAGE)
    except KeyboardInterrupt:
        typer.echo(f"quant: interrupted. {RESUME}", err=True)
        sys.exit(Exit.INTERRUPTED)


if __name__ == "__main__":
    main()
