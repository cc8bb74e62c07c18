"""Tables of reader scores for tests, written without the engine's own reader."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

CURIE = (
    "head", "cervical_thoracic_spine", "chest", "lumbar_spine_sacrum", "pelvis", "upper_arms",
    "forearms_hands", "thighs", "lower_legs_feet", "soft_tissue",
)  # fmt: skip
SIOPEN = (
    "skull", "thoracic_cage", "spine", "pelvis",
    "right_upper_limb_proximal", "right_upper_limb_distal",
    "left_upper_limb_proximal", "left_upper_limb_distal",
    "right_lower_limb_proximal", "right_lower_limb_distal",
    "left_lower_limb_proximal", "left_lower_limb_distal",
)  # fmt: skip
SEGMENTS = {"curie": CURIE, "curie_intensity": CURIE, "siopen": SIOPEN}
HIGHEST = {"curie": 3, "curie_intensity": 3, "siopen": 6}

Row = dict[str, str]

READING = {
    "patient": "P1",
    "time_point": "t1",
    "modality": "planar",
    "nuclide": "I-123",
    "phase": "diagnosis",
    "reader": "A",
}


def reading(
    system: str = "curie", scores: Mapping[str, object] | None = None, **key: str
) -> list[Row]:
    """Rows of one reading in the long layout; what is not named is 0."""
    given = dict(scores or {})
    names = [*SEGMENTS[system], *(name for name in given if name not in SEGMENTS[system])]
    return [
        {**READING, **key, "system": system, "segment": name, "score": str(given.get(name, 0))}
        for name in names
    ]


def wide_row(system: str = "curie", scores: Mapping[str, object] | None = None, **key: str) -> Row:
    """Return the same reading as one row of the wide layout."""
    cells = {f"{row['system']}_{row['segment']}": row["score"] for row in reading(system, scores)}
    return {**READING, **key, **cells}


def write_csv(path: Path, rows: Sequence[Row], delimiter: str = ",") -> Path:
    """Write rows with the union of their columns."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, names, restval="", delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_json(path: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    """Write rows as a list of objects."""
    path.write_text(json.dumps(list(rows)), encoding="utf-8")
    return path
