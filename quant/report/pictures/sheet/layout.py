"""What lies where on a sheet, so that tests and programs find places again."""

from dataclasses import dataclass

from quant.report.pictures.sheet.canvas import Box
from quant.report.pictures.sheet.planes import Plane

WIDTH, HEIGHT = 2000, 1414
"""A4 across, about 170 dots an inch."""

MARGIN, GAP = 40, 8
PICTURES_TOP = 222
RIGHT = 1092
"""Where the right half of the sheet begins."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """A panel of the sheet.

    Parameters
    ----------
    name : str
        For instance ``liver_axial``, ``mip_anterior``, ``histogram_liver``, ``lights``.
    box : (left, top, right, bottom) tuple of int
        Pixels of the sheet; right and bottom are the first beyond.
    plane : Plane or None
        Where the pixels lie in the patient, for pictures of it.
    letters : dict of str to (str, (x, y))
        For each side of the panel (left, right, top, bottom) the letter of the patient's side, and
        where on the sheet its middle is.
    empty : str
        Why there is nothing in it; empty text where there is.
    """

    name: str
    box: Box
    plane: Plane | None = None
    letters: "dict[str, tuple[str, tuple[float, float]]] | None" = None
    empty: str = ""

    def at(self, point_mm: tuple[float, float, float]) -> tuple[float, float]:
        """Return (x, y) on the sheet of a point in the patient (LPS mm), projected to the plane.

        Raises
        ------
        ValueError
            If the panel shows no place in the patient.
        """
        if self.plane is None:
            message = f"panel {self.name} shows no place in the patient"
            raise ValueError(message)
        column, row = self.plane.pixel(point_mm)
        return self.box[0] + column, self.box[1] + row


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A finished sheet: the file's bytes, its size, and its panels by name."""

    webp: bytes
    size: tuple[int, int]
    panels: dict[str, Panel]
