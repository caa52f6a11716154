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
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_WIDTH = 140
PLAIN_HEIGHT = 50


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
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()
) -> None:
    """One table on stdout. `right` names the columns of figures; values are shown as `str`, never as markup."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title, style="bold"), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    console().print(table)


def print_json(value: object) -> None:
    """`value` as indented JSON on stdout; Decimals as text, a number that is not finite as null."""
    sys.stdout.write(json.dumps(jsonable(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def jsonable(value: object) -> object:
    """Messages, dataclasses, mappings, sequences, Decimals, enums and paths in the words of JSON."""
    if isinstance(value, msgspec.Struct):
        return {name: jsonable(getattr(value, name)) for name in value.__struct_fields__}
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
