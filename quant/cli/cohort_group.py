"""The group ``quant cohort``: the analysis itself where no subcommand is named."""

from typing import Any

import typer
from typer.core import TyperGroup

from quant.cli.cohort import HELP, analyse
from quant.cli.cohort_audit import HELP as AUDIT_HELP
from quant.cli.cohort_audit import audit

ANALYSIS = "analyse"
"""The command that ``quant cohort TABLE ...`` means."""


class AnalysisUnlessNamed(TyperGroup):
    """Hands everything that is not the name of a subcommand to the analysis."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - click's type
        """Put the name of the analysis before arguments that name no subcommand, --help too."""
        if args and args[0] not in self.commands:
            args = [ANALYSIS, *args]
        return super().parse_args(ctx, args)


cohort_app = typer.Typer(
    cls=AnalysisUnlessNamed,
    help="Prognosis of a cohort, and the audit of published tables.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
cohort_app.command(name=ANALYSIS, help=HELP)(analyse)
cohort_app.command(name="audit", help=AUDIT_HELP)(audit)
