"""How product names are sorted and found, in the Polish way."""

import re
import unicodedata

SHORTEST_PREFIX, LONGEST_PREFIX = 2, 12

# Each letter sorts just after the one that it is made of; "~" comes after all plain letters.
_POLISH_ORDER = str.maketrans(
    {"ą": "a~", "ć": "c~", "ę": "e~", "ł": "l~", "ń": "n~"}
    | {"ó": "o~", "ś": "s~", "ź": "z}", "ż": "z~"}
)


def sort_key(name: str) -> str:
    """Return a text that sorts as the name does in the Polish alphabet.

    Letters of other languages sort as the plain letter that they are made of.
    """
    composed = unicodedata.normalize("NFC", name.casefold())
    return _without_marks(composed.translate(_POLISH_ORDER))


def words(text: str) -> list[str]:
    """Return the words of a text in lower case without diacritics: "Łosoś 1 kg" -> losos, 1, kg."""
    return re.findall(r"\w+", _without_marks(text.casefold().replace("ł", "l")))


def _without_marks(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    return "".join(c for c in apart if not unicodedata.combining(c))


def search_prefixes(name: str) -> list[str]:
    """Return all beginnings of a name's words, so that a search is an equality on an index."""
    found = {
        word[:length]
        for word in words(name)
        for length in range(min(SHORTEST_PREFIX, len(word)), min(LONGEST_PREFIX, len(word)) + 1)
    }
    return sorted(found)


def search_terms(text: str) -> list[str]:
    """Return what to look for in `search` when a person types a text."""
    return [word[:LONGEST_PREFIX] for word in words(text)]
