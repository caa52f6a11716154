"""One symbol through the kernel: a direction or a weight per bar in, fills and equity out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rung.domain.errors import UserError
from rung.kernels.bars import layout as at
from rung.kernels.bars.book import Columns, Row, Table, crossing_steps, is_price, is_tradable, match, works
from rung.kernels.bars.decide import decide, decide_weight, follow, fund, note_day
from rung.kernels.bars.lanes import counted
from rung.kernels.bars.params import BarRules, new_books, pack_rules
from rung.kernels.bars.spans import calm_until, deepest_fall, or_ruin, regular_until
from rung.kernels.bars.trades import TRADE_FIELDS, round_trips
from rung.kernels.compiled import entry, inlined

Seen = tuple[float, float, int, bool, float, float]
NOTHING = np.zeros(0)
NO_DIRECTIONS = np.zeros(0, np.int8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """The bars of one symbol that exist, in order; missing minutes are missing. All arrays have one row per bar.

    session : number of the trading session; returns are measured from its end to the next
    one's, and an opening lives until it changes (see `BarRules`).   funding : fraction of the position's value, at the
    newest close, paid by longs at this bar's open before anything trades, 0 for none.   atr : average true range known
    at this bar's close, for the trailing stop.
    """

    open: Row
    high: Row
    low: Row
    close: Row
    volume: Row
    session: NDArray[np.int64]
    funding: Row = field(default_factory=lambda: NOTHING)
    atr: Row = field(default_factory=lambda: NOTHING)

    @property
    def columns(self) -> Columns:
        """As the kernels take them: the numbers of each one after the other."""
        floats = (self.open, self.high, self.low, self.close, self.volume, self.funding, self.atr)
        open_, high, low, close, volume, funding, atr = (np.ascontiguousarray(row, np.float64) for row in floats)
        return open_, high, low, close, volume, np.ascontiguousarray(self.session), funding, atr


@dataclass(frozen=True, slots=True, kw_only=True)
class BarResult:
    """What came of it. Prices are floats on the price grid, quantities whole lots, money quote currency.

    equity_quote : at every close, (n,).   fills : (fills, N_FILL) in the order of `layout.FILL_*`.   trades : (trades,
    fields) in the order of `trades.TRADE_FIELDS`, positions from flat to flat.   max_drawdown_frac : from the peak.
    """

    equity_quote: Row
    fills: Table
    trades: Table
    max_drawdown_frac: float
    fees_quote: float
    funding_quote: float
    wins: int
    daily_returns: tuple[float, float, float]


@entry
def run_book(
    columns: Columns, directions: NDArray[np.int8], weights: Row, rules: Row, book: Row, log: Table, equity_out: Row
) -> None:
    """Every bar: funding, fills, mark, equity, trailing stop, decision. `book` is its state; `log` may be short.

    Bars on which nothing can happen are passed over by `calm_until`; the loop's own steps are for the others.
    """
    _, _, _, close, _, session, funding, _ = columns
    idles, trails = len(weights) == 0, rules[at.TRAIL_ATR] > 0.0 or rules[at.TRAIL_FRAC] > 0.0
    now = session[0] if len(session) else 0
    seen = _seen(book)
    first = mark = equity = seen[0]
    bar = day_start = 0
    while bar < len(close):
        regular = regular_until(close, session, funding, bar, now)
        while bar < regular:
            cash, base, stance, busy, floor, ceiling = seen
            start = bar
            if idles and not (busy or (stance != 0 and trails)):
                bar = calm_until(columns, directions, bar, regular, stance, cash, base, floor, ceiling, equity_out)
            if bar > start:
                mark, equity = close[bar - 1], equity_out[bar - 1]
            if bar < regular:
                seen, mark, equity = _live(
                    columns, directions, weights, rules, book, log, equity_out, bar, seen, mark, now, True
                )
                bar += 1
        if bar < len(close):
            if session[bar] != now:
                note_day(book, or_ruin(equity_out, day_start, bar, equity))
                day_start = bar
            now = _open_bar(columns, rules, book, bar, now, mark)
            seen, mark, equity = _live(
                columns, directions, weights, rules, book, log, equity_out, bar, _seen(book), mark, now, False
            )
            bar += 1
    note_day(book, or_ruin(equity_out, day_start, bar, equity))
    peak, trough, worst = deepest_fall(equity_out, first)
    book[at.PEAK], book[at.TROUGH], book[at.WORST] = peak, trough, min(worst, trough / peak)


@inlined
def _live(
    columns: Columns, directions: NDArray[np.int8], weights: Row, rules: Row, book: Row, log: Table, equity_out: Row,
    bar: int, seen: Seen, mark: float, session: int, is_regular: bool,
) -> tuple[Seen, float, float]:  # fmt: skip
    """One bar by itself: fills, mark, equity, trailing stop, decision. Answers what is seen next, mark and equity."""
    _, high, low, close, _, _, _, atr = columns
    cash, base, stance, busy, floor, ceiling = seen
    t = counted(bar)
    if busy or (stance != 0 and not (floor < low[t] and high[t] < ceiling)):
        _meet(columns, rules, book, log, t)
        cash, base, stance, busy, floor, ceiling = _seen(book)
    mark = close[t] if is_regular or is_price(close[t]) else mark
    equity_out[t] = equity = cash + base * mark
    trail = _trail(rules, atr, t)
    if trail == trail and follow(book, rules, close[t], trail):
        floor, ceiling = book[at.FLOOR], book[at.CEILING]
    if len(weights) > 0:
        busy = _weigh(rules, book, weights[t], equity, close[t], session, busy, trail)
    elif directions[t] != stance or busy:
        busy = _turn(columns, directions, rules, book, t, equity, session, busy, trail)
    return (cash, base, stance, busy, floor, ceiling), mark, equity


@inlined
def _trail(rules: Row, atr: Row, t: int) -> float:
    """Distance of a trailing stop by the ATR, quote currency; 0 where it trails by a fraction, NaN for none."""
    if rules[at.TRAIL_ATR] > 0.0:
        return rules[at.TRAIL_ATR] * atr[t]
    return 0.0 if rules[at.TRAIL_FRAC] > 0.0 else math.nan


@inlined
def _open_bar(columns: Columns, rules: Row, book: Row, t: int, now: int, mark: float) -> int:
    """A new session ends day orders; funding is paid. Answers the bar's session."""
    _, _, _, _, _, session, funding, _ = columns
    if session[t] != now and rules[at.OPENINGS_LAST] == 0.0:
        book[at.OPENING] = 0.0
    if len(funding) > 0 and funding[t] != 0.0 and book[at.HELD] != 0.0:
        fund(book, book, rules, book[at.HELD_BASE] * mark * funding[t])
    return session[t]


