"""Rung's truth engine: `Desk.step`, as in `rung backtest --desk`. Gates, venue, ledger, recorder and figures on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import numpy as np
from work import BAND, CAPITAL, FEE_FRAC, MINUTE_S, NOTIONAL, PERIOD, STOP_FRAC, TAKE_FRAC, Task, Timer, task, tell

from rung import __version__
from rung.lab import Strategy, sma
from rung.lab.backtesting import on_the_desk
from rung.lab.bench import BacktestRequest, Bench, prepare
from rung.lab.record import Record
from rung.market.tape import Label, RawBars, Tape, make_tape
from rung.simulation.params import (
    BorrowParams,
    CryptoCostParams,
    CryptoFeeParams,
    LatencyParams,
    LiquidityParams,
    MarginParams,
    SlippageParams,
)

FAR_STOP = 0.25
"""The shipped gates refuse an opening order without a stop; this one is never reached."""
FEE_BPS = Decimal(2)
assert float(FEE_BPS) / 1e4 == FEE_FRAC


class Work1(Strategy):
    """As a user writes it. A standing position is left alone, so that its size stays what it was."""

    stop, target = FAR_STOP, None

    def start(self) -> None:
        self.mean = sma(PERIOD)

    def decide(self, view):
        close, mean = view.bar.close, self.mean.value
        self.mean(close)
        wanted = 1 if close > mean * (1.0 + BAND) else -1 if close < mean * (1.0 - BAND) else 0
        if wanted == view.side:
            return None
        if wanted == 0:
            return self.flat("inside the band")
        weight = NOTIONAL / view.equity
        if wanted > 0:
            return self.long("above the band", weight=weight, stop=self.stop, target=self.target)
        return self.short("below the band", weight=weight, stop=self.stop, target=self.target)


class Work1Stops(Work1):
    """With 2 % and 4 %."""

    stop, target = STOP_FRAC, TAKE_FRAC


def tape_of(work: Task) -> Tape:
    columns = {name: work.column(name) for name in ("open", "high", "low", "close", "volume")}
    raw = RawBars(open_ns=work.stamps_s() * 1_000_000_000, **columns)
    label = Label(
        symbol="WORK", interval_ns=MINUTE_S * 1_000_000_000, source="benchmarks/peers/path.py", synthetic=True
    )
    return make_tape(raw, label)


def bench_of(work: Task) -> Bench:
    """2 bps and no other cost; steps so fine that sizes and stops are those of systems that do not round."""
    nothing = Decimal(0)
    costs = CryptoCostParams(
        fees=CryptoFeeParams(maker_bps=FEE_BPS, taker_bps=FEE_BPS),
        borrow=BorrowParams(annual_bps=nothing),
        margin=MarginParams(liquidation_fee_bps=FEE_BPS, spot_collateral_frac=Decimal(1)),
        slippage=SlippageParams(half_spread_bps=nothing, min_half_spread_quote=nothing, slippage_bps=nothing),
        liquidity=LiquidityParams(max_participation_frac=Decimal(1)),
        latency=LatencyParams(delay_seconds=0.0),
    )
    strategy = Work1Stops if work.stops else Work1
    request = BacktestRequest(
        strategy=strategy, data=[tape_of(work)], capital=Decimal(int(CAPITAL)), costs=costs, cache=None
    )
    bench = prepare(request)
    fine = {
        name: replace(instrument, tick_size=Decimal("0.0001"), lot_size=Decimal("0.00001"))
        for name, instrument in bench.instruments.items()
    }
    return replace(bench, instruments=fine)


def report(work: Task, bench: Bench, play: Callable[[Bench], Record]) -> None:
    """Time a run with its figures, and print the line."""
    with Timer() as timer:
        record = play(bench)
        figures = record.figures(bench.capital, bench.market)
    trades = record.trades_frame()
    first_s = int(work.stamps_s()[0])
    entry, leave = ((trades[name].dt.epoch("s").to_numpy() - first_s) // MINUTE_S for name in ("opened", "closed"))
    leave = leave - (trades["trigger"].to_numpy() != "ORDER")  # within a bar: stamped with its close, not its open
    side = np.where(trades["side"].to_numpy() == "long", 1, -1)
    tell(
        work, __version__, timer.seconds, float(figures.end_equity_quote), np.column_stack([entry, leave, side]),
        refused=figures.refused_orders,
    )  # fmt: skip


def main() -> None:
    work = task()
    report(work, bench_of(work), on_the_desk)


if __name__ == "__main__":
    main()
