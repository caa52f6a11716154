"""Rung's fast twin: the compiled crossover signal and backtest. Median of 31 runs; the first is told apart."""

from __future__ import annotations

import statistics
from decimal import Decimal

import numpy as np
from work import BAND, CAPITAL, NOTIONAL, PERIOD, STOP_FRAC, TAKE_FRAC, Task, Timer, task, tell

from rung import __version__
from rung.kernels.bars import layout as at
from rung.kernels.bars.params import BarRules
from rung.kernels.bars.portfolio import BarResult, Bars, backtest
from rung.kernels.bars.signals import crossover

RUNS = 31
STEPS_PER_PRICE = 100.0
MINUTES_A_DAY = 1_440


def rules(stops: bool) -> BarRules:
    nothing = Decimal(0)
    return BarRules(
        capital_quote=Decimal(int(CAPITAL)), tick_size=Decimal("0.0001"), lot_size=Decimal("0.00001"),
        taker_bps=Decimal(2), maker_bps=Decimal(2), half_spread_bps=nothing, min_half_spread_quote=nothing,
        slippage_bps=nothing, max_participation_frac=None, notional_quote=Decimal(int(NOTIONAL)),
        stop_frac=STOP_FRAC if stops else None, take_profit_frac=TAKE_FRAC if stops else None,
        openings_last=True,
    )  # fmt: skip


def run(bars: Bars, trading: BarRules, out: np.ndarray) -> BarResult:
    crossover(bars.close, np.zeros(0, np.int64), PERIOD, BAND, 1, False, STEPS_PER_PRICE, out)
    return backtest(bars, trading, directions=out)


def trips(result: BarResult) -> np.ndarray:
    """Entry row, exit row, side of every closed position, from the fills."""
    bar = result.fills[:, at.FILL_BAR].astype(np.int64)
    after = result.fills[:, at.FILL_HELD]
    before = np.concatenate(([0.0], after[:-1]))
    opens, closes = np.flatnonzero(before == 0.0), np.flatnonzero(after == 0.0)
    opens = opens[: len(closes)]
    return np.column_stack([bar[opens], bar[closes], np.sign(after[opens]).astype(np.int64)])


def bars_of(work: Task) -> Bars:
    """A session is a UTC day, as on the desk; around the clock it ends no order."""
    columns = {name: work.column(name) for name in ("open", "high", "low", "close", "volume")}
    days = np.arange(len(work.rows)) // MINUTES_A_DAY
    return Bars(**columns, session=days)


def main() -> None:
    work = task("--once")
    bars, trading, out = bars_of(work), rules(work.stops), np.empty(len(work.rows), np.int8)
    with Timer() as first:
        result = run(bars, trading, out)
    taken = [first.seconds]
    for _ in range(0 if work.extra.once else RUNS):
        with Timer() as timer:
            run(bars, trading, out)
        taken = [*taken[-RUNS + 1 :], timer.seconds]
    tell(work, __version__, statistics.median(taken), result.equity_quote[-1], trips(result), first_s=first.seconds)


if __name__ == "__main__":
    main()
