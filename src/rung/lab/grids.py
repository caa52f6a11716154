"""Grids of parameters as a person types them: `period=20:80:20`, `band=0.0005,0.001`, checked before anything runs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from rung.domain.errors import UserError
from rung.strategy.parameters import Param, Value, declared_params, in_own_unit, own_name

MOST_VALUES = 1_000_000
"""Of one parameter. More is a slip of the keyboard."""


Axes = Mapping[str, tuple[Value, ...]]
"""Parameter → the values it may take, in the order given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Values to try of each parameter, by the parameter's own name, in the order given; none is empty or repeated."""

    axes: Axes

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.axes)

    @property
    def count(self) -> int:
        """How many combinations there are; none of them has been made."""
        return math.prod(len(values) for values in self.axes.values())

    def __iter__(self) -> Iterator[tuple[Value, ...]]:
        """Combinations in the order of `names`, the last parameter changing fastest."""
        return itertools.product(*self.axes.values())

    def combinations(self) -> list[dict[str, Value]]:
        """Every combination by name, for those who run all of them one by one. Raises UserError above a million."""
        if self.count > MOST_VALUES:
            raise UserError(
                f"{self.count:,} combinations are more than {MOST_VALUES:,}", where="--grid", remedy="use larger steps"
            )
        return [dict(zip(self.names, values, strict=True)) for values in self]


def read_grid(cls: type, given: Mapping[str, Sequence[Any] | str], fixed: Mapping[str, Any] | None = None) -> Grid:
    """The grid of a strategy's class. given : by parameter (or alias), values or the text of them.

    Raises UserError: nothing to try, a parameter nobody declared (with the nearest name), one that is given twice or
    is `fixed` already, a value of the wrong type or out of range.
    """
    if not given:
        raise UserError("the grid is empty: there is nothing to try", where="--grid", remedy=_example(cls))
    declared = declared_params(cls)
    taken = {own_name(cls, name)[0] for name in fixed or {}}
    axes: dict[str, tuple[Value, ...]] = {}
    for name, words in given.items():
        own, worth = own_name(cls, name)
        if own in axes or own in taken:
            raise UserError(f"{own} is given twice", where="--grid", remedy="give each parameter once")
        values = _spelled(name, words) if isinstance(words, str) else list(words)
        axes[own] = _checked(declared[own], name, [in_own_unit(value, worth) for value in values])
    return Grid(axes=axes)


def parse_grid(words: Sequence[str]) -> dict[str, str]:
    """`ma=20:80:20` `band=0.001,0.002` as a mapping; what the values are is the strategy's to say."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, values = word.partition("=")
        if not (name and equals):
            raise UserError(f"{word!r} names no values", where="--grid", remedy="write it like --grid period=20:80:20")
        if name in found:
            raise UserError(f"{name} is given twice", where="--grid", remedy="separate its values by commas")
        found[name] = values
    return found


def _spelled(name: str, words: str) -> list[Any]:
    """`20:80:20,100` → ["20", "40", "60", "80", "100"]."""
    values: list[Any] = []
    for part in words.split(","):
        if ":" in part:
            values += _stepped(name, part)
        elif part.strip():
            values.append(part.strip())
    return values


def _stepped(name: str, part: str) -> list[str]:
    """From, to (included where the steps meet it) and step, counted in decimals."""
    try:
        first, last, step = (Decimal(number.strip()) for number in part.split(":"))
    except (ValueError, InvalidOperation):
        raise UserError(f"{part!r} is no range of {name}", where="--grid", remedy="write FROM:TO:STEP") from None
    if not (first.is_finite() and last.is_finite() and step.is_finite() and step > 0):
        raise UserError(f"{part!r} never arrives", where="--grid", remedy="write FROM:TO:STEP with a step above 0")
    count = int((last - first) / step) + 1 if last >= first else 0
    if count > MOST_VALUES:
        raise UserError(f"{part} is {count:,} values of {name}", where="--grid", remedy="take a wider step")
    return [format(first + step * i, "f") for i in range(count)]


def _checked(declared: Param, name: str, values: Sequence[Any]) -> tuple[Value, ...]:
    if not values:
        raise UserError(f"the grid is empty: no value of {name}", where="--grid", remedy="give at least one")
    found: dict[Value, None] = {}
    for value in values:
        try:
            found[declared.checked(value)] = None
        except ValueError as error:
            raise UserError(str(error), where="--grid", remedy=f"its default is {declared.default}") from None
    return tuple(found)


def _example(cls: type) -> str:
    names = list(declared_params(cls))
    if not names:
        return f"{cls.__name__} has no parameter; run it with rung backtest"
    return f"give --grid {names[0]}=VALUES; {cls.__name__} has {', '.join(names)}"
