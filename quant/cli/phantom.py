"""``quant phantom``: write simulated studies with known truth."""

from pathlib import Path
from typing import Annotated

import typer

from quant.phantom.kinds import PhantomKind


def phantom(
    out: Annotated[Path, typer.Argument(help="Folder for the studies and truth.json.")],
    kind: Annotated[
        PhantomKind,
        typer.Option(
            help="torso: MIBG SPECT/CT on a real CT; solids: exact solids in every geometry; "
            "nema: NEMA IEC spheres in PET; skeleton: bones and lesions with their scores."
        ),
    ] = PhantomKind.TORSO,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 1,
) -> None:
    """Write phantom studies as DICOM, with their truth in truth.json."""
    from quant.phantom.studies import write_phantom

    write_phantom(out, kind, seed, say=typer.echo)
