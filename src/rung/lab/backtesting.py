"""A strategy over recorded bars: gates on, simulated venue, exact ledger; streamed, or every slice through the desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Unpack

from rung.adapters.state.system_clock import SystemClock
from rung.domain.errors import UserError
from rung.domain.funding import FundingHistory
from rung.engine.replay import Observer, replay
from rung.lab.bench import CAPITAL, BacktestRequest, Bench, prepare
from rung.lab.options import Options, iso_day, refuse_unknown
from rung.lab.record import Record
from rung.lab.recording import Recorder
from rung.lab.result import BacktestResult, Identity
from rung.lab.strategy_files import AnyStrategy
from rung.lab.streaming import streamed, why_not
from rung.lab.tapes import Market
from rung.lab.trial_count import DEFAULT_BOOK, Counting, book_at

SLICES_PER_REPORT = 5_000
NO_FUNDING: Mapping[str, FundingHistory] = MappingProxyType({})

Progress = Callable[[str, int, int], None]
"""Told what is going on, how much is done, and of how much."""


def backtest(strategy: str | Path | AnyStrategy, **options: Unpack[Options]) -> BacktestResult:
    """Run a strategy (a class, a file such as `my_strategy.py:Class`, a name) over recorded bars.

    symbols : one name or several.   data : folder of tapes ("data"), or tapes.   start, end : first and last day, both
    included, ISO text or `datetime.date`.   settings : values of parameters, {"period": 40}.   capital : 100,000.
    costs, limits : files instead of the shipped ones.   timeframe : "15m".   traded_as : "spot".   funding : a folder.
    book : the trial book that counts the configuration, `.rung/trials.sqlite`; None counts nothing.   desk_only : every
    bar through the whole desk, slower, the same numbers.

    The same desk as in mock, paper and live: decides on the close of a bar, fills at the next one's open with spread,
    slippage and fees against it. Deterministic. The answer has figures, polars frames (equity, trades, orders, …) and
    `honesty`, a line about luck. Raises UserError for everything a person can mend.

        backtest("crossover", symbols="BTCUSDT", start="2025-05-10", data="DIR").trades
    """
    refuse_unknown(options, Options)
    book = options.get("book", DEFAULT_BOOK)
    counting = None if book is None else Counting(book_at(Path(book)), SystemClock())
    return run_backtest(request_of(strategy, options), counting=counting)


def request_of(strategy: str | Path | AnyStrategy, options: Options) -> BacktestRequest:
    """What `backtest`, `sweep` and `walk_forward` are asked, as one question. UserError: a day that is none."""
    symbols = options.get("symbols", ())
    return BacktestRequest(
        strategy=strategy,
        symbols=(symbols,) if isinstance(symbols, str) else tuple(symbols),
        start=iso_day(options.get("start"), "start"),
        end=iso_day(options.get("end"), "end"),
        data=options.get("data", "data"),
        capital=Decimal(str(options.get("capital", CAPITAL))),
        costs=options.get("costs"),
        limits=options.get("limits"),
        settings=options.get("settings", {}),
        funding=options.get("funding"),
        traded_as=options.get("traded_as"),
        timeframe=options.get("timeframe"),
        desk_only=options.get("desk_only", False),
    )


def run_backtest(
    request: BacktestRequest,
    progress: Progress | None = None,
    observers: Sequence[Observer] = (),
    counting: Counting | None = None,
) -> BacktestResult:
    """As `backtest`, for a whole request; `observers` see every step beside the recorder.

    counting : where the configuration is counted before it runs; None when whoever calls counts, or nobody chooses. A
    run that dies of a mistake in the author's code has shown nothing and is no look; one that is broken off is.
    """
    bench = prepare(request)
    if counting is None:
        return run_on(bench, progress, observers)
    counted = counting.begin(bench.identity)
    try:
        result = run_on(bench, progress, observers)
    except UserError:
        counting.died(counted)
        raise
    return replace(result, tried=counting.end(counted, result.figures.performance))


def run_on(bench: Bench, progress: Progress | None = None, observers: Sequence[Observer] = ()) -> BacktestResult:
    """One run on a bench; a bench may be run on many times, and its runs share nothing."""
    record = record_of(bench, progress, observers)
    return recorded(record, bench.identity, bench.capital, bench.market, bench.histories)


def record_of(bench: Bench, progress: Progress | None = None, observers: Sequence[Observer] = ()) -> Record:
    """One run on a bench, streamed where that is possible; `observers` want to see every step of a desk."""
    if observers or bench.desk_only or why_not(bench):
        return on_the_desk(bench, progress, observers)
    total = bench.market.feed.bars

    def told(day: str, done: int) -> None:
        if progress is not None:
            progress(f"replaying {day}", done, total)

    return streamed(bench, told)


def on_the_desk(bench: Bench, progress: Progress | None = None, observers: Sequence[Observer] = ()) -> Record:
    """Every slice through `Desk.step`."""
    recorder = Recorder()
    watching = (recorder, *observers)
    total = len(bench.market.feed)
    for done, step in enumerate(replay(bench.market.feed, bench.desk()), start=1):
        for observer in watching:
            observer.see(step)
        if progress is not None and done % SLICES_PER_REPORT == 0:
            progress(f"replaying {step.event.session.date}", done, total)
    return recorder


def recorded(
    recorder: Record,
    identity: Identity,
    capital: Decimal,
    market: Market,
    histories: Mapping[str, FundingHistory] = NO_FUNDING,
) -> BacktestResult:
    """What a recorder saw of a whole run on this market, as a result."""
    return BacktestResult(
        identity=identity,
        figures=recorder.figures(capital, market, histories),
        equity=recorder.equity_frame(),
        hold=recorder.hold_frame(capital, market, histories),
        daily=recorder.daily_frame(capital),
        trades=recorder.trades_frame(),
        fills=recorder.fills_frame(),
        charges=recorder.charges_frame(),
        orders=recorder.orders_frame(),
        notes=tuple(recorder.notes),
    )
