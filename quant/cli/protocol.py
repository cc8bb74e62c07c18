"""``quant protocol``: show and check the settings of a measurement."""

from pathlib import Path
from typing import Annotated

import typer

protocol_app = typer.Typer(
    help="Show or check the settings of a measurement.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@protocol_app.command()
def show(
    name: Annotated[str, typer.Argument(help="zhou2025, ibsi, or a TOML file.")] = "zhou2025",
) -> None:
    """Print every setting with its value, what it means and where it comes from."""
    from quant.pipeline.protocols import load_protocol, protocol_hash, settings_of, shipped_names

    protocol = load_protocol(name)
    typer.echo(f"protocol {protocol.name}, hash {protocol_hash(protocol)[:16]}")
    typer.echo(f"shipped: {', '.join(shipped_names())}\n")
    for setting, value, description, source in settings_of(protocol):
        typer.echo(f"{setting} = {value}")
        typer.echo(f"    {description}. Source: {source}.")


@protocol_app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A protocol as TOML.")],
) -> None:
    """Check a protocol file; say which settings are wrong."""
    from quant.pipeline.protocols import load_protocol, protocol_hash

    protocol = load_protocol(file)
    typer.echo(f"{file}: valid, protocol {protocol.name}, hash {protocol_hash(protocol)[:16]}")
