"""highdicom's table of the standard, read by the module instead of whole.

highdicom keeps the attributes of all 436 modules of DICOM in 22 MB of JSON, and on its first object
turns them into 100,000 dictionaries: 0.3 s and 65 MB in every worker (110 MB for a moment), while a
segmentation and a report look at thirty modules. :func:`lighten` gives it the same table as a
mapping that reads a module when it is asked for.
"""

import json
import mmap
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

NAME = "get_module_attribute_map"
FILE = "_standard/module_attribute_map.json"

_KEY = re.compile(rb'\n  "([^"\\]+)": (?=\[)')
"""A module's name, at the one depth that is indented so."""


class Modules(Mapping[str, list[dict[str, Any]]]):
    """Attributes of the modules of DICOM, by the key of a module.

    Parameters
    ----------
    path : Path
        One JSON object of lists, indented by two.

    Raises
    ------
    ValueError
        If the file is not laid out so.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: dict[str, list[dict[str, Any]]] = {}
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as m:
            found = [(one[1].decode(), one.start(), one.end()) for one in _KEY.finditer(m)]
            ends = [start for _, start, _ in found[1:]] + [len(m)]
            is_whole = bool(found) and m[: found[0][1]].strip() == b"{"
        if not is_whole:
            raise ValueError(path.name)
        self._places = {
            name: (first, end - first) for (name, _, first), end in zip(found, ends, strict=True)
        }

    def __getitem__(self, key: str) -> list[dict[str, Any]]:
        if key not in self._read:
            first, size = self._places[key]
            with self._path.open("rb") as stream:
                stream.seek(first)
                text = stream.read(size).decode()
            self._read[key], _ = json.JSONDecoder().raw_decode(text)
        return self._read[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


@cache
def lighten() -> bool:
    """Have highdicom read its table by the module; tell whether this version of it lets us.

    A version that keeps its table in another way is left as it is: it works, and takes more memory.
    """
    import highdicom

    try:
        modules = Modules(Path(highdicom.__file__).parent / FILE)
    except (OSError, ValueError):
        return False
    places = [
        one
        for name, one in sys.modules.items()
        if name.startswith("highdicom.") and callable(getattr(one, NAME, None))
    ]
    for one in places:
        setattr(one, NAME, lambda: modules)
    return bool(places)
