"""How Babel finds the texts of Django's templates (`babel.cfg`), since it knows no such templates.

After texts changed, fill in what is new in `shopsite/locale/pl/LC_MESSAGES/django.po`:

    alias babel='python -m babel.messages.frontend'
    babel extract -F babel.cfg -k gettext_lazy -k ngettext_lazy:1,2 --no-location -o django.pot .
    babel update -D django -d shopsite/locale -i django.pot -N --ignore-pot-creation-date
    babel compile -D django -d shopsite/locale
"""

from collections.abc import Iterator
from io import BytesIO
from typing import IO, Any

from babel.messages.extract import extract_python
from django.utils.translation.template import templatize


def template_texts(
    file: IO[bytes], keywords: Any, comment_tags: Any, options: Any
) -> Iterator[tuple[Any, ...]]:
    """Yield line, function, texts and comments for each text of a template, as Babel asks.

    Django turns a template into lines of calls to gettext between filling; Babel reads those as
    Python, once they no longer look indented.
    """
    calls = templatize(file.read().decode())
    flush_left = "\n".join(line.strip() for line in calls.splitlines())
    yield from extract_python(BytesIO(flush_left.encode()), keywords, comment_tags, options)
