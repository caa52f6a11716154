"""The limit files of the sources, as their authors wrote them, and their translation into one unit.

Each schema keeps its source's names and signs (fractions, percent, negative percent, dollars); `limit_set` turns it
into fractions of equity, and leaves dollars dollars.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Annotated, Any

from annotated_doc import Doc
from annotated_types import Ge, Gt, Le, Lt, MinLen

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.verdicts import ViolationKind
from rung.risk.facts import exact
from rung.risk.latch import Consequence
from rung.risk.limits import Limits, LimitSet
from rung.risk.loss_latch import DAY_NS, HOUR_NS, LossRule, Period
from rung.risk.states import TradingState

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class QtsRisk:
    """`qts.risk.json`: thirteen keys. Fractions are decimals, losses negative; they trip at the limit itself."""

    leverage_btc_eth: Annotated[float, Gt(0), Le(125), Doc("most leverage of one order in BTC or ETH")] = 1.5
    leverage_other: Annotated[float, Gt(0), Le(125), Doc("most leverage of one order in anything else")] = 1.2
    leverage_gross: Annotated[float, Gt(0), Le(125), Doc("gross exposure / equity")] = 1.0
    notional_per_symbol: Annotated[float, Gt(0), Le(125), Doc("value of one symbol / equity")] = 0.25
    notional_gross: Annotated[float, Gt(0), Le(125), Doc("value of all symbols / equity")] = 1.0
    min_stop_pct: Annotated[float, Gt(0), Lt(1), Doc("nearest stop, fraction of the price (0.005 = 0.5 %)")] = 0.005
    max_stop_pct: Annotated[float, Gt(0), Lt(1), Doc("farthest stop, fraction of the price")] = 0.05
    atr_multiplier: Annotated[float, Gt(0), Doc("stop expected at this × ATR; a remark only")] = 1.5
    daily_loss_limit: Annotated[float, Lt(0), Ge(-1), Doc("loss since the session began: flatten, cool down")] = -0.05
    daily_loss_cooldown_min: Annotated[int, Ge(1), Doc("minutes before entries after a daily loss")] = 60
    max_drawdown: Annotated[float, Lt(0), Ge(-1), Doc("fall from the peak: halt until a person re-arms")] = -0.10
    max_orders_per_min: Annotated[int, Ge(1), Doc("opening orders in any rolling 60 s")] = 30
    circuit_breaker_cooldown_min: Annotated[int, Ge(1), Doc("minutes before entries after the breaker")] = 60

    def __post_init__(self) -> None:
        if self.min_stop_pct > self.max_stop_pct:
            raise ValueError(f"min_stop_pct {self.min_stop_pct} is above max_stop_pct {self.max_stop_pct}")
        if self.daily_loss_limit < self.max_drawdown:
            raise ValueError("daily_loss_limit allows more than max_drawdown")

    def limit_set(self, origin: str) -> LimitSet:
        """In fractions of equity."""
        daily = Consequence(
            state=TradingState.CLOSE_ONLY,
            kind=ViolationKind.DAILY_LOSS,
            cooldown_ns=self.daily_loss_cooldown_min * NS_PER_MINUTE,
            flatten=True,
        )
        drawdown = Consequence(state=TradingState.HALTED, kind=ViolationKind.MAX_DRAWDOWN)
        return LimitSet(
            origin=origin,
            limits=Limits(
                max_leverage_major=exact(self.leverage_btc_eth),
                max_leverage_other=exact(self.leverage_other),
                max_leverage_equity=exact(self.leverage_other),
                max_gross_leverage=exact(self.leverage_gross),
                max_symbol_notional_frac=exact(self.notional_per_symbol),
                max_gross_notional_frac=exact(self.notional_gross),
                min_stop_frac=exact(self.min_stop_pct),
                max_stop_frac=exact(self.max_stop_pct),
                max_atr_multiple=exact(self.atr_multiplier),
                max_orders_per_minute=self.max_orders_per_min,
                min_breaker_minutes=self.circuit_breaker_cooldown_min,
            ),
            losses=(
                _loss(origin, "daily_loss", Period.SESSION, -exact(self.daily_loss_limit), daily),
                _loss(origin, "drawdown", Period.PEAK, -exact(self.max_drawdown), drawdown),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UltraConservative:
    """The $0.50 / $5 / $10 set. Margin, notional and risk are three fields, each its own limit. All in dollars."""

    max_margin_per_trade_usd: Annotated[float, Gt(0), Doc("what one order may tie up")] = 0.50
    max_notional_per_trade_usd: Annotated[float, Gt(0), Doc("what one order may be worth (margin × leverage)")] = 5.0
    max_risk_per_trade_usd: Annotated[float, Gt(0), Doc("what one symbol may lose at its stop")] = 0.10
    leverage: Annotated[float, Gt(0), Le(125), Doc("most leverage of one order")] = 10.0
    max_daily_loss_usd: Annotated[float, Gt(0), Doc("loss since the UTC day began: flatten, halt for the day")] = 5.0
    max_total_loss_usd: Annotated[float, Gt(0), Doc("loss since the start: flatten, halt until a person re-arms")] = (
        10.0
    )
    max_positions: Annotated[int, Ge(1), Doc("symbols held at once")] = 1
    max_stop_pct: Annotated[float, Gt(0), Lt(100), Doc("farthest stop, percent of the price")] = 2.0
    min_day_volume_usd: Annotated[float, Ge(0), Doc("traded value of the last 24 h")] = 1_000_000.0

    def __post_init__(self) -> None:
        if self.max_margin_per_trade_usd > self.max_notional_per_trade_usd:
            raise ValueError("max_margin_per_trade_usd is above max_notional_per_trade_usd: margin is a part of it")
        if self.max_daily_loss_usd > self.max_total_loss_usd:
            raise ValueError("max_daily_loss_usd is above max_total_loss_usd")

    def limit_set(self, origin: str) -> LimitSet:
        """Dollars stay dollars: as fractions they would grow with the account, and after the first loss fall below
        the least order a venue accepts."""
        halt = Consequence(state=TradingState.HALTED, kind=ViolationKind.DAILY_LOSS, flatten=True, next_period=True)
        total = Consequence(state=TradingState.HALTED, kind=ViolationKind.TOTAL_LOSS, flatten=True)
        return LimitSet(
            origin=origin,
            limits=Limits(
                max_trade_margin_quote=exact(self.max_margin_per_trade_usd),
                max_order_value_quote=exact(self.max_notional_per_trade_usd),
                max_trade_risk_quote=exact(self.max_risk_per_trade_usd),
                max_leverage_major=exact(self.leverage),
                max_leverage_other=exact(self.leverage),
                max_leverage_equity=exact(self.leverage),
                max_positions=self.max_positions,
                max_stop_frac=exact(self.max_stop_pct) / _HUNDRED,
                min_day_volume_quote=exact(self.min_day_volume_usd),
            ),
            losses=(
                LossRule(
                    name="daily_loss",
                    origin=origin,
                    period=Period.DAY,
                    limit_quote=exact(self.max_daily_loss_usd),
                    consequence=halt,
                ),
                LossRule(
                    name="total_loss",
                    origin=origin,
                    period=Period.START,
                    limit_quote=exact(self.max_total_loss_usd),
                    consequence=total,
                ),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyGate:
    """The autonomous system's safety gate. Positive percent of equity."""

    hourly_loss_pct: Annotated[float, Gt(0), Le(100), Doc("since the UTC hour began: entries stop for 1 h")] = 0.5
    daily_loss_pct: Annotated[float, Gt(0), Le(100), Doc("since the session began: halt for 24 h")] = 2.0
    weekly_loss_pct: Annotated[float, Gt(0), Le(100), Doc("since Monday UTC: halt until a person re-arms")] = 5.0
    drawdown_reduce_pct: Annotated[float, Gt(0), Le(100), Doc("fall from the peak: half size while it lasts")] = 5.0
    drawdown_kill_pct: Annotated[float, Gt(0), Le(100), Doc("fall from the peak: kill switch and flatten")] = 10.0
    position_pct: Annotated[float, Gt(0), Doc("value of one symbol")] = 20.0
    concentration_pct: Annotated[float, Gt(0), Doc("value of one symbol; the smaller of the two binds")] = 40.0
    leverage: Annotated[float, Gt(0), Le(125), Doc("gross exposure / equity, and of one order")] = 3.0
    trade_risk_pct: Annotated[float, Gt(0), Le(100), Doc("what one symbol may lose at its stop")] = 2.0
    order_slippage_bps: Annotated[float, Gt(0), Doc("expected cost of crossing; binds at twice that spread")] = 50.0
    anomaly_slippage_bps: Annotated[float, Gt(0), Doc("mean cost over the last 20 fills: previous parameters")] = 15.0
    trades_per_day: Annotated[int, Ge(1), Doc("opening orders in any rolling 24 h")] = 100
    trades_per_hour: Annotated[int, Ge(1), Doc("opening orders in any rolling hour")] = 20
    spacing_seconds: Annotated[float, Ge(0), Doc("between two decisions that open")] = 1.0
    participation_pct: Annotated[float, Gt(0), Le(100), Doc("share of the fresh bar's volume")] = 10.0

    def __post_init__(self) -> None:
        losses = (self.hourly_loss_pct, self.daily_loss_pct, self.weekly_loss_pct)
        if list(losses) != sorted(losses):
            raise ValueError(f"losses must grow from hour to day to week, not {losses}")
        if self.drawdown_reduce_pct > self.drawdown_kill_pct:
            raise ValueError("drawdown_reduce_pct is above drawdown_kill_pct")
        if self.trades_per_hour > self.trades_per_day:
            raise ValueError("trades_per_hour is above trades_per_day")

    def limit_set(self, origin: str) -> LimitSet:
        """In fractions of equity."""
        leverage = exact(self.leverage)
        return LimitSet(
            origin=origin,
            limits=Limits(
                max_symbol_notional_frac=_pct(min(self.position_pct, self.concentration_pct)),
                max_gross_leverage=leverage,
                max_leverage_major=leverage,
                max_leverage_other=leverage,
                max_leverage_equity=leverage,
                max_trade_risk_frac=_pct(self.trade_risk_pct),
                max_spread_bps=2 * exact(self.order_slippage_bps),
                max_slippage_bps=exact(self.anomaly_slippage_bps),
                max_orders_per_day=self.trades_per_day,
                max_orders_per_hour=self.trades_per_hour,
                min_spacing_seconds=exact(self.spacing_seconds),
                max_participation_frac=_pct(self.participation_pct),
            ),
            losses=self._losses(origin),
        )

    def _losses(self, origin: str) -> tuple[LossRule, ...]:
        drawdown = ViolationKind.MAX_DRAWDOWN
        halted = TradingState.HALTED
        hour = Consequence(state=TradingState.CLOSE_ONLY, kind=ViolationKind.HOURLY_LOSS, cooldown_ns=HOUR_NS)
        day = Consequence(state=halted, kind=ViolationKind.DAILY_LOSS, cooldown_ns=DAY_NS)
        week = Consequence(state=halted, kind=ViolationKind.WEEKLY_LOSS)
        reduce = Consequence(state=TradingState.REDUCED, kind=drawdown, cooldown_ns=0)
        kill = Consequence(state=halted, kind=drawdown, flatten=True, kill=True)
        return (
            _loss(origin, "hourly_loss", Period.HOUR, _pct(self.hourly_loss_pct), hour),
            _loss(origin, "daily_loss", Period.SESSION, _pct(self.daily_loss_pct), day),
            _loss(origin, "weekly_loss", Period.WEEK, _pct(self.weekly_loss_pct), week),
            _loss(origin, "drawdown_reduce", Period.PEAK, _pct(self.drawdown_reduce_pct), reduce),
            _loss(origin, "drawdown_kill", Period.PEAK, _pct(self.drawdown_kill_pct), kill),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLimits:
    """Limits under Rung's own names, as `rung risk show` prints them. What is left out is not limited by this file."""

    max_symbol_notional_frac: Annotated[float | None, Gt(0), Le(10), Doc("one symbol, fraction of equity")] = None
    max_gross_notional_frac: Annotated[float | None, Gt(0), Le(10), Doc("all symbols, fraction of equity")] = None
    max_order_value_frac: Annotated[float | None, Gt(0), Le(10), Doc("one order, fraction of equity")] = None
    max_order_value_quote: Annotated[float | None, Gt(0), Doc("one order, quote currency")] = None
    max_margin_use_frac: Annotated[float | None, Gt(0), Le(1), Doc("margin of all positions ÷ equity")] = None
    max_positions: Annotated[int | None, Ge(1), Doc("symbols held at once")] = None
    max_orders_per_minute: Annotated[int | None, Ge(1), Doc("opening orders tried in any rolling 60 s")] = None
    max_orders_per_day: Annotated[int | None, Ge(1), Doc("opening orders tried in any rolling 24 h")] = None
    max_consecutive_losses: Annotated[int | None, Ge(1), Doc("losing round trips in a row; then close only")] = None
    min_minutes_to_close: Annotated[int | None, Ge(0), Le(389), Doc("nothing opens this close to the close")] = None
    allowed_symbols: Annotated[tuple[str, ...] | None, MinLen(1), Doc("only these may be opened")] = None

    def limit_set(self, origin: str) -> LimitSet:
        """The same limits, exact."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        allowed = values.pop("allowed_symbols")
        limits: dict[str, Any] = {n: exact(v) if isinstance(v, float) else v for n, v in values.items()}
        return LimitSet(
            origin=origin,
            limits=Limits(**limits, allowed_symbols=None if allowed is None else frozenset(allowed)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CapitalProfile:
    """One capital profile. Losses are negative percent; exactly at a limit passes."""

    max_daily_loss_pct: Annotated[float, Lt(0), Ge(-100), Doc("since the session began, negative percent")]
    max_weekly_loss_pct: Annotated[float, Lt(0), Ge(-100), Doc("since Monday UTC, negative percent")]
    max_single_trade_risk_pct: Annotated[float, Gt(0), Le(100), Doc("what one symbol may lose at its stop, percent")]
    max_open_positions: Annotated[int, Ge(1), Doc("symbols held at once")]
    allowed_leverage: Annotated[float, Ge(1), Le(125), Doc("most leverage, of one order and of the whole book")]
    description: Annotated[str, Doc("for people")] = ""

    def __post_init__(self) -> None:
        if self.max_weekly_loss_pct > self.max_daily_loss_pct:
            raise ValueError("max_weekly_loss_pct allows less than max_daily_loss_pct")

    def limit_set(self, origin: str) -> LimitSet:
        """In fractions of equity. A weekly loss waits for a person: it is a reason to step down a profile."""
        leverage = exact(self.allowed_leverage)
        close_only = TradingState.CLOSE_ONLY
        day = Consequence(state=close_only, kind=ViolationKind.DAILY_LOSS, next_period=True)
        week = Consequence(state=close_only, kind=ViolationKind.WEEKLY_LOSS)
        daily, weekly = _pct(-self.max_daily_loss_pct), _pct(-self.max_weekly_loss_pct)
        return LimitSet(
            origin=origin,
            limits=Limits(
                max_trade_risk_frac=_pct(self.max_single_trade_risk_pct),
                max_positions=self.max_open_positions,
                max_gross_leverage=leverage,
                max_leverage_major=leverage,
                max_leverage_other=leverage,
                max_leverage_equity=leverage,
            ),
            losses=(
                _loss(origin, "daily_loss", Period.SESSION, daily, day, trips_at_limit=False),
                _loss(origin, "weekly_loss", Period.WEEK, weekly, week, trips_at_limit=False),
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """`profiles.toml`: the four capital profiles, from the most careful to the boldest."""

    micro: CapitalProfile
    low: CapitalProfile
    normal: CapitalProfile
    aggressive: CapitalProfile

    def by_name(self) -> Mapping[str, CapitalProfile]:
        return {name: getattr(self, name) for name in PROFILE_LADDER}


PROFILE_LADDER = ("micro", "low", "normal", "aggressive")


def next_profile(name: str) -> str | None:
    """The bolder neighbour; None at the top."""
    place = PROFILE_LADDER.index(name) + 1
    return PROFILE_LADDER[place] if place < len(PROFILE_LADDER) else None


def previous_profile(name: str) -> str | None:
    """The more careful neighbour; None at the bottom."""
    place = PROFILE_LADDER.index(name) - 1
    return PROFILE_LADDER[place] if place >= 0 else None


def _loss(
    origin: str,
    name: str,
    period: Period,
    limit_frac: Decimal,
    consequence: Consequence,
    *,
    trips_at_limit: bool = True,
) -> LossRule:
    return LossRule(
        name=name,
        origin=origin,
        period=period,
        limit_frac=limit_frac,
        consequence=consequence,
        trips_at_limit=trips_at_limit,
    )


def _pct(percent: float) -> Decimal:
    return exact(percent) / _HUNDRED
