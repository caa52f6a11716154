"""Effective limits and the ports they need → the guard of one account, and what could not be enforced."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.instrument import Instrument
from rung.domain.verdicts import ViolationKind
from rung.risk.atr import AverageTrueRange
from rung.risk.facts import positive
from rung.risk.flag import Flag, PolledKill
from rung.risk.gate import Gate
from rung.risk.gates.account_profile import AccountProfile
from rung.risk.gates.allowed_symbols import AllowedSymbols
from rung.risk.gates.atr_stop import AtrStop
from rung.risk.gates.bar_volume import BarVolume
from rung.risk.gates.day_volume import DayVolume
from rung.risk.gates.duplicate_order import DuplicateOrder
from rung.risk.gates.end_of_day import EndOfDay
from rung.risk.gates.equity_floor import EquityFloor
from rung.risk.gates.global_level import GlobalLevel
from rung.risk.gates.gross_leverage import GrossLeverage
from rung.risk.gates.gross_notional import GrossNotional
from rung.risk.gates.halted_market import HaltedMarket
from rung.risk.gates.kill import Kill
from rung.risk.gates.latched import Latched
from rung.risk.gates.maintenance import Maintenance
from rung.risk.gates.margin_use import MarginUse
from rung.risk.gates.max_positions import MaxPositions
from rung.risk.gates.min_notional import MinNotional
from rung.risk.gates.order_rate import DAY, HOUR, MINUTE, OrderRate
from rung.risk.gates.order_spacing import OrderSpacing
from rung.risk.gates.order_value import OrderValue
from rung.risk.gates.participation import Participation
from rung.risk.gates.price_collar import PriceCollar
from rung.risk.gates.session_open import SessionOpen
from rung.risk.gates.sound_data import SoundData
from rung.risk.gates.spiking_data import SpikingData
from rung.risk.gates.spread import Spread
from rung.risk.gates.stale_data import StaleData
from rung.risk.gates.stop import MandatoryStop
from rung.risk.gates.strategy_enabled import StrategyEnabled
from rung.risk.gates.strategy_policy import StrategyAllowed
from rung.risk.gates.symbol_leverage import SymbolLeverage
from rung.risk.gates.symbol_notional import SymbolNotional
from rung.risk.gates.tick_lot import TickLot
from rung.risk.gates.trade_margin import TradeMargin
from rung.risk.gates.trade_risk import TradeRisk
from rung.risk.gates.trading_state import TradingStateGate
from rung.risk.guard import BookRisk, Guard
from rung.risk.latch import Consequence, Latch
from rung.risk.latches import Latches
from rung.risk.limits import EffectiveLimits, Limits
from rung.risk.loss_latch import LossLatch
from rung.risk.other_latches import SlippageLatch, StreakLatch
from rung.risk.policy import StrategyPolicy
from rung.risk.quotes import Quotes
from rung.risk.states import TradingState

BREAKER = "circuit_breaker"
_ONE = Decimal(1)
_HALF = Decimal("0.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePorts:
    """What the gates look at besides order, view and limits. Everything is read outside, before the step.

    start_equity_quote : equity the account began with.   profile, assigned_profile : what the limits were built for,
    and what the account has now; None leaves that gate out.   A strategy that `policy`
    switched off opens nothing.
    quotes : None where there are none; what then cannot be enforced is said in `Guard.missing`.
    """

    kill: PolledKill
    maintenance: Flag
    start_equity_quote: Decimal
    instruments: Mapping[str, Instrument]
    policy: StrategyPolicy = field(default_factory=StrategyPolicy)
    profile: str | None = None
    assigned_profile: Callable[[], str | None] | None = None
    quotes: Quotes | None = None
    multipliers: Mapping[str, float] = field(default_factory=dict)
    account_leverage: Decimal = _ONE


def build_latches(effective: EffectiveLimits) -> Latches:
    """One latch per loss rule of every set, and those for streaks, slippage and the circuit breaker."""
    limits = effective.limits
    latches: list[Latch] = [LossLatch(rule) for rule in effective.losses]
    close_only = TradingState.CLOSE_ONLY
    if limits.max_consecutive_losses is not None:
        streak = Consequence(state=close_only, kind=ViolationKind.CONSECUTIVE_LOSSES)
        latches.append(StreakLatch("consecutive_losses", limits.max_consecutive_losses, streak))
    if limits.max_slippage_bps is not None:
        revert = Consequence(state=TradingState.REDUCED, kind=ViolationKind.SLIPPAGE, revert=True)
        latches.append(SlippageLatch("slippage", float(limits.max_slippage_bps), 20, revert))
    if limits.min_breaker_minutes is not None:
        cooldown_ns = limits.min_breaker_minutes * NS_PER_MINUTE
        broken = Consequence(state=close_only, kind=ViolationKind.CIRCUIT_BREAKER, cooldown_ns=cooldown_ns)
        latches.append(Latch(BREAKER, broken))
    return Latches(latches)


def build_guard(effective: EffectiveLimits, ports: GatePorts) -> Guard:
    """Every gate, latch and assessment the limits ask for, all fresh: one guard per account."""
    limits = effective.limits
    missing: dict[str, str] = {}
    latches = build_latches(effective)
    book = None if effective.book is None else BookRisk(effective.book)
    if book is None:
        missing["global_level"] = "no limits of the whole book are given (risk/global.toml)"
    gates: list[Gate] = [Kill(ports.kill), Maintenance(ports.maintenance), Latched(latches)]
    gates += _desk(limits, ports, latches, book)
    gates += _strategy(ports)
    gates += _pace(limits)
    gates += _market(limits, ports, missing)
    gates += _stop(limits)
    gates += _size(limits, ports)
    return Guard(gates=tuple(gates), latches=latches, kill=ports.kill, book=book, missing=missing)


def _desk(limits: Limits, ports: GatePorts, latches: Latches, book: BookRisk | None) -> list[Gate]:
    symbol_frac = limits.max_symbol_notional_frac or limits.max_gross_notional_frac or _ONE
    gates: list[Gate] = [TradingStateGate(latches, max_symbol_frac=symbol_frac, reduced_factor=_HALF)]
    if book is not None:
        gates.append(GlobalLevel(book.level, max_symbol_frac=symbol_frac, caution_factor=_HALF))
    if ports.profile is not None and ports.assigned_profile is not None:
        gates.append(AccountProfile(ports.profile, ports.assigned_profile))
    floors = (limits.min_equity_start_frac, limits.min_equity_quote)
    if any(floor is not None for floor in floors):
        share, quote = (floor if floor is not None else Decimal(0) for floor in floors)
        gates.append(EquityFloor(positive(ports.start_equity_quote, "starting equity"), share, quote))
    return gates


def _strategy(ports: GatePorts) -> list[Gate]:
    return [StrategyEnabled(ports.policy), StrategyAllowed(ports.policy, ports.profile or "")]


def _pace(limits: Limits) -> list[Gate]:
    gates: list[Gate] = [DuplicateOrder()]
    windows = (
        (limits.max_orders_per_minute, MINUTE),
        (limits.max_orders_per_hour, HOUR),
        (limits.max_orders_per_day, DAY),
    )
    gates += [OrderRate(most, window) for most, window in windows if most is not None]
    if limits.min_spacing_seconds is not None:
        gates.append(OrderSpacing(float(limits.min_spacing_seconds)))
    return gates


def _market(limits: Limits, ports: GatePorts, missing: dict[str, str]) -> list[Gate]:
    gates: list[Gate] = [SessionOpen(), StaleData(), SoundData(), HaltedMarket(gap_minutes=5, resume_bars=2)]
    if limits.min_minutes_to_close is not None:
        gates.append(EndOfDay(limits.min_minutes_to_close))
    if limits.max_bar_range_frac is not None or limits.max_bar_move_frac is not None:
        gates.append(SpikingData(_or_infinite(limits.max_bar_range_frac), _or_infinite(limits.max_bar_move_frac)))
    if limits.min_bar_volume_base is not None:
        gates.append(BarVolume(float(limits.min_bar_volume_base)))
    if limits.min_day_volume_quote is not None:
        gates.append(DayVolume(float(limits.min_day_volume_quote)))
    if limits.max_participation_frac is not None:
        gates.append(Participation(limits.max_participation_frac))
    if limits.max_price_away_frac is not None:
        gates.append(PriceCollar(limits.max_price_away_frac))
    if limits.max_spread_bps is not None and ports.quotes is not None:
        gates.append(Spread(ports.quotes, max_bps=limits.max_spread_bps, max_age_seconds=60.0))
    elif limits.max_spread_bps is not None:
        missing["max_spread_bps"] = "this feed has bars, no quotes"
    return gates


def _stop(limits: Limits) -> list[Gate]:
    gates: list[Gate] = []
    if limits.min_stop_frac is not None or limits.max_stop_frac is not None:
        least = limits.min_stop_frac if limits.min_stop_frac is not None else Decimal("1e-9")
        gates.append(MandatoryStop(least, limits.max_stop_frac or _ONE))
    if limits.max_trade_risk_frac is not None or limits.max_trade_risk_quote is not None:
        gates.append(TradeRisk(limits.max_trade_risk_frac, limits.max_trade_risk_quote))
    if limits.max_atr_multiple is not None:
        gates.append(AtrStop(float(limits.max_atr_multiple), AverageTrueRange()))
    return gates


def _size(limits: Limits, ports: GatePorts) -> list[Gate]:
    gates: list[Gate] = [TickLot(ports.instruments), MinNotional(ports.instruments)]
    if limits.allowed_symbols is not None:
        gates.append(AllowedSymbols(limits.allowed_symbols))
    levers = (limits.max_leverage_major, limits.max_leverage_other, limits.max_leverage_equity)
    if any(lever is not None for lever in levers):
        major, other, equity = (lever if lever is not None else _ONE for lever in levers)
        gates.append(SymbolLeverage(ports.instruments, major=major, other=other, equity=equity))
    if limits.max_order_value_frac is not None or limits.max_order_value_quote is not None:
        gates.append(OrderValue(limits.max_order_value_frac, limits.max_order_value_quote))
    if limits.max_trade_margin_quote is not None:
        gates.append(TradeMargin(max_quote=limits.max_trade_margin_quote))
    if limits.max_symbol_notional_frac is not None:
        gates.append(SymbolNotional(limits.max_symbol_notional_frac))
    if limits.max_gross_notional_frac is not None:
        gates.append(GrossNotional(limits.max_gross_notional_frac))
    if limits.max_gross_leverage is not None:
        gates.append(GrossLeverage(limits.max_gross_leverage, ports.multipliers))
    if limits.max_margin_use_frac is not None:
        gates.append(MarginUse(limits.max_margin_use_frac, account_leverage=ports.account_leverage))
    if limits.max_positions is not None:
        gates.append(MaxPositions(limits.max_positions))
    return gates


def _or_infinite(limit: Decimal | None) -> Decimal:
    return Decimal("Infinity") if limit is None else limit
