"""Raw bytes of a message, made fit for a page."""

from django.utils.translation import ngettext

LONGEST = 2000  # characters of a message that are shown
BYTES_A_CHARACTER = 4  # at most, in UTF-8


def preview(raw: bytes | memoryview | None) -> str:
    """Return bytes as text: what cannot be shown is escaped as in Python, what is long is cut."""
    if raw is None:
        return "–"
    text = bytes(raw[: (LONGEST + 1) * BYTES_A_CHARACTER]).decode(errors="backslashreplace")
    shown = "".join(_visible(character) for character in text[:LONGEST])
    return shown if len(text) <= LONGEST else f"{shown}… {_size(len(raw))}"


def _visible(character: str) -> str:
    if character.isprintable() or character == "\n":
        return character
    return character.encode("unicode_escape").decode()


def _size(count: int) -> str:
    return ngettext("(%(count)d byte in all)", "(%(count)d bytes in all)", count) % {"count": count}
