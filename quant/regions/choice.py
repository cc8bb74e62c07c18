"""Which regions of a study are worth reading, known from names alone."""

import re
from typing import TYPE_CHECKING

from quant.domain.region import Role
from quant.domain.text import plain
from quant.images.names import label_names, label_stem
from quant.regions.roles import assign_role

if TYPE_CHECKING:
    from quant.domain.archive import FilePath
    from quant.domain.protocol import RegionSettings

LONGEST_NAME = 120
"""Longer names of regions are cut."""

NUMBER = re.compile(r"\d+")

COUINAUD_NUMBERS = range(1, 9)
"""``couinaud:5`` is the name of label 5 of a file ``couinaud.nii.gz``, and a liver segment."""


def printable(name: str) -> str:
    """Return the name of a region as it is shown."""
    return plain(name)[:LONGEST_NAME].rstrip() or "unnamed"


class Choice:
    """Asked for regions by name, it wants those that have a role, and notes the others.

    Parameters
    ----------
    settings : RegionSettings
        Words that give roles.
    """

    def __init__(self, settings: "RegionSettings") -> None:
        self.settings = settings
        self._known: dict[str, bool] = {}
        self._declined: set[str] = set()
        listed = (
            *settings.tumour, *settings.lesion, *settings.liver, *settings.vertebra_l2,
            *settings.exclude,
        )  # fmt: skip
        found = {int(number) for word in listed for number in NUMBER.findall(word)}
        self._numbers = sorted(found | set(COUINAUD_NUMBERS))

    def __call__(self, name: str) -> bool:
        """Tell whether a region is wanted."""
        if self.has_role(name):
            return True
        self._declined.add(printable(name))
        return False

    def has_role(self, name: str) -> bool:
        """Tell whether a name means something to the method."""
        shown = printable(name)
        if shown not in self._known:
            self._known[shown] = assign_role(shown, self.settings)[0] is not Role.OTHER
        return self._known[shown]

    def passes_over(self, path: "FilePath") -> bool:
        """Tell whether no label of a label file can have a role; if so, note their names.

        Labels are named by the header, by a table beside the file, or by the file, with their
        value where there are several. No voxel is looked at.
        """
        names, stem = label_names(path), label_stem(path)
        if names is None:
            return False
        numbered = [f"{stem}:{number}" for number in self._numbers]
        if any(self.has_role(name) for name in (stem, *names, *numbered)):
            return False
        self._declined.update(printable(name) for name in names or (stem,))
        return True

    @property
    def declined(self) -> tuple[str, ...]:
        """Names of regions that were not wanted, sorted."""
        return tuple(sorted(self._declined))
