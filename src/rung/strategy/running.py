"""An authored strategy behind the Strategy port: wishes become targets, mistakes get the author's own line.

Runs unchanged in replay, paper and live: everything it needs is in the View.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from types import FunctionType, TracebackType
from typing import Any

from rung.domain.errors import UserError
from rung.domain.target import Action, Target
from rung.domain.view import View
from rung.strategy.authoring import Authored, BookView, Portfolio, Strategy, SymbolView, Wish, side_of
from rung.strategy.port import Strategy as Port

NOTHING: tuple[Target, ...] = ()
WISHING = re.compile(r"\b(long|short|flat|_guards)\(\)")
"""Of a TypeError that is about how a wish was said."""
_OURS = (Strategy, Portfolio, Authored, object)

Around = Callable[[Any, Any], Any]
"""Stands around every `decide`: (instance, view) → the answer of `instance.decide(view)`, which it has to give back."""


def running(
    cls: type[Strategy] | type[Portfolio],
    symbols: Sequence[str],
    given: Mapping[str, Any],
    most_weight: float = 1.0,
    around: Around | None = None,
) -> Port:
    """A fresh run of `cls` on `symbols` with the given parameters; `most_weight` is what the limits allow.

    around : somebody who looks at the strategy's state before and after each decision; None costs nothing.

    Raises UserError for parameters out of range, and for whatever goes wrong in `start` or later in `decide`: it names
    the author's file and line.
    """
    refuse_shape(cls)
    if issubclass(cls, Portfolio):
        return WholeBook(cls, symbols, given, most_weight, around)
    return EachSymbol(cls, symbols, given, most_weight, around)


class Lane:
    """One symbol of a run: what its strategy is shown, and what it asked for last."""

    __slots__ = ("asked", "decide", "lens", "symbol")

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.asked: Wish | None = None
        self.lens = SymbolView(symbol)
        self.decide: Any = None

    def towards(self, wish: Wish, at_ns: int, side: int, works: bool) -> Target | None:
        """What must be asked of the desk so that the wish comes true; None when it has or is on its way.

        side : of the position, 0 without one.   works : whether an order of the symbol is not finished.
        """
        weight, asked = wish.weight, self.asked
        if weight == 0.0:
            if (side == 0 and not works) or (works and asked is not None and asked.weight == 0.0):
                return None
            self.asked = wish
            return self._target(wish, at_ns, Action.EXIT, weight)
        if asked is not None and asked.weight == weight:
            if side == (1 if weight > 0.0 else -1):
                if wish is asked or wish.protection is None or wish.protection == asked.protection:
                    return None
                self.asked = wish
                return self._target(wish, at_ns, Action.GUARD if works else Action.HOLD, None)
            if works:
                return None
        self.asked = wish
        return self._target(wish, at_ns, Action.ENTER_LONG if weight > 0.0 else Action.ENTER_SHORT, weight)

    def _target(self, wish: Wish, at_ns: int, action: Action, weight: float | None) -> Target:
        return Target(
            at_ns=at_ns, symbol=self.symbol, action=action, weight=weight, reason=wish.reason,
            protection=wish.protection,
        )  # fmt: skip


class EachSymbol:
    """One instance of a `Strategy` per symbol, each with its own state."""

    def __init__(
        self,
        cls: type[Strategy],
        symbols: Sequence[str],
        given: Mapping[str, Any],
        most_weight: float,
        around: Around | None,
    ) -> None:
        self.name = cls.name
        self._cls = cls
        self._lanes = []
        for symbol in symbols:
            lane, instance = Lane(symbol), begun(cls, given, most_weight)
            lane.decide = _looked_at(instance, around)
            self._lanes.append(lane)

    def decide(self, view: View) -> Sequence[Target]:
        """Ask every symbol that has a bar now. Raises UserError naming the author's line."""
        event, account = view.slice, view.account
        bars, positions, working = event.bars, account.positions, account.working
        targets: list[Target] | None = None
        for lane in self._lanes:
            symbol = lane.symbol
            bar = bars.get(symbol)
            if bar is None:
                continue
            lens = lane.lens
            lens.bar = bar
            lens._view = view
            try:
                wish = lane.decide(lens)
            except (Exception, SystemExit) as error:  # the author's code may raise anything
                blame(error, self._cls, f"decide of {symbol}", event.at_ns)
                raise
            if wish is None:
                continue
            if type(wish) is not Wish:
                raise not_a_wish(self._cls, wish)
            target = lane.towards(wish, event.at_ns, side_of(positions.get(symbol)), symbol in working)
            if target is not None:
                targets = [target] if targets is None else [*targets, target]
        return NOTHING if targets is None else targets


