"""A question about a strategy → everything that is fixed before its first slice, found, read and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from rung.allocation.allocate import Allocator
from rung.allocation.sizing import SizingParams
from rung.config.identity import content_id
from rung.config.load import load
from rung.config.shipped import config_file
from rung.domain.errors import UserError
from rung.domain.funding import FundingHistory
from rung.domain.instrument import Instrument
from rung.engine.desk import Desk
from rung.lab.costs import AnyCosts, cost_lines, fits_or_refuse, load_costs, venue_for
from rung.lab.funding import Given, histories_for
from rung.lab.instruments import KINDS, Kind, instrument_for, one_currency
from rung.lab.result import Identity
from rung.lab.strategy_files import AnyStrategy, Found, find_strategy
from rung.lab.tapes import Market, open_market
from rung.ledger.ledger import Ledger
from rung.market.calendar import DEFAULT_CACHE_DIR
from rung.market.tape import Tape
from rung.risk.flag import PolledFlag, not_thrown
from rung.risk.gateway import GatePorts, build_guard
from rung.risk.guard import Guard
from rung.risk.limits import EffectiveLimits, effective_limits
from rung.risk.params import ScreenLimits
from rung.simulation.venue import SimVenue
from rung.strategy.parameters import settings
from rung.strategy.port import Strategy as Port
from rung.strategy.running import Around, line_of, running

CRYPTO_COSTS, SHARE_COSTS = "costs_crypto.toml", "costs.toml"
LIMITS = "risk/backtest.toml"
CAPITAL = Decimal(100_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestRequest:
    """One question. symbols : () takes all tapes given as objects.   start, end : ISO dates, both included; None means
    as far as the tapes go.   data : a folder, or tapes.   costs, limits : a file, a value, or None for the shipped
    file of that market.   settings : values of the strategy's parameters; the others keep their defaults.
    cache : folder of memory-mapped copies of the tapes, None for none.
    funding : folder of funding histories, or histories by symbol; None looks beside the tapes. A perpetual needs one.
    traded_as : "spot" takes a symbol as a coin that pays no funding; None takes it as `config/instruments.toml` says.
    timeframe : `5m`, `15m`, `1h`: longer bars made of the tapes'; strategies, gates and venue see nothing else.
    desk_only : every slice through `Desk.step`, also where a streaming desk or the compiled twin would do: slower, the
    same numbers.
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
    desk_only: bool = False


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
    desk_only: bool = False

    def told(self, values: Mapping[str, Any]) -> Bench:
        """The same bench with these parameters set; the others stay. Raises UserError as `prepare` does."""
        every = settings(self.found.cls, {**self.values, **values})
        return replace(self, values=every, identity=replace(self.identity, parameters=every))

    def strategy(self, around: Around | None = None) -> Port:
        """A new run of the strategy, all state made anew."""
        return running(self.found.cls, self.market.symbols, self.values, most_weight(self.limits), around)

    def desk(self, around: Around | None = None) -> Desk:
        """The desk of one run: its own strategy, gates, venue and ledger. around : looks at every decision."""
        return Desk(
            strategy=self.strategy(around),
            allocator=self.allocator(),
            guard=self.guard(),
            venue=self.venue(),
            ledger=self.ledger(),
        )

    def allocator(self) -> Allocator:
        """What makes orders of wishes."""
        least = max(i.min_notional for i in self.instruments.values())
        sizes = SizingParams(min_position_quote=least)
        return Allocator(strategy=self.found.cls.name, instruments=self.instruments, params=sizes)

    def guard(self) -> Guard:
        """Gates and latches of one run, all fresh."""
        maintenance = PolledFlag()
        maintenance.found(None)
        ports = GatePorts(
            kill=not_thrown(),  # a backtest trades with nobody: kill switch and maintenance are for desks that do
            maintenance=maintenance,
            start_equity_quote=self.capital,
            instruments=self.instruments,
        )
        return build_guard(self.limits, ports)

    def venue(self) -> SimVenue:
        """The venue of one run, with these costs."""
        return venue_for(self.costs, self.instruments, self.histories, self.capital, self.market.flagged)

    def ledger(self) -> Ledger:
        """The books of one run: the capital and nothing else."""
        return Ledger(self.identity.currency, self.capital, margined=tuple(self.histories))


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
        funding_ids={symbol: _funding_id(history) for symbol, history in histories.items()},
        synthetic=market.synthetic,
        warnings=(*(warning for report in market.reports for warning in report.warnings), *doubts),
        decide_at=line_of(found.cls, "decide") if found.origin != "built in" else "",
        limits_from=", ".join(dict.fromkeys(limits.origins.values())),
    )
    bench = Bench(
        found=found, values=values, market=market, instruments=instruments, histories=histories, costs=costs,
        limits=limits, capital=request.capital, identity=identity, desk_only=request.desk_only,
    )  # fmt: skip
    bench.strategy()  # a mistake in `start` is told before anything runs
    return bench


@lru_cache(maxsize=64)
def _funding_id(history: FundingHistory) -> str:
    """Remembered, because every run of a study asks for it."""
    return content_id(history)


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
