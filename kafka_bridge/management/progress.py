"""How far a long command is, for who watches it in a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

LOOKED_AT_EVERY = 100


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr while the block runs; yields what moves it to a number.

    Nothing is shown where stderr is no terminal.
    """
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=total)

        def tell(done: int) -> None:
            # Each look takes the bar longer than publishing an event does.
            if done % LOOKED_AT_EVERY == 0 or done == total:
                bar.update(task, completed=done)

        yield tell
