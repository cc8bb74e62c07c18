"""Text from files, made safe to print: no control characters, no escape or direction marks."""


def plain(text: str) -> str:
    """Return text in which everything that is not printable has become a space.

    Control characters, terminal escapes, line breaks, zero-width and bidirectional marks can
    change what a terminal, a spreadsheet or a page shows; none of them carries meaning in a name
    or a message.
    """
    if text.isprintable():
        return text.strip()
    return "".join(char if char.isprintable() else " " for char in text).strip()


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with the word for one thing or for several, which is one with an s."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A text cell that begins so (full-width signs too) would run as a formula in a spreadsheet."""


def inert(text: str) -> str:
    """Return text for a table's cell: printable, and no formula, whatever spreadsheet opens it.

    What would begin a formula, after spaces too, gets an apostrophe. Parquet gets the same text as
    CSV: tables are converted, and joined with one another.
    """
    shown = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    active = text.startswith(FORMULA_STARTS) or shown.lstrip().startswith(FORMULA_STARTS)
    return f"'{shown}" if active else shown
