"""What is compared: everything a strategy shows of itself at a bar, what it wished, and what became of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rung.domain.step import Step
from rung.domain.target import Protection
from rung.domain.verdicts import Approved
from rung.strategy.authoring import Authored, Wish
from rung.strategy.parameters import declared_params

TOLERANCE = 1e-9
"""Relative. A sum over another number of bars may end in other digits; a leak of prices is a million times larger."""
MOST_INSIDE = 64
_OURS = frozenset({"_wishes", "most_weight", "symbols"})
_SCALARS = (float, int, str, bool)

Scalar = float | int | str | bool | None
Values = tuple[tuple[str, ...], tuple[Scalar, ...]]


class Row(NamedTuple):
    """One slice. values : names and numbers of indicators and attributes.   wishes : what `decide` answered.
    orders : what the gates said.   fills : what the venue did since the last slice."""

    at_ns: int
    values: Values
    wishes: tuple[tuple[Scalar, ...], ...]
    orders: tuple[tuple[Scalar, ...], ...]
    fills: tuple[tuple[Scalar, ...], ...]


class Difference(NamedTuple):
    """The first thing in which two rows part. kind : "value", "wish", "order" or "fill"."""

    kind: str
    name: str
    was: str
    now: str


class Watch:
    """Stands around every `decide` of a run and, per slice, makes a row of what was seen."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._values: list[Scalar] = []
        self._wishes: list[tuple[Scalar, ...]] = []
        self._known: tuple[str, ...] = ()
        self._skip: dict[type, frozenset[str]] = {}
        self._sent: dict[str, int] = {}
        self.early: list[tuple[int, str]] = []
        """(instant, symbol) of fills in a bar that had begun when their order was decided."""

    def __call__(self, instance: Authored, view: Any) -> Any:
        """Let it decide, then look at it."""
        wish = self.decided(instance, view)
        symbol = getattr(view, "symbol", "")
        for given in wish if isinstance(wish, list | tuple) and not isinstance(wish, Wish) else (wish,):
            if isinstance(given, Wish):
                asked = (given.symbol or symbol, given.weight, *_guards(given.protection))
                self._wishes.append((*asked, given.reason))
        self._look(instance, symbol)
        return wish

    def decided(self, instance: Authored, view: Any) -> Any:
        """The strategy's own answer."""
        return instance.decide(view)  # type: ignore[attr-defined]  # both kinds of strategy have it

    def row(self, step: Step) -> Row:
        """What was seen at this step; starts anew for the next."""
        names = tuple(self._names)
        if names == self._known:
            names = self._known  # one tuple for the whole run
        self._known = names
        self._look_at_fills(step)
        row = Row(
            step.event.at_ns,
            (names, tuple(self._values)),
            tuple(self._wishes),
            tuple(
                (v.order.symbol, v.order.action.value, v.order.side.value, float(v.order.quantity),
                 "approved" if isinstance(v, Approved) else "refused")
                for v in step.verdicts
            ),
            tuple((f.symbol, f.side.value, float(f.quantity), float(f.price)) for f in step.fills),
        )  # fmt: skip
        self._names, self._values, self._wishes = [], [], []
        return row

    def _look_at_fills(self, step: Step) -> None:
        for fill in step.fills:
            bar = step.event.bars.get(fill.symbol)
            if bar is not None and bar.open_ns < self._sent.get(fill.order_id, bar.open_ns):
                self.early.append((step.at_ns, fill.symbol))
        for verdict in step.verdicts:
            self._sent[verdict.order.order_id] = verdict.order.at_ns

    def _look(self, instance: Authored, symbol: str) -> None:
        cls = type(instance)
        skip = self._skip.get(cls)
        if skip is None:
            skip = self._skip[cls] = _OURS | set(declared_params(cls))
        names, values = self._names, self._values
        prefix = f"{symbol}:" if symbol else ""
        for name, value in vars(instance).items():
            if name in skip:
                continue
            kind = type(value)
            if kind is float or kind is int or kind is str or value is None:
                names.append(prefix + name)
                values.append(value if value == value else None)
                continue
            for inner, scalar in _inside(name, value):
                names.append(prefix + inner)
                values.append(scalar)


_PLANS: dict[type, tuple[str, ...]] = {}


