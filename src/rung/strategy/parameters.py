"""Parameters of an authored strategy: declared beside the code that uses them, with a type and a range.

`period = param(60, low=2, high=500)` in the body of a class; `self.period` in its methods is then a plain int.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any, TypeVar, cast

from rung.domain.errors import UserError

Value = bool | int | float | str
T = TypeVar("T", bool, int, float, str)
_WORDS: Mapping[type, str] = {bool: "true or false", int: "whole number", float: "number", str: "text"}
_TRUTH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """One parameter. low, high : inclusive bounds, None where there is none.   choices : allowed texts, () for any.

    aliases : other names it goes by, each with what one of that name's units is worth ({"threshold_pct": "0.01"}).
    `name` is filled in when the class is read.
    """

    default: Value
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    about: str = ""
    name: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def kind(self) -> type:
        return type(self.default)

    @property
    def range_words(self) -> str:
        """The type and the range as a person would say them."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        kind = _WORDS[self.kind]
        if self.low is not None and self.high is not None:
            return f"{kind} from {self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"{kind}, at least {self.low:g}"
        return f"{kind}, at most {self.high:g}" if self.high is not None else kind

    def checked(self, value: object) -> Value:
        """`value` as this parameter's type. Raises ValueError with the range; a bool is no number, 3.0 is a whole one.

        Text is read as what it spells: this is how `--set` gives values.
        """
        taken = _read(value, self.kind)
        if taken is None or not self._within(taken):
            raise ValueError(f"{self.name} = {value} is not allowed: it is a {self.range_words}")
        return taken

    def _within(self, value: Value) -> bool:
        if isinstance(value, str):
            return not self.choices or value in self.choices
        if not math.isfinite(value):
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def param(
    default: T,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[str] = (),
    about: str = "",
    aliases: Mapping[str, str] | None = None,
) -> T:
    """Declare a parameter of a strategy; its type is that of `default`.

    aliases : other names, each with its unit: {"threshold_pct": "0.01"} is the same number in per cent.
    Raises ValueError when the default itself lies outside the range. Typed as its default, because an instance
    holds the plain value under the same name.
    """
    declared = Param(
        default=default, low=low, high=high, choices=tuple(choices), about=about, name="the default",
        aliases=dict(aliases or {}),
    )  # fmt: skip
    if isinstance(default, bool | str) and (low is not None or high is not None):
        raise ValueError("low and high belong to numbers; a text has choices")
    declared.checked(default)
    return cast("T", declared)


def declared_params(cls: type) -> dict[str, Param]:
    """Every parameter of a class, inherited ones first, in the order they are written. A plain value hides one."""
    found: dict[str, Param] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, Param):
                found[name] = replace(value, name=name)
            else:
                found.pop(name, None)
    return found


def settings(cls: type, given: Mapping[str, Any]) -> dict[str, Value]:
    """Every parameter's value: as given, else its default. Raises UserError naming parameter, value and range."""
    declared = declared_params(cls)
    given = _by_own_names(cls, declared, given)
    values: dict[str, Value] = {}
    for name, each in declared.items():
        try:
            values[name] = each.checked(given[name]) if name in given else each.default
        except ValueError as error:
            raise UserError(f"{cls.__name__}: {error}", remedy=f"its default is {each.default}") from None
    return values


def own_name(cls: type, name: str) -> tuple[str, Decimal]:
    """The declared name behind `name`, and what one of its units is worth. UserError for a name nobody declared."""
    declared = declared_params(cls)
    if name in declared:
        return name, Decimal(1)
    for each in declared.values():
        if name in each.aliases:
            return each.name, Decimal(each.aliases[name])
    raise UserError(f"{cls.__name__} has no parameter {name!r}", remedy=_known(name, declared))


def in_own_unit(value: object, worth: Decimal) -> object:
    """A number given under an alias as the parameter counts it, exact in decimals; what is no number stays."""
    if worth == 1 or isinstance(value, bool) or not isinstance(value, int | float | str):
        return value
    try:
        return float(Decimal(str(value)) * worth)
    except InvalidOperation:
        return value


def _by_own_names(cls: type, declared: Mapping[str, Param], given: Mapping[str, Any]) -> dict[str, Any]:
    if all(name in declared for name in given):
        return dict(given)
    found: dict[str, Any] = {}
    for name, value in given.items():
        own, worth = own_name(cls, name)
        if own in found:
            raise UserError(f"{own} is set twice, once as {name}", remedy="set each parameter once")
        found[own] = in_own_unit(value, worth)
    return found


def _known(name: str, declared: Mapping[str, Param]) -> str:
    names = [*declared, *(alias for each in declared.values() for alias in each.aliases)]
    likely = get_close_matches(name, names, n=1)
    listed = f"it has {', '.join(declared)}" if declared else "it has none"
    return f"did you mean {likely[0]}? {listed}" if likely else listed


def _read(value: object, kind: type) -> Value | None:
    """`value` as `kind`, None when it is nothing of the sort."""
    if kind is bool:
        return value if isinstance(value, bool) else _TRUTH.get(value.lower()) if isinstance(value, str) else None
    if kind is str:
        return value if isinstance(value, str) else None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    if kind is float:
        return number
    return int(number) if math.isfinite(number) and number.is_integer() else None
