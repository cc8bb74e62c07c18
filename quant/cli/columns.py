"""``quant columns``: what the columns of the tables mean."""

from typing import Annotated

import typer


def columns(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page docs/columns.md.")
    ] = False,
) -> None:
    """Print every column of the tables with unit, type and meaning."""
    from quant.report.columns import LESION_COLUMNS, STUDY_COLUMNS, columns_as_markdown

    if markdown:
        typer.echo(columns_as_markdown(), nl=False)
        return
    for title, table in (("studies.csv", STUDY_COLUMNS), ("lesions.csv", LESION_COLUMNS)):
        typer.echo(title)
        for column in table:
            typer.echo(f"  {column.name:28} {column.unit:5} {column.description}")
