"""Progress of long work, on stderr, where a person watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

__all__ = ["progress", "stages"]


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a bar while work goes on, unless stderr is no terminal.

    Yields
    ------
    advance : callable
        Takes how much is done, and of how much, or None where that is not known.
    """
    if not sys.stderr.isatty():
        yield _unseen
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task(what, total=None)

        def advance(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield advance


@contextmanager
def stages() -> Iterator[Callable[[str, int, int], None]]:
    """Show what is being done, and how far it is, unless stderr is no terminal.

    Yields
    ------
    tell : callable
        Takes what is being done, how much of it is done, and of how much; 0 where that is not known.
    """
    with ExitStack() as stack:
        now: list[tuple[str, Callable[[int, int | None], None]]] = []

        def tell(stage: str, done: int, total: int) -> None:
            if not now or now[-1][0] != stage:
                stack.close()
                now.append((stage, stack.enter_context(progress(stage))))
            now[-1][1](done, total or None)

        yield tell


def _unseen(_done: int, _total: int | None) -> None:
    pass