def _inside(name: str, value: Any, depth: int = 0) -> Iterator[tuple[str, Scalar]]:
    """The numbers of an indicator, or of a small collection of them. Arrays, frames and lists of numbers are histories,
    not values of one bar."""
    if isinstance(value, _SCALARS) or (hasattr(value, "dtype") and getattr(value, "shape", None) == ()):
        plain = value if isinstance(value, _SCALARS) else value.item()
        yield name, plain if plain == plain else None
    elif isinstance(value, Mapping | Sequence):
        if len(value) <= MOST_INSIDE and depth < 2:
            pairs = value.items() if isinstance(value, Mapping) else enumerate(value)
            for key, item in pairs:
                if not (isinstance(value, list) and isinstance(item, _SCALARS)):
                    yield from _inside(f"{name}[{key}]", item, depth + 1)
    elif not hasattr(value, "shape") and depth < 2:
        plan = _PLANS.get(type(value))
        if plan is None:
            plan = _PLANS[type(value)] = _plan(value)
        for inner in plan:
            found = getattr(value, inner, None)
            if found is None or isinstance(found, (*_SCALARS, tuple)):
                yield from _inside(
                    name if inner == "value" else f"{name}.{inner}", math.nan if found is None else found, 1
                )


def _plan(value: Any) -> tuple[str, ...]:
    """Where an object keeps its numbers: `value` when it has one, else `values`, else its public attributes."""
    for usual in ("value", "values"):
        if hasattr(value, usual) and not callable(getattr(value, usual)):
            return (usual,)
    slots = [slot for cls in type(value).__mro__ for slot in _names(getattr(cls, "__slots__", ()))]
    own = [*slots, *getattr(value, "__dict__", ())]
    return tuple(each for each in own if not each.startswith("_"))


def _names(slots: object) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots)  # type: ignore[arg-type]


def _guards(guard: Protection | None) -> tuple[Scalar, ...]:
    if guard is None:
        return (None, None)
    fixed = (guard.stop_frac, guard.take_profit_frac)
    return (*fixed, guard.trail_frac, guard.trail_quote) if guard.trails else fixed


def first_difference(was: Row, now: Row) -> Difference | None:
    """Value, wish, order, fill: the earliest of them that is not the same, None when the rows say the same."""
    if was == now:
        return None
    found = _values_differ(was.values, now.values)
    if found is not None:
        return found
    pairs = (("wish", was.wishes, now.wishes), ("order", was.orders, now.orders), ("fill", was.fills, now.fills))
    for kind, here, there in pairs:
        if len(here) != len(there) or any(not _same_all(a, b) for a, b in zip(here, there, strict=True)):
            return Difference(kind, "", _said(kind, here), _said(kind, there))
    return None


def same_wishes(was: Row, now: Row) -> bool:
    """Same weights and protections asked for; the words of the reasons may differ."""
    here, there = ([wish[:-1] for wish in row.wishes] for row in (was, now))
    return len(here) == len(there) and all(_same_all(a, b) for a, b in zip(here, there, strict=True))


def _values_differ(was: Values, now: Values) -> Difference | None:
    if was[0] == now[0]:
        for name, here, there in zip(was[0], was[1], now[1], strict=True):
            if not same(here, there):
                return Difference("value", name, _word(here), _word(there))
        return None
    one, other = dict(zip(*was, strict=True)), dict(zip(*now, strict=True))
    for name, here in one.items():  # what one of them lacks is the length of something, not a value of this bar
        if name in other and not same(here, other[name]):
            return Difference("value", name, _word(here), _word(other[name]))
    return None


def same(was: Scalar, now: Scalar) -> bool:
    """Equal, or equal but for rounding."""
    if was == now:
        return True
    if isinstance(was, int | float) and isinstance(now, int | float):
        return math.isclose(was, now, rel_tol=TOLERANCE, abs_tol=1e-12)
    return False


def _same_all(was: Sequence[Scalar], now: Sequence[Scalar]) -> bool:
    return len(was) == len(now) and all(same(a, b) for a, b in zip(was, now, strict=True))


def _word(value: Scalar) -> str:
    return "nothing" if value is None else f"{value:.8g}" if isinstance(value, float) else str(value)


def _said(kind: str, rows: Sequence[Sequence[Scalar]]) -> str:
    """Wishes in words, orders and fills cell by cell; "none" for an empty list."""
    if kind == "wish":
        return "; ".join(map(_wish_words, rows)) or "none"
    return "; ".join(" ".join(_word(cell) for cell in row if cell not in (None, "")) for row in rows) or "none"


def _wish_words(row: Sequence[Scalar]) -> str:
    """`long 0.95 of the equity in BTCUSDT with stop 0.02 ("I know")`."""
    symbol, weight, *guards, reason = row
    size = float(weight or 0.0)
    where = (
        f"{'long' if size > 0 else 'short'} {abs(size):g} of the equity in {symbol}" if size else f"flat in {symbol}"
    )
    named = zip(("stop", "target", "trail", "trail_by"), guards, strict=False)
    levels = " and ".join(f"{name} {_word(value)}" for name, value in named if value is not None)
    because = f' ("{reason}")' if reason else ""
    return f"{where}{f' with {levels}' if levels else ''}{because}"