@inlined
def _weigh(
    rules: Row, book: Row, weight: float, equity: float, close: float, session: int, busy: bool, trail: float
) -> bool:
    """Orders towards a weight, NaN: none. Answers whether an order works."""
    if weight != weight:
        return busy
    decide_weight(book, rules, weight, equity, close, float(session), trail)
    return works(book)


@inlined
def _turn(
    columns: Columns, directions: NDArray[np.int8], rules: Row, book: Row, t: int, equity: float, session: int,
    busy: bool, trail: float,
) -> bool:  # fmt: skip
    """Orders towards a direction, if this bar decides. Answers whether an order works."""
    _, _, _, close, _, _, _, _ = columns
    if directions[t] == at.KEEP or not is_price(close[t]):
        return busy
    crossed = rules[at.ON_CROSS] != 0.0 and directions[t] != _before(directions, close, t)
    decide(book, rules, float(directions[t]), crossed, equity, close[t], float(session), trail)
    return works(book)


@inlined
def _before(directions: NDArray[np.int8], close: Row, t: int) -> int:
    """The newest direction before bar `t`, KEEP when there was none."""
    for s in range(t - 1, -1, -1):
        if directions[s] != at.KEEP and is_price(close[s]):
            return directions[s]
    return at.KEEP


@inlined
def _meet(columns: Columns, rules: Row, book: Row, log: Table, bar: int) -> None:
    """The book meets a bar on which something may happen."""
    open_, high, low, close, volume, _, _, _ = columns
    t = counted(bar)
    if is_tradable(open_[t], high[t], low[t], close[t], volume[t]):
        buys, sells = crossing_steps(rules, open_[t], 1.0), crossing_steps(rules, open_[t], -1.0)
        match(book, book, rules, log, t, open_[t], high[t], low[t], volume[t], buys, sells)


