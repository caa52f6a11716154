"""A strategy over recorded bars through the real desk: gates on, simulated venue, exact ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, Unpack

from rung.adapters.state.system_clock import SystemClock
from rung.allocation.allocate import Allocator
from rung.allocation.sizing import SizingParams
from rung.config.identity import content_id
from rung.config.load import load
from rung.config.shipped import config_file
from rung.domain.errors import UserError
from rung.domain.funding import FundingHistory
from rung.domain.instrument import Instrument
from rung.engine.desk import Desk
from rung.engine.replay import Observer, replay
from rung.lab.costs import AnyCosts, cost_lines, fits_or_refuse, load_costs, venue_for
from rung.lab.funding import Given, histories_for
from rung.lab.instruments import KINDS, Kind, instrument_for, one_currency
from rung.lab.options import Options, iso_day, refuse_unknown
from rung.lab.recording import Recorder
from rung.lab.result import BacktestResult, Identity
from rung.lab.strategy_files import AnyStrategy, Found, find_strategy
from rung.lab.tapes import Market, open_market
from rung.lab.trial_count import DEFAULT_BOOK, Counting, book_at
from rung.ledger.ledger import Ledger
from rung.market.calendar import DEFAULT_CACHE_DIR
from rung.market.tape import Tape
from rung.risk.flag import PolledFlag, not_thrown
from rung.risk.gateway import GatePorts, build_guard
from rung.risk.limits import EffectiveLimits, effective_limits
from rung.risk.params import ScreenLimits
from rung.strategy.parameters import settings
from rung.strategy.port import Strategy as Port
from rung.strategy.running import Around, line_of, running

CRYPTO_COSTS, SHARE_COSTS = "costs_crypto.toml", "costs.toml"
LIMITS = "risk/backtest.toml"
CAPITAL = Decimal(100_000)
SLICES_PER_REPORT = 5_000
NO_FUNDING: Mapping[str, FundingHistory] = MappingProxyType({})

Progress = Callable[[str, int, int], None]
"""Told what is going on, how much is done, and of how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestRequest:
    """One question. symbols : () takes all tapes given as objects.   start, end : ISO dates, both included; None means
    as far as the tapes go.   data : a folder, or tapes.   costs, limits : a file, a value, or None for the shipped
    file of that market.   settings : values of the strategy's parameters; the others keep their defaults.
    cache : folder of memory-mapped copies of the tapes, None for none.
    funding : folder of funding histories, or histories by symbol; None looks beside the tapes. A perpetual needs one.
    traded_as : "spot" takes a symbol as a coin that pays no funding; None takes it as `config/instruments.toml` says.
    timeframe : `5m`, `15m`, `1h`: longer bars made of the tapes'; strategies, gates and venue see nothing else.
    """

    strategy: str | Path | AnyStrategy
    symbols: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None
    data: str | Path | Sequence[Tape] = "data"
    capital: Decimal = CAPITAL
    costs: str | Path | AnyCosts | None = None
    limits: str | Path | EffectiveLimits | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    cache: Path | None = DEFAULT_CACHE_DIR
    funding: Given = None
    traded_as: Kind | None = None
    timeframe: str | None = None


def backtest(strategy: str | Path | AnyStrategy, **options: Unpack[Options]) -> BacktestResult:
    """Run a strategy (a class, a file such as `my_strategy.py:Class`, a name) over recorded bars.

    symbols : one name or several.   data : folder of tapes ("data"), or tapes.   start, end : first and last day, both
    included, ISO text or `datetime.date`.   settings : values of parameters, {"period": 40}.   capital : 100,000.
    costs, limits : files instead of the shipped ones.   timeframe : "15m".   traded_as : "spot".   funding : a folder.
    book : the trial book that counts the configuration, `.rung/trials.sqlite`; None counts nothing.

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
    recorder = Recorder()
    watching = (recorder, *observers)
    total = len(bench.market.feed)
    for done, step in enumerate(replay(bench.market.feed, bench.desk()), start=1):
        for observer in watching:
            observer.see(step)
        if progress is not None and done % SLICES_PER_REPORT == 0:
            progress(f"replaying {step.event.session.date}", done, total)
    return recorded(recorder, bench.identity, bench.capital, bench.market, bench.histories)


def recorded(
    recorder: Recorder,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Everything that is fixed before the first slice; every `desk()` of it is fresh and shares nothing."""

    found: Found
    values: Mapping[str, Any]
    market: Market
    instruments: Mapping[str, Instrument]
    histories: Mapping[str, FundingHistory]
    costs: AnyCosts
    limits: EffectiveLimits
    capital: Decimal
    identity: Identity

    def told(self, values: Mapping[str, Any]) -> Bench:
        """The same bench with these parameters set; the others stay. Raises UserError as `prepare` does."""
        every = settings(self.found.cls, {**self.values, **values})
        return replace(self, values=every, identity=replace(self.identity, parameters=every))

    def strategy(self, around: Around | None = None) -> Port:
        """A new run of the strategy, all state made anew."""
        return running(self.found.cls, self.market.symbols, self.values, most_weight(self.limits), around)

    def desk(self, around: Around | None = None) -> Desk:
        """The desk of one run: its own strategy, gates, venue and ledger. around : looks at every decision."""
        strategy = self.strategy(around)
        maintenance = PolledFlag()
        maintenance.found(None)
        ports = GatePorts(
            kill=not_thrown(),  # a backtest trades with nobody: kill switch and maintenance are for desks that do
            maintenance=maintenance,
            start_equity_quote=self.capital,
            instruments=self.instruments,
        )
        least = max(i.min_notional for i in self.instruments.values())
        return Desk(
            strategy=strategy,
            allocator=Allocator(
                strategy=strategy.name, instruments=self.instruments, params=SizingParams(min_position_quote=least)
            ),
            guard=build_guard(self.limits, ports),
            venue=venue_for(self.costs, self.instruments, self.histories, self.capital, self.market.flagged),
            ledger=Ledger(self.identity.currency, self.capital, margined=tuple(self.histories)),
        )


