"""The templates of the report, filled; everything that comes from a record is escaped."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from quant.domain.text import counted
from quant.report.page import number, study_view
from quant.report.site.parts import HERE, SCRIPTS
from quant.report.site.security import policy_of_folder, policy_of_single

if TYPE_CHECKING:
    from jinja2 import Environment

    from quant.domain.record import StudyRecord
    from quant.domain.study import QuarantineEntry
    from quant.report.site.batch import Batch


@dataclass(frozen=True, slots=True)
class Place:
    """Where the page of a study stands, and what lies beside it.

    Parameters
    ----------
    tag : str
        Element that holds it.
    name : str
        Name of the study's record.
    viewer : dict of str to str or None
        Addresses of the images and of the drawing script, where they are not in the page.
    why_not : str
        Why there is no viewer.
    sheet : str
        Address of the sheet of pictures; empty without one.
    nav : dict of str to str
        Addresses of the table (``index``) and of the neighbours (``before``, ``after``).
    """

    tag: str
    name: str
    viewer: dict[str, str] | None
    why_not: str
    sheet: str
    nav: dict[str, str]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a page needs beside its content: a folder of parts, or everything inside itself."""

    assets: str = ""
    scripts: Sequence[str] = ()
    styles: Sequence[str] = ()
    data: Markup = Markup()  # noqa: RUF009 - cannot change

    @property
    def policy(self) -> str:
        """What the page may load."""
        if self.assets:
            return policy_of_folder()
        return policy_of_single(self.scripts, self.styles)


def _printable(value: object) -> object:
    """Return text without control characters and marks of direction: they can change a page."""
    if isinstance(value, Markup) or not isinstance(value, str) or value.isprintable():
        return value
    return "".join(one if one.isprintable() else " " for one in value)


@cache
def templates() -> "Environment":
    """Return the templates of all pages, each compiled once."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=_printable,
        loader=FileSystemLoader(HERE / "templates"),
    )
    environment.filters |= {"number": number, "counted": counted}
    return environment


class Pages:
    """The templates, filled."""

    def study(self, record: "StudyRecord", place: Place) -> Markup:
        """Fill the page of a study."""
        return self._filled("study.html.j2", {**study_view(record), **asdict(place)})

    def index(self, batch: "Batch", quarantine: "Sequence[QuarantineEntry]") -> Markup:
        """Fill the first page."""
        return self._filled("index.html.j2", batch.view(quarantine))

    def page(self, title: str, content: Markup, parts: Parts) -> str:
        """Put content into a whole page."""
        inside = {
            "title": title,
            "content": content,
            "policy": parts.policy,
            "assets": parts.assets,
            "script_names": SCRIPTS,
            "inline_scripts": [Markup(one) for one in parts.scripts],  # noqa: S704 - our own
            "inline_styles": [Markup(one) for one in parts.styles],  # noqa: S704 - our own
            "data": parts.data,
        }
        return str(self._filled("page.html.j2", inside))

    def _filled(self, name: str, inside: Mapping[str, object]) -> Markup:
        return Markup(templates().get_template(name).render(inside))  # noqa: S704 - escaped
