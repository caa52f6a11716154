"""Several symbols that pay from one purse: weights per row and symbol in, fills and common equity out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rung.domain.errors import UserError
from rung.kernels.bars import layout as at
from rung.kernels.bars.book import Row, Table, crossing_steps, is_price, is_tradable, match, works
from rung.kernels.bars.decide import decide_weight, fund, note_day, note_equity
from rung.kernels.bars.params import BarRules, new_books, pack_rules
from rung.kernels.compiled import entry, inlined

BasketColumns = tuple[Table, Table, Table, Table, Table, NDArray[np.int64], Table]
NO_FUNDING = np.zeros((0, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketBars:
    """Bars on a common clock, one row per instant, one column per symbol; NaN throughout where a bar is missing.

    session : (rows,) number of the trading session.   funding : (rows, symbols) as in `portfolio.Bars`, or absent.
    """

    open: Table
    high: Table
    low: Table
    close: Table
    volume: Table
    session: NDArray[np.int64]
    funding: Table | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketResult:
    """equity_quote : at every row.   fills : in order of rows, then symbols, `layout.FILL_*`.   trades : closed."""

    equity_quote: Row
    fills: Table
    trades: int
    wins: int
    max_drawdown_frac: float
    fees_quote: float


@entry
def run_basket(
    columns: BasketColumns, weights: Table, rules: Row, books: Table, marks: Row, log: Table, equity_out: Row
) -> None:
    """Every row: funding, fills of all symbols, marks, equity, decisions. The first book's row is the purse."""
    open_, high, low, close, volume, session, funding = columns
    purse, symbols = books[0], len(books)
    now = session[0] if len(session) else 0
    equity = purse[at.CASH_QUOTE]
    for t in range(len(close)):
        if session[t] != now:
            now = session[t]
            note_day(purse, equity)
            for s in range(symbols):
                if rules[at.OPENINGS_LAST] == 0.0:
                    books[s][at.OPENING] = 0.0
        for s in range(symbols):
            book = books[s]
            if len(funding) and funding[t, s] != 0.0 and book[at.HELD] != 0.0:
                fund(book, purse, rules, book[at.HELD_BASE] * marks[s] * funding[t, s])
        for s in range(symbols):
            book = books[s]
            calm = book[at.FLOOR] < low[t, s] and high[t, s] < book[at.CEILING] and not works(book)
            if not calm and is_tradable(open_[t, s], high[t, s], low[t, s], close[t, s], volume[t, s]):
                o, h, l, v = open_[t, s], high[t, s], low[t, s], volume[t, s]  # noqa: E741
                buys, sells = crossing_steps(rules, o, 1.0), crossing_steps(rules, o, -1.0)
                match(book, purse, rules, log, t, o, h, l, v, buys, sells, math.nan)
        _mark(close[t], marks)
        equity = purse[at.CASH_QUOTE]
        for s in range(symbols):
            equity += books[s][at.HELD_BASE] * marks[s]
        equity_out[t] = equity
        note_equity(purse, equity)
        for s in range(symbols):
            if weights[t, s] == weights[t, s]:
                decide_weight(books[s], rules, weights[t, s], equity, close[t, s], float(now))
    note_day(purse, equity)


@inlined
def _mark(closes: Row, marks: Row) -> None:
    """Note the newest closes."""
    for s in range(len(marks)):
        if is_price(closes[s]):
            marks[s] = closes[s]


def backtest_basket(bars: BasketBars, rules: BarRules, weights: Table) -> BasketResult:
    """Trade every symbol to its weight of the common equity, decided at a row's end, filled at its next bar's open.

    weights : (rows, symbols), NaN where nothing is decided. A stop of one symbol touches no other. Raises UserError
    for arrays that do not fit and for a trailing stop, which needs an ATR per symbol.
    """
    n, symbols = bars.close.shape
    _check(bars, rules, weights)
    packed = pack_rules(rules)
    funding = NO_FUNDING if bars.funding is None else bars.funding
    capacity, equity = n * symbols // 4 + 64, np.empty(n)
    while True:
        log = np.empty((capacity + 1, at.N_FILL))
        log[0, 0] = 0.0
        books = new_books(rules, packed, symbols)
        run_basket(
            (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.session, funding),
            weights, packed, books, np.zeros(symbols), log, equity,
        )  # fmt: skip
        found = int(log[0, 0])
        if found <= capacity:
            break
        capacity = found
    return BasketResult(
        equity_quote=equity,
        fills=log[1 : found + 1],
        trades=int(books[:, at.TRADES].sum()),
        wins=int(books[:, at.WINS].sum()),
        max_drawdown_frac=float(1.0 - min(books[0, at.WORST], books[0, at.TROUGH] / books[0, at.PEAK])),
        fees_quote=float(books[:, at.FEES].sum() * packed[at.UNIT]),
    )


def _check(bars: BasketBars, rules: BarRules, weights: Table) -> None:
    shape = bars.close.shape
    given = {name: getattr(bars, name) for name in ("open", "high", "low", "volume")} | {"weights": weights}
    if bars.funding is not None:
        given["funding"] = bars.funding
    for name, table in given.items():
        if table.shape != shape:
            raise UserError(f"{name} is {table.shape}, the closes are {shape}", remedy="give one value per bar")
    if len(bars.session) != shape[0]:
        raise UserError(f"{len(bars.session)} rows of session for {shape[0]} rows of bars")
    if rules.trail_atr is not None:
        raise UserError("a basket knows no trailing stop", remedy="leave trail_atr out")