def prepare(request: BacktestRequest) -> Bench:
    """Find, read and check everything. Raises UserError naming file, key, line, symbol or period."""
    found = find_strategy(request.strategy)
    values = settings(found.cls, request.settings)
    _refuse_senseless(request)
    market = market_of(request)
    costs, costs_id = _costs(request.costs, market)
    limits = _limits(request.limits)
    pairs = [instrument_for(tape, market.around_the_clock, request.traded_as) for tape in market.tapes]
    instruments = {instrument.symbol: instrument for instrument, _ in pairs}
    doubts = tuple(doubt for _, doubt in pairs if doubt)
    histories = histories_for(instruments, market, request.data, request.funding)
    identity = Identity(
        strategy=found.name,
        origin=found.origin,
        strategy_id=found.source_id,
        parameters=values,
        symbols=market.symbols,
        start=market.start,
        end=market.end,
        timeframe=market.timeframe,
        currency=one_currency(instruments),
        calendar=market.calendar.name,
        periods_per_year=market.periods_per_year,
        costs_id=costs_id,
        limits_id=content_id([limits.limits, limits.losses, limits.book]),
        costs=cost_lines(costs, instruments, histories),
        tape_ids={tape.symbol: tape.content_id for tape in market.tapes},
        funding_ids={symbol: content_id(history) for symbol, history in histories.items()},
        synthetic=market.synthetic,
        warnings=(*(warning for report in market.reports for warning in report.warnings), *doubts),
        decide_at=line_of(found.cls, "decide") if found.origin != "built in" else "",
        limits_from=", ".join(dict.fromkeys(limits.origins.values())),
    )
    bench = Bench(
        found=found, values=values, market=market, instruments=instruments, histories=histories, costs=costs,
        limits=limits, capital=request.capital, identity=identity,
    )  # fmt: skip
    bench.strategy()  # a mistake in `start` is told before anything runs
    return bench


def _refuse_senseless(request: BacktestRequest) -> None:
    if not request.capital.is_finite() or request.capital <= 0:
        raise UserError(f"{request.capital} is no capital to start with", remedy="give an amount above 0")
    if request.traded_as not in (None, *KINDS):
        raise UserError(f"nothing is traded as {request.traded_as!r}", where="--as", remedy=f"say {' or '.join(KINDS)}")


def market_of(request: BacktestRequest) -> Market:
    """The bars the request is about. Raises UserError as `open_market`."""
    period = request.start, request.end
    return open_market(request.data, request.symbols, period, request.cache, request.timeframe)


def most_weight(limits: EffectiveLimits) -> float:
    """The largest position, as a fraction of equity, that the limits can let through."""
    asked = (limits.limits.max_symbol_notional_frac, limits.limits.max_gross_notional_frac)
    return min((float(limit) for limit in asked if limit is not None), default=1.0)


def _costs(given: str | Path | AnyCosts | None, market: Market) -> tuple[AnyCosts, str]:
    if given is None:
        given = config_file(CRYPTO_COSTS if market.around_the_clock else SHARE_COSTS)
    if isinstance(given, str | Path):
        loaded = load_costs(Path(given))
        fits_or_refuse(loaded.value, market.around_the_clock, str(given))
        return loaded.value, loaded.id
    fits_or_refuse(given, market.around_the_clock, "costs")
    return given, content_id(given)


def _limits(given: str | Path | EffectiveLimits | None) -> EffectiveLimits:
    if isinstance(given, EffectiveLimits):
        return given
    path = config_file(LIMITS) if given is None else Path(given)
    return effective_limits([load(path, ScreenLimits).value.limit_set(path.name)])
