"""Columns of a list in a terminal, of fixed width: a list may be longer than memory."""


def printable(text: str) -> str:
    """Return the text without characters that would move the cursor or turn the text round."""
    return "".join(c if c.isprintable() else "?" for c in text)


def left(text: str, width: int) -> str:
    """Return the text in exactly so many characters, cut with an ellipsis if it is longer."""
    shown = printable(text)
    return shown.ljust(width) if len(shown) <= width else shown[: width - 1] + "…"
