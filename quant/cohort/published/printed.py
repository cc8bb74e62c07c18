"""Printed numbers: what a number that was rounded to its decimals can have been.

``1.048`` stands for everything from 1.0475 to 1.0485; ``< 0.001`` for everything from 0 to 0.001;
``60.0 %`` for 0.5995 to 0.6005. Checks compare such ranges, so rounding never makes a finding.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

NUMBER = re.compile(r"(?P<sign><=|>=|<|>)?\s*(?P<number>[+-]?\d+(\.\d+)?)\s*(?P<percent>%)?")
MISSING = {"", "na", "nr", "n/a", "-", "not reached", "nan"}
SIGNS = str.maketrans("\u2212\u2013\u00b7\u2264\u2265\uff1c\uff1e", "--.<><>")
"""Minus signs, raised points and comparison signs of printed papers, in plain characters."""


class UnreadableError(ValueError):
    """A cell that is no printed number."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A number as printed.

    Attributes
    ----------
    text : str
        As it stands in the file.
    value : float
        The number; a percentage divided by 100.
    low, high : float
        What it can have been before rounding.
    decimals : int
        Decimals of ``value`` (two more for a percentage).
    percent : bool
        Whether it was printed as a percentage.
    bound : str
        ``<`` or ``>`` where it is a bound, else empty.
    """

    text: str
    value: float
    low: float
    high: float
    decimals: int
    percent: bool = False
    bound: str = ""

    def meets(self, low: float, high: float, slack: float = 1e-12) -> bool:
        """Tell whether the range touches another one."""
        return self.low <= high + slack * abs(high) and low - slack * abs(low) <= self.high

    def write(self, value: float) -> str:
        """Write another value the way this one is printed."""
        if self.percent:
            return f"{100.0 * value:.{max(0, self.decimals - 2)}f} %"
        return f"{value:.{self.decimals}f}"


def read(text: str, *, percent: bool = False) -> Printed:
    """Read a printed number; ``percent`` says that the column is one of percentages.

    Raises
    ------
    UnreadableError
        When the text is no number; a decimal comma is not guessed at.
    """
    cleaned = text.strip().translate(SIGNS)
    match = NUMBER.fullmatch(cleaned)
    if match is None:
        raise UnreadableError(text)
    number = Decimal(match["number"])
    exponent = number.as_tuple().exponent
    decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    share = percent or match["percent"] is not None
    if share:
        number, decimals = number / 100, decimals + 2
    half = Decimal(5) * Decimal(10) ** (-decimals - 1)
    low, high = number - half, number + half
    bound = (match["sign"] or "").rstrip("=")
    if bound == "<":
        low, high = min(Decimal(0), number), number
    elif bound == ">":
        low, high = number, Decimal("Infinity")
    value = float(number)
    return Printed(text.strip(), value, float(low), float(high), decimals, share, bound)


def slips(text: str) -> list[str]:
    """List the numbers that one wrong or one swapped digit would have turned into this one."""
    found: list[str] = []
    for place, digit in enumerate(text):
        if not digit.isdigit():
            continue
        found += [
            text[:place] + other + text[place + 1 :] for other in "0123456789" if other != digit
        ]
    for place in range(len(text) - 1):
        first, second = text[place], text[place + 1]
        if first.isdigit() and second.isdigit() and first != second:
            found.append(text[:place] + second + first + text[place + 2 :])
    return list(dict.fromkeys(found))
