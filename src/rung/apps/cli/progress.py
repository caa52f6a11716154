"""One progress line on stderr for long work; silent off a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rung.apps.cli.output import console


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Yields a function (what, done, of how many) that moves the bar; the bar vanishes at the end."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    out = console(stderr=True)
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task("starting", total=1)

        def move(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        yield move


@contextmanager
def resumable(kept: Path | None, what: str) -> Iterator[Callable[[str, int, int], None]]:
    """`progress_bar` of work that goes on where it was stopped: Ctrl+C says how much is kept, and how to go on.

    kept : the folder that keeps it, None when nothing does.   what : is counted: "runs".
    """
    reached = [0, 0]
    try:
        with progress_bar() as bar:

            def move(step: str, done: int, total: int) -> None:
                reached[:] = done, total
                bar(step, done, total)

            yield move
    except KeyboardInterrupt:
        console(stderr=True).print(stopped_words(kept, what, *reached), soft_wrap=True, highlight=False)
        raise


def stopped_words(kept: Path | None, what: str, done: int, total: int) -> str:
    """What a person who pressed Ctrl+C is told."""
    many = f"{done:,} of {total:,} {what}" if total else f"no {what}"
    if kept is None:
        return (
            f"stopped after {many}, and nothing keeps them: with --out FOLDER the same command would go on from there"
        )
    if not done:
        return f"stopped: {many} are kept yet; the same command begins again"
    return f"stopped: {many} are kept in {kept}; the same command goes on from there"
