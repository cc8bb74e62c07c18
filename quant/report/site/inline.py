"""Parts of a page that holds everything itself."""

import base64
from pathlib import Path

from markupsafe import Markup

from quant.report.writing import read_own


def data_block(name: str, text: str) -> Markup:
    """Return JSON as a block of data that no browser runs.

    ``<`` is written by its number, so that nothing in the text can end the block.
    """
    quoted = text.replace("<", "\\u003c")
    return Markup('<script type="application/json" id="{}">{}</script>').format(
        name,
        Markup(quoted),  # noqa: S704 - JSON without "<"
    )


def image_address(path: Path) -> str:
    """Return a picture as an address that holds it; empty when there is none."""
    try:
        content = read_own(path)
    except OSError:
        return ""
    return f"data:image/webp;base64,{base64.b64encode(content).decode('ascii')}"
