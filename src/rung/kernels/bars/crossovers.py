"""A sweep over crossovers as a person asks for it: combinations in, one row of outcomes each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rung.domain.errors import UserError
from rung.kernels.bars import layout as at
from rung.kernels.bars.book import Row, Table
from rung.kernels.bars.params import BarRules, new_books, pack_rules
from rung.kernels.bars.portfolio import Bars
from rung.kernels.bars.sweep import ready, run_lanes
from rung.kernels.learner.lanes import LANES

LANES_AT_ONCE = 512
OUTCOMES = (
    "equity_quote", "max_drawdown_frac", "trades", "wins", "gross_profit_quote", "gross_loss_quote", "fees_quote",
    "funding_quote", "days", "return_sum", "return_square_sum",
)  # fmt: skip
"""Columns of a sweep's result. equity_quote : at the last close.   gross_profit_quote, gross_loss_quote : of closed
positions, costs in, both ≥ 0.   return_sum, return_square_sum : of the `days` simple returns between sessions' ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossovers:
    """Combinations to try, one per row. period : closes in the mean.   band : fraction around it.   stop_frac,
    take_profit_frac : NaN for none; absent, those of the rules.   cadence_minutes : decide only on minutes divisible
    by it.   steps_per_price : 10,000 when closes lie on 0.0001."""

    period: NDArray[np.int64]
    band: Row
    stop_frac: Row | None = None
    take_profit_frac: Row | None = None
    cadence_minutes: int = 1
    minutes: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    includes_current: bool = False
    steps_per_price: float = 10_000.0


def sweep_crossovers(
    bars: Bars,
    rules: BarRules,
    tried: Crossovers,
    *,
    workers: int = 1,
    progress: Callable[[int], object] = lambda combinations: None,
) -> Table:
    """(combinations, len(OUTCOMES)) float64: what `crossover` followed by `backtest` gives, for all of them.

    workers : threads; periods are shared out between them, results do not depend on it.   progress : told how many
    more combinations are done. Raises UserError for an empty or impossible grid.
    """
    _check(bars, rules, tried)
    prices = (bars.close > 0.0) & np.isfinite(bars.close)
    steps = np.where(prices, np.rint(np.where(prices, bars.close, 0.0) * tried.steps_per_price), 0.0)
    decides = np.ones(len(bars.close), np.int8)
    if tried.cadence_minutes > 1:
        decides[tried.minutes % tried.cadence_minutes != 0] = 0
    out = np.empty((len(tried.period), len(OUTCOMES)))
    packed = pack_rules(rules)

    def one(rows: NDArray[np.intp]) -> int:
        books = _books(rules, packed, tried, rows)
        bands = np.full(len(books), math.inf)
        bands[: len(rows)] = tried.band[rows]
        hot, bits = ready(books, bands)
        run_lanes(
            bars.columns, steps, decides, int(tried.period[rows[0]]), tried.includes_current, packed, books, hot, bits,
        )  # fmt: skip
        out[rows] = _outcomes(books[: len(rows)], packed, _last(bars, prices))
        return len(rows)

    with ThreadPoolExecutor(workers) as pool:
        for done in pool.map(one, _tasks(tried.period)):
            progress(done)
    return out


def _tasks(periods: NDArray[np.int64]) -> Sequence[NDArray[np.intp]]:
    """Rows of one period each, at most LANES_AT_ONCE of them."""
    tasks: list[NDArray[np.intp]] = []
    for period in np.unique(periods):
        rows = np.flatnonzero(periods == period)
        tasks += [rows[i : i + LANES_AT_ONCE] for i in range(0, len(rows), LANES_AT_ONCE)]
    return tasks


def _books(rules: BarRules, packed: Row, tried: Crossovers, rows: NDArray[np.intp]) -> Table:
    """Books of these combinations, filled up to a multiple of eight with some that never trade."""
    books = new_books(rules, packed, -(-len(rows) // LANES) * LANES)
    for fracs, place in ((tried.stop_frac, at.STOP_FRAC), (tried.take_profit_frac, at.TAKE_FRAC)):
        if fracs is not None:
            books[: len(rows), place] = fracs[rows]
    return books


def _last(bars: Bars, prices: NDArray[np.bool_]) -> float:
    """The newest close that is a price; 0 without one (then nothing was ever held)."""
    known = np.flatnonzero(prices)
    return float(bars.close[known[-1]]) if len(known) else 0.0


def _outcomes(books: Table, packed: Row, mark: float) -> Table:
    unit = packed[at.UNIT]
    columns = [books[:, at.CASH_QUOTE] + books[:, at.HELD_BASE] * mark, 1.0 - np.maximum(books[:, at.WORST], 0.0)]
    columns += [books[:, at.TRADES], books[:, at.WINS]]
    columns += [books[:, place] * unit for place in (at.PROFIT, at.LOSS, at.FEES, at.FUNDING)]
    columns += [books[:, place] for place in (at.DAYS, at.RETURNS, at.SQUARES)]
    return np.column_stack(columns)


def _check(bars: Bars, rules: BarRules, tried: Crossovers) -> None:
    n = len(tried.period)
    if n == 0:
        raise UserError("the grid has no combination", remedy="give at least one period and one band")
    if len(bars.close) == 0:
        raise UserError("there are no bars to sweep over")
    if int(tried.period.min()) < 1 or not np.isfinite(tried.band).all() or float(tried.band.min()) < 0.0:
        raise UserError("periods start at 1 and bands at 0")
    for name, column in (("band", tried.band), ("stop_frac", tried.stop_frac), ("take", tried.take_profit_frac)):
        if column is not None and len(column) != n:
            raise UserError(f"{len(column)} rows of {name} for {n} periods", remedy="give one per combination")
    if tried.cadence_minutes > 1 and len(tried.minutes) != len(bars.close):
        raise UserError("a cadence needs the minute of every bar", remedy="give Crossovers(minutes=...)")
    if rules.trail_atr is not None and len(bars.atr) != len(bars.close):
        raise UserError("a trailing stop needs the ATR of every bar", remedy="give Bars(atr=...)")