@inlined
def _seen(book: Row) -> Seen:
    """What every bar looks at, in registers: cash, base units held, their sign, whether an order works, the levels."""
    base = book[at.HELD_BASE]
    stance = int(base > 0.0) - int(base < 0.0)
    return book[at.CASH_QUOTE], base, stance, works(book), book[at.FLOOR], book[at.CEILING]


def backtest(
    bars: Bars,
    rules: BarRules,
    *,
    directions: NDArray[np.int8] | None = None,
    weights: Row | None = None,
    fills_expected: int = 0,
) -> BarResult:
    """Trade one symbol on `directions` (−1, 0, 1 or KEEP per bar) or on `weights` (NaN: no decision).

    Decided at a bar's close, filled at the open of the next bar. Raises UserError when the arrays do not fit each
    other. fills_expected : room for that many fills is made at first; more are found, at the price of a second run.
    """
    n = _check(bars, rules, directions, weights)
    packed = pack_rules(rules)
    capacity = fills_expected or n // 4 + 64
    equity = np.empty(n)
    while True:
        log = np.empty((capacity + 1, at.N_FILL))
        log[0, 0] = 0.0
        state = new_books(rules, packed, 1)
        run_book(
            bars.columns, NO_DIRECTIONS if directions is None else directions,
            NOTHING if weights is None else weights, packed, state[0], log, equity,
        )  # fmt: skip
        found = int(log[0, 0])
        if found <= capacity:
            break
        capacity = found
    return _result(state[0], packed, log[1 : found + 1], equity)


def _result(book: Row, packed: Row, fills: Table, equity: Row) -> BarResult:
    trades = np.empty((int(book[at.TRADES]), len(TRADE_FIELDS)))
    round_trips(fills, packed, trades)
    unit = packed[at.UNIT]
    return BarResult(
        equity_quote=equity,
        fills=fills,
        trades=trades,
        max_drawdown_frac=float(1.0 - max(book[at.WORST], 0.0)),
        fees_quote=float(book[at.FEES] * unit),
        funding_quote=float(book[at.FUNDING] * unit),
        wins=int(book[at.WINS]),
        daily_returns=(float(book[at.DAYS]), float(book[at.RETURNS]), float(book[at.SQUARES])),
    )


def _check(bars: Bars, rules: BarRules, directions: NDArray[np.int8] | None, weights: Row | None) -> int:
    n = len(bars.close)
    if (directions is None) == (weights is None):
        raise UserError("a backtest needs directions or weights, one of them")
    given = {"directions": directions, "weights": weights, "funding": bars.funding, "atr": bars.atr}
    given |= {name: getattr(bars, name) for name in ("open", "high", "low", "volume", "session")}
    for name, column in given.items():
        optional = column is None or (name in ("funding", "atr") and len(column) == 0)
        if not optional and column is not None and len(column) != n:
            raise UserError(f"{len(column)} rows of {name} for {n} bars", remedy="give one row per bar")
    if rules.trail_atr is not None and len(bars.atr) != n:
        raise UserError("a trailing stop needs the ATR of every bar", remedy="give Bars(atr=...)")
    return n
