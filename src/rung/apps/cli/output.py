"""What verbs print: tables for people, JSON for programs. Colour only on a terminal, never under NO_COLOR."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import sys
from collections.abc import Mapping, Sequence, Set
from decimal import Decimal
from enum import Enum
from functools import cache
from pathlib import PurePath
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_WIDTH = 140
PLAIN_HEIGHT = 50
LABEL_WIDTH = 12
WIDEST = 10_000
NOTHING = "—"
HARD_SPACE = "\N{NO-BREAK SPACE}"
"""Kept together by `wrap`, which breaks at plain spaces only."""


def console(*, stderr: bool = False) -> Console:
    """The console of stdout or stderr. Off a terminal lines are as wide as COLUMNS says, else 140."""
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    columns = os.environ.get("COLUMNS", "")
    return _console(stderr, terminal, int(columns) if columns.isdigit() else None if terminal else PLAIN_WIDTH)


@cache
def _console(stderr: bool, terminal: bool, width: int | None) -> Console:
    """A width comes with a height: rich takes one without the other for a guess and goes by the kind of terminal."""
    from rich.console import Console

    height = None if width is None else PLAIN_HEIGHT
    return Console(stderr=stderr, width=width, height=height, highlight=False, soft_wrap=not terminal)


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    right: Sequence[str] = (),
    stacks: bool = False,
) -> None:
    """One table on stdout. `right` names the columns of figures; values are shown as `str`, never as markup.

    stacks : where the table would tear words or numbers apart, every row becomes a paragraph of `column value`.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    out = console()
    table = Table(
        title=Text("\n".join(wrap(title, out.width)) if stacks else title, style="bold"),
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    if stacks and out.measure(table, options=out.options.update(width=WIDEST)).minimum > out.width:
        _print_stack(title, columns, rows)
        return
    out.print(table)


def _print_stack(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Every row as a paragraph, broken only between its values."""
    from rich.text import Text

    out = console()
    out.print(Text("\n".join(wrap(title, out.width)), style="bold"))
    for row in rows:
        first, *rest = (str(cell) for cell in row)
        named = zip(columns[1:], rest, strict=True)
        pairs = [" ".join(f"{name} {value}".split()) for name, value in named if value not in ("", NOTHING)]
        kept = " · ".join(pair.replace(" ", HARD_SPACE) for pair in pairs)
        head = f"{columns[0]} {first}".strip()
        text = f"{head.replace(' ', HARD_SPACE)}  {kept}" if head else kept
        for line in wrap(text, out.width, subsequent_indent="    ", break_on_hyphens=False):
            out.print(Text(line.replace(HARD_SPACE, " ")))
    out.print()


def print_words(label: str, words: str) -> None:
    """A labelled sentence; on a terminal, or where COLUMNS says how wide, broken between words under its beginning.

    label : "" for a paragraph of its own. Off a terminal it stays one line, for programs.
    """
    from rich.text import Text

    out = console()
    head = f"{label:<{LABEL_WIDTH - 1}} " if label else ""
    if not (out.is_terminal or os.environ.get("COLUMNS", "").isdigit()):
        out.print(Text(head + words), soft_wrap=True)
        return
    for line in wrap(words, out.width, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False):
        out.print(Text(line))


def print_json(value: object) -> None:
    """`value` as indented JSON on stdout; Decimals as text, a number that is not finite as null."""
    sys.stdout.write(json.dumps(jsonable(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def jsonable(value: object) -> object:
    """Messages, dataclasses, mappings, sequences, Decimals, enums and paths in the words of JSON."""
    if (names := getattr(value, "__struct_fields__", None)) is not None:  # a message, known without loading msgspec
        return {name: jsonable(getattr(value, name)) for name in names}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: jsonable(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(jsonable(key)): jsonable(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return jsonable(value.value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else None
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Set):
        return sorted((jsonable(item) for item in value), key=repr)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [jsonable(item) for item in value]
    return value