class WholeBook:
    """One instance of a `Portfolio` for all symbols."""

    def __init__(
        self,
        cls: type[Portfolio],
        symbols: Sequence[str],
        given: Mapping[str, Any],
        most_weight: float,
        around: Around | None,
    ) -> None:
        self.name = cls.name
        self._cls = cls
        self._lens = BookView(symbols)
        self._lanes = {symbol: Lane(symbol) for symbol in symbols}
        self._decide = _looked_at(begun(cls, given, most_weight, symbols), around)

    def decide(self, view: View) -> Sequence[Target]:
        """All wishes of one call as targets of one decision. Raises UserError naming the author's line."""
        self._lens._view = view
        at_ns, account = view.slice.at_ns, view.account
        try:
            wishes = self._decide(self._lens)
        except (Exception, SystemExit) as error:  # the author's code may raise anything
            blame(error, self._cls, "decide", at_ns)
            raise
        if not wishes:
            if wishes is None or isinstance(wishes, tuple | list):
                return NOTHING
            raise not_a_wish(self._cls, wishes)
        targets = []
        for wish in wishes if isinstance(wishes, tuple | list) and not isinstance(wishes, Wish) else (wishes,):
            if type(wish) is not Wish or wish.symbol not in self._lanes:
                raise not_a_wish(self._cls, wish)
            symbol = wish.symbol
            side, works = side_of(account.positions.get(symbol)), symbol in account.working
            target = self._lanes[symbol].towards(wish, at_ns, side, works)
            if target is not None:
                targets.append(target)
        return targets


def begun(cls: type[Any], given: Mapping[str, Any], most_weight: float, symbols: Sequence[str] = ()) -> Any:
    """A new instance with its parameters set and `start` called. Raises UserError naming the author's line."""
    instance: Authored = cls(**given)
    instance.most_weight = most_weight
    if isinstance(instance, Portfolio):
        instance.symbols = tuple(symbols)
    try:
        instance.start()
    except (Exception, SystemExit) as error:  # the author's code may raise anything
        blame(error, cls, "start", None)
        raise
    return instance


def _looked_at(instance: Any, around: Around | None) -> Callable[[Any], Any]:
    decide: Callable[[Any], Any] = instance.decide if around is None else partial(around, instance)
    return decide


def file_of(cls: type) -> str:
    """The file a class was written in; "" when it was typed into a running program."""
    try:
        return inspect.getsourcefile(cls) or ""
    except (TypeError, OSError):
        return ""


def line_of(cls: type, method: str) -> str:
    """`file:line` of a method, as far as they are known."""
    code = getattr(getattr(cls, method, None), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else file_of(cls)


def blame(error: Exception | SystemExit, cls: type, where: str, at_ns: int | None) -> None:
    """Raise the error as the author should read it, with their line; do nothing when no line of theirs is involved.

    Rung's own strategies are not blamed: a mistake in them is a bug, and its traceback is wanted.
    """
    line, ours = _own_line(error, cls), cls.__module__.startswith("rung.")
    if line is None or (ours and not isinstance(error, ValueError)):
        return
    when = "" if at_ns is None else f" at {datetime.fromtimestamp(at_ns // 10**9, UTC):%Y-%m-%d %H:%M} UTC"
    words = error.what if isinstance(error, UserError) else str(error)
    if not isinstance(error, ValueError | UserError):
        words = f"{type(error).__name__}: {words}"
    place = f"strategy {getattr(cls, 'name', cls.__name__)}" if ours else line
    remedy = _how_to_wish(cls) if isinstance(error, TypeError) and WISHING.search(words) else ""
    raise UserError(f"{words} (in {cls.__name__}.{where}{when})", where=place, remedy=remedy) from error


def _how_to_wish(cls: type) -> str:
    if issubclass(cls, Portfolio):
        return 'a Portfolio names its symbol first, and a weight: self.long("BTCUSDT", "why", weight=0.5, stop=0.02)'
    return 'a Strategy trades its own symbol and names none: self.long("why", weight=0.5, stop=0.02)'


def _own_line(error: BaseException, cls: type) -> str | None:
    """`file:line` of the innermost frame in the author's file; None when there is none."""
    authors = [base for base in cls.__mro__ if base not in _OURS]
    methods = [vars(base).get(name) for base in authors for name in ("decide", "start")]
    files = {each.__code__.co_filename for each in methods if isinstance(each, FunctionType)} | {file_of(cls)} - {""}
    found, trace = None, error.__traceback__
    while trace is not None:
        found = _line(trace, files) or found
        trace = trace.tb_next
    return found


def _line(trace: TracebackType, files: set[str]) -> str | None:
    name = trace.tb_frame.f_code.co_filename
    return f"{name}:{trace.tb_lineno}" if name in files else None


def refuse_shape(cls: type) -> None:
    """Raise UserError when a class cannot be run: no `decide` of its own, or one that does not take a view."""
    if getattr(cls, "decide", None) in (None, Strategy.decide, Portfolio.decide):
        raise UserError(f"{cls.__name__} has no decide", where=file_of(cls), remedy="write def decide(self, view): …")
    if cls.__init__ is not Authored.__init__:  # type: ignore[misc]
        words = f"{cls.__name__} has an __init__ of its own"
        raise UserError(words, where=line_of(cls, "__init__"), remedy="make its state in start(self)")
    for method, given in (("decide", ("a view",)), ("start", ())):
        try:
            inspect.signature(getattr(cls, method)).bind(None, *given)
        except TypeError:
            wanted = ", ".join(("self", *(["view"] if given else [])))
            words = f"{cls.__name__}.{method}{inspect.signature(getattr(cls, method))} cannot be called"
            raise UserError(words, where=line_of(cls, method), remedy=f"write def {method}({wanted})") from None


def not_a_wish(cls: type, given: object) -> UserError:
    """What to raise for an answer of `decide` that is none."""
    return UserError(
        f"{cls.__name__}.decide answered {given!r:.60}, which is not a decision",
        where=line_of(cls, "decide"),
        remedy="answer self.long(…), self.short(…), self.flat(…) or None; a Portfolio a list of them",
    )
