"""Grids as people type them: `period=20:80:20` (both ends included) or `band=0.001,0.002`, several of them crossed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import product
from math import prod

from rung.domain.errors import UserError
from rung.strategy.parameters import Param, Value, declared_params, settings

MOST_COMBINATIONS = 1_000_000
WHERE = "--grid"
REMEDY = "write it like --grid period=20:80:20 or --grid band=0.001,0.002"

Axes = Mapping[str, tuple[Value, ...]]
"""Parameter → the values it may take, in the order they were written."""


def parse_grid(texts: Sequence[str], strategy_class: type) -> list[dict[str, Value]]:
    """Every combination of the axes, the last axis fastest; only the parameters that were named.

    Raises UserError: nothing named, an unknown parameter (the nearest one is offered), a value out of its range, a
    step that leads nowhere, more than a million combinations.
    """
    axes = parse_axes(texts, strategy_class)
    return [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]


def parse_axes(texts: Sequence[str], strategy_class: type) -> dict[str, tuple[Value, ...]]:
    """The axes one by one; errors as `parse_grid`."""
    if not texts:
        raise UserError("an empty grid: nothing to choose from", where=WHERE, remedy=REMEDY)
    declared = declared_params(strategy_class)
    axes: dict[str, tuple[Value, ...]] = {}
    for text in texts:
        name, equals, values = (part.strip() for part in text.partition("="))
        if not (name and equals and values):
            raise UserError(f"{text!r} is no axis of a grid", where=WHERE, remedy=REMEDY)
        if name in axes:
            raise UserError(f"{name} is given twice", where=WHERE, remedy="name each parameter once")
        if name not in declared:
            settings(strategy_class, {name: values})  # says which it has, and which one was meant
        axes[name] = _axis(declared[name], values, strategy_class)
    count = prod(len(axis) for axis in axes.values())
    _refuse_absurd(count)
    return axes


def _axis(param: Param, text: str, strategy_class: type) -> tuple[Value, ...]:
    words = _steps(param.name, text) if ":" in text and param.kind is not str else text.split(",")
    taken = [settings(strategy_class, {param.name: word.strip()})[param.name] for word in words if word.strip()]
    if not taken:
        raise UserError(f"{param.name}={text} has no value: an empty grid", where=WHERE, remedy=REMEDY)
    return tuple(dict.fromkeys(taken))


def _steps(name: str, text: str) -> list[str]:
    """`first:last:step` as texts; exact, so that 0.1:0.3:0.1 has three values."""
    parts = text.split(":")
    try:
        first, last, step = (Decimal(part) for part in parts)
    except (ValueError, InvalidOperation):
        raise UserError(f"{name}={text} is not first:last:step", where=WHERE, remedy=REMEDY) from None
    if not (first.is_finite() and last.is_finite() and step.is_finite()) or step <= 0 or last < first:
        raise UserError(
            f"{name}={text} has no value: an empty grid", where=WHERE, remedy="let it rise, with a step above 0"
        )
    count = int((last - first) / step) + 1
    _refuse_absurd(count)
    return [str(first + step * n) for n in range(count)]


def _refuse_absurd(count: int) -> None:
    if count > MOST_COMBINATIONS:
        raise UserError(
            f"{count:,} combinations are more than {MOST_COMBINATIONS:,}", where=WHERE, remedy="use larger steps"
        )
