"""What a person writes: a class with parameters, `start` and `decide`. It decides; it cannot trade.

    class Crossover(Strategy):
        period = param(60, low=2, high=500)

        def start(self):
            self.mean = sma(self.period)

        def decide(self, view):
            mean = self.mean(view.bar.close)
            return self.long("above", stop=0.02) if view.bar.close > mean else self.flat("below")

`Strategy` sees one symbol at a time, one fresh instance for each; `Portfolio` sees all symbols at once. Neither is the
port itself: `rung.strategy.running` makes one of them run behind it, unchanged on every rung.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, TypedDict, Unpack

from rung.domain.account import Position
from rung.domain.bar import Bar
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.session import Session
from rung.domain.target import Protection
from rung.domain.view import View
from rung.strategy.parameters import settings

DEFAULT_WEIGHT = 0.95
"""A little less than all: costs and a gap to the fill must not push an order over a limit of 1."""
MOST_REMEMBERED = 64
Guards = tuple[float | None, float | None, float | None, float | None]
"""stop, target, trail, trail_by: as `Strategy.long` takes them."""
UNGUARDED: Guards = (None, None, None, None)


class Levels(TypedDict, total=False):
    """What may guard a wish, by name; as in `Strategy.long`."""

    stop: float | None
    target: float | None
    trail: float | None
    trail_by: float | None


class Wish(NamedTuple):
    """The position wanted in one symbol. weight : signed fraction of equity, 0 is out.   symbol : "" means its own."""

    weight: float
    reason: str
    protection: Protection | None
    symbol: str = ""


class _Present:
    """The part of the present that both kinds of strategy see. Valid during one `decide` only."""

    __slots__ = ("_view",)
    _view: View

    @property
    def at_ns(self) -> int:
        """When the newest bars closed: the present, UTC nanoseconds."""
        return self._view.slice.at_ns

    @property
    def minute(self) -> int:
        """Whole minutes since the session opened; in a 24/7 market the session is the UTC day."""
        return (self.at_ns - self.session.open_ns) // NS_PER_MINUTE

    @property
    def minutes_to_close(self) -> int:
        """Whole minutes until the session closes."""
        return self.session.minutes_to_close(self.at_ns)

    @property
    def session(self) -> Session:
        """The session the newest bars belong to."""
        return self._view.slice.session

    @property
    def equity(self) -> float:
        """Cash and positions at the newest closes, quote currency."""
        return float(self._view.account.equity_quote)


class SymbolView(_Present):
    """What a `Strategy` may look at: the newest bar of its symbol, and the account."""

    __slots__ = ("bar", "symbol")
    bar: Bar

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol

    @property
    def position(self) -> Position | None:
        """The open position in this symbol, exact; None when flat."""
        return self._view.account.positions.get(self.symbol)

    @property
    def side(self) -> int:
        """1 long, −1 short, 0 flat."""
        return side_of(self.position)

    @property
    def gain_frac(self) -> float:
        """Unrealised gain of the position as a fraction of its entry price, fees not included; 0 when flat."""
        held = self.position
        return 0.0 if held is None else side_of(held) * float(held.mark_price / held.entry_price - 1)


class BookView(_Present):
    """What a `Portfolio` may look at: every bar that closed now, and the account."""

    __slots__ = ("symbols",)

    def __init__(self, symbols: Sequence[str]) -> None:
        self.symbols = tuple(symbols)

    @property
    def bars(self) -> Mapping[str, Bar]:
        """By symbol; a symbol whose bar is missing is missing here."""
        return MappingProxyType(self._view.slice.bars)

    @property
    def positions(self) -> Mapping[str, Position]:
        """The open positions, by symbol."""
        return MappingProxyType(self._view.account.positions)

    @property
    def working(self) -> Mapping[str, str]:
        """Orders not finished, by symbol."""
        return MappingProxyType(self._view.account.working)

    def side(self, symbol: str) -> int:
        """1 long, −1 short, 0 flat."""
        return side_of(self.positions.get(symbol))


def side_of(position: Position | None) -> int:
    """1 long, −1 short, 0 for no position."""
    return 0 if position is None else -1 if position.quantity.is_signed() else 1


def _guards(
    stop: float | None = None, target: float | None = None, trail: float | None = None, trail_by: float | None = None
) -> Guards:
    return stop, target, trail, trail_by


def _protection(guards: Guards, weight: float) -> Protection | None:
    """What is asked for, checked. Raises ValueError for a distance that is none."""
    stop, target, trail, trail_by = guards
    of = {"stop": "the entry price", "target": "the entry price", "trail": "the best close", "trail_by": ""}
    for (name, whole), value in zip(of.items(), guards, strict=True):
        if value is not None and not _is_distance(value):
            words = f"a fraction of {whole}" if whole else "a distance in the price's currency"
            raise ValueError(f"{name} = {value!r} is not {words} above 0")
    for name, value in (("stop", stop), ("trail", trail)):
        if weight > 0.0 and value is not None and value >= 1.0:
            raise ValueError(f"{name} = {value} would stop below a price of 0: say 0.015 for 1.5 %")
    if trail is not None and trail_by is not None:
        raise ValueError("a stop trails by a fraction (trail) or by a distance (trail_by), not by both")
    if guards == UNGUARDED:
        return None
    stop, target, trail, trail_by = (None if each is None else float(each) for each in guards)
    return Protection(stop_frac=stop, take_profit_frac=target, trail_frac=trail, trail_quote=trail_by)


def _is_distance(value: object) -> bool:
    """Whether it is a number, above 0 and finite; text is none, whatever it says."""
    try:
        return bool(0.0 < value < math.inf)  # type: ignore[operator]
    except TypeError:
        return False


def _size(weight: float) -> float:
    """A weight as `long` and `short` take it: without a sign, which they are themselves."""
    try:
        negative = weight < 0.0
    except TypeError:
        raise ValueError(f"weight = {weight!r} is not a fraction of the equity") from None
    if negative:
        raise ValueError(f"a weight of {weight} is negative: say long or short, with a weight above 0")
    return weight


class Authored:
    """What both kinds share: a name, parameters, a clean start, and checked wishes.

    name : goes into order ids and reports; the class's own name in lower case unless it is set.
    weight : fraction of equity a wish asks for when it names none.
    All state belongs on `self` and is made in `start`: a run begins with a new instance.
    """

    name: ClassVar[str] = ""
    weight: float = DEFAULT_WEIGHT
    most_weight: float = 1.0
    """The largest weight the limits of this run allow; set by whoever runs the strategy."""

    def __init__(self, **given: Any) -> None:
        """Raises UserError for an unknown parameter or one out of its range."""
        for name, value in settings(type(self), given).items():
            setattr(self, name, value)
        self._wishes: dict[object, Wish] = {}

    def __init_subclass__(cls, **words: Any) -> None:
        super().__init_subclass__(**words)
        if "name" not in vars(cls):
            cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

    def start(self) -> None:
        """Make indicators and other state here; called once before the first bar. The parameters are set."""

    def _wish(self, weight: float, reason: str, guards: Guards, symbol: str) -> Wish:
        """A checked wish; the same one again for the same words, because most bars repeat the last."""
        key = (weight, reason, guards, symbol)
        known = self._wishes.get(key)
        if known is not None:
            return known
        if not 0.0 < abs(weight) <= self.most_weight:
            raise ValueError(
                f"a weight of {abs(weight)} is not within 0 and {self.most_weight:g}, the leverage allowed"
            )
        return self._kept(key, Wish(weight, reason, _protection(guards, weight), symbol))

    def _kept(self, key: object, wish: Wish) -> Wish:
        """Remember a wish; reasons with numbers in them would fill the memory, so it is emptied now and then."""
        if len(self._wishes) >= MOST_REMEMBERED:
            self._wishes.clear()
        self._wishes[key] = wish
        return wish


class Strategy(Authored):
    """Decides for one symbol at a time; every symbol has its own instance and state.

    `decide` answers a wish or None ("leave it alone"). A wish that is already fulfilled, or on its way, does nothing:
    say the same every bar if you like. Other weight: the position is resized. Other side: it is flipped.
    A position that its stop or target has closed is opened again if the wish is still there.
    """

    def decide(self, view: SymbolView) -> Wish | None:
        """Called once for every closed bar of the symbol."""
        raise NotImplementedError

    def long(
        self,
        reason: str = "",
        *,
        weight: float | None = None,
        stop: float | None = None,
        target: float | None = None,
        trail: float | None = None,
        trail_by: float | None = None,
    ) -> Wish:
        """Be long with `weight` of the equity. stop, target : fractions of the average entry price.

        trail : a stop that stays this fraction behind the best close since the entry.   trail_by : one that stays this
        much money behind it, `3 * self.atr(view.bar)`; say it anew every bar and the newest distance counts.
        """
        guards = (stop, target, trail, trail_by)
        return self._wish(_size(self.weight if weight is None else weight), reason, guards, "")

    def short(
        self,
        reason: str = "",
        *,
        weight: float | None = None,
        stop: float | None = None,
        target: float | None = None,
        trail: float | None = None,
        trail_by: float | None = None,
    ) -> Wish:
        """Be short with `weight` (given as a positive number) of the equity, guarded as in `long`."""
        guards = (stop, target, trail, trail_by)
        return self._wish(-_size(self.weight if weight is None else weight), reason, guards, "")

    def flat(self, reason: str = "") -> Wish:
        """Be out; an opening order that still works is withdrawn."""
        return self._wishes.get(reason) or self._kept(reason, Wish(0.0, reason, None))


class Portfolio(Authored):
    """Decides for all symbols at once; several wishes of one call are one decision.

    A wish names its symbol first and its weight always: `self.long("BTCUSDT", "why", weight=0.5, stop=0.02)`. What is
    sold to pay for it is not cash before it has filled (ADR 0008), so a wish that is said once, in the bar of the
    exit, can be refused and is then gone: say it every bar until it is fulfilled.
    symbols : what it trades, in the order they were asked for; set before `start`.
    """

    symbols: tuple[str, ...] = ()

    def decide(self, view: BookView) -> Sequence[Wish]:
        """Called once for every instant at which any of the symbols has a closed bar; () leaves all alone."""
        raise NotImplementedError

    def long(self, symbol: str, reason: str = "", *, weight: float, **guards: Unpack[Levels]) -> Wish:
        """Be long `symbol` with `weight` of the equity, guarded as in `Strategy.long`."""
        return self._wish(_size(weight), reason, _guards(**guards), self._traded(symbol))

    def short(self, symbol: str, reason: str = "", *, weight: float, **guards: Unpack[Levels]) -> Wish:
        """Be short `symbol` with `weight` (given as a positive number) of the equity, guarded as in `long`."""
        return self._wish(-_size(weight), reason, _guards(**guards), self._traded(symbol))

    def flat(self, symbol: str, reason: str = "") -> Wish:
        """Be out of `symbol`."""
        return Wish(0.0, reason, None, self._traded(symbol))

    def _traded(self, symbol: str) -> str:
        if symbol not in self.symbols:
            raise ValueError(f"{symbol} is not traded here: the symbols are {', '.join(self.symbols)}")
        return symbol
