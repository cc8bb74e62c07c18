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
