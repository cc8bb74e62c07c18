"""A published row and what an audit says about it."""

from dataclasses import dataclass, field

from quant.cohort.published.printed import MISSING, Printed, UnreadableError, read
from quant.domain.flags import CODES
from quant.domain.text import plain
from quant.errors import CohortError

FITS, CONTRADICTION, NOTATION, CAUTION = "fits", "contradiction", "notation", "caution"
VERDICTS = (CONTRADICTION, CAUTION, NOTATION, FITS)
NOTATIONS = {
    "AUDIT_P_ZERO",
    "AUDIT_MEAN_TRUNCATED",
    "AUDIT_UNITS",
    "AUDIT_CUT_ROUNDED",
    "AUDIT_CUT_EQUAL",
}
CAUTIONS = {"AUDIT_FEW_EVENTS", "AUDIT_CUT_CHOSEN"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says: ``code`` is empty where the numbers fit."""

    check: str
    code: str = ""
    found: str = ""
    expected: str = ""
    suggestion: str = ""

    @property
    def verdict(self) -> str:
        """How much it weighs: fits, notation, caution or contradiction."""
        if not self.code:
            return FITS
        if self.code in NOTATIONS:
            return NOTATION
        return CAUTION if self.code in CAUTIONS else CONTRADICTION

    @property
    def what(self) -> str:
        """Give the sentence of the code."""
        return CODES[self.code].sentence if self.code else ""

    @property
    def advice(self) -> str:
        """Give what to do: the suggestion of this case, or what the registry says."""
        return self.suggestion or (CODES[self.code].action if self.code else "")


@dataclass(frozen=True, slots=True)
class Row:
    """One published row: its kind, where it stands, its name, and its cells as printed."""

    number: int
    kind: str
    where: str
    name: str
    cells: dict[str, str] = field(default_factory=dict)

    def text(self, key: str) -> str:
        """Text of a cell, empty where there is none."""
        return self.cells.get(key, "").strip()

    def has(self, *keys: str) -> bool:
        """Tell whether all cells hold something."""
        return all(self.text(key).lower() not in MISSING for key in keys)

    def number_of(self, key: str) -> Printed | None:
        """Read a cell as a printed number; None where it is missing."""
        return self.read(key, self.text(key)) if self.has(key) else None

    def numbers_of(self, key: str) -> list[Printed]:
        """Read a cell that holds several numbers parted by ``|``."""
        return [self.read(key, part) for part in self.list_of(key)]

    def list_of(self, key: str) -> list[str]:
        """Split a cell of several texts parted by ``|``."""
        return [part.strip() for part in self.text(key).split("|") if part.strip()]

    def need(self, *keys: str) -> list[Printed]:
        """Read cells that this kind of row cannot do without.

        Raises
        ------
        CohortError
            AUDIT_UNREADABLE, naming the row and the cell.
        """
        absent = [key for key in keys if not self.has(key)]
        if absent:
            raise self.unreadable(f"no {', '.join(absent)}", f"{', '.join(keys)} in this kind")
        return [self.read(key, self.text(key)) for key in keys]

    def whole(self, key: str) -> int | None:
        """Read a cell as a count; None where it is missing."""
        number = self.number_of(key)
        if number is None:
            return None
        if number.decimals or number.value < 0 or number.bound:
            raise self.unreadable(f"{key} = {number.text}", "a count")
        return int(number.value)

    def read(self, key: str, text: str) -> Printed:
        """Read one number, in percent where the row says so."""
        try:
            return read(text, percent=self.is_percent(key))
        except UnreadableError:
            raise self.unreadable(
                f"{key} = {plain(text)}", "a number with a decimal point"
            ) from None

    def is_percent(self, key: str) -> bool:
        """Tell whether a cell is in percent because the row says so."""
        shares = {"sensitivity", "specificity", "ppv", "npv", "accuracy"}
        if key == "percents":
            return True
        return self.text("unit") == "percent" and (self.kind != "accuracy" or key in shares)

    def unreadable(self, found: str, needed: str) -> CohortError:
        """Make the error that names this row."""
        return CohortError(
            "AUDIT_UNREADABLE",
            f"Row {self.number} ({plain(self.kind)}) cannot be read.",
            found=found,
            needed=needed,
            next_step="see quant cohort audit --layout",
        )
