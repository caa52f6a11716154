"""Approved or refused: the only two things a gateway can say.

`Approved` is a type, not a flag: a venue takes nothing else, and only `rung.risk.screen` may stamp it
(an architecture test says so).
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

from msgspec import Struct

from rung.domain.order import Order

T = TypeVar("T")


class ViolationKind(StrEnum):
    """Every way in which an order can be refused."""

    LEVERAGE_SYMBOL = "per_symbol_leverage_exceeded"
    LEVERAGE_GROSS = "gross_leverage_exceeded"
    NOTIONAL_SYMBOL = "per_symbol_notional_exceeded"
    NOTIONAL_GROSS = "gross_notional_exceeded"
    MISSING_STOP = "missing_stop_loss"
    INVALID_STOP = "invalid_stop_loss"
    DAILY_LOSS = "daily_loss_limit_exceeded"
    MAX_DRAWDOWN = "max_drawdown_exceeded"
    RATE_LIMIT = "order_rate_limit_exceeded"
    CIRCUIT_BREAKER = "circuit_breaker_active"
    HOURLY_LOSS = "hourly_loss_limit_exceeded"
    WEEKLY_LOSS = "weekly_loss_limit_exceeded"
    TOTAL_LOSS = "total_loss_limit_exceeded"
    CONSECUTIVE_LOSSES = "consecutive_losses_exceeded"
    MAX_POSITIONS = "open_positions_exceeded"
    MARGIN = "margin_exceeded"
    ORDER_VALUE = "order_value_exceeded"
    MIN_NOTIONAL = "order_below_minimum_notional"
    TICK_LOT = "tick_or_lot_size_violated"
    DUPLICATE_ORDER = "duplicate_order"
    PRICE_COLLAR = "price_collar_exceeded"
    PARTICIPATION = "participation_exceeded"
    SPREAD = "spread_too_wide"
    MIN_VOLUME = "volume_too_low"
    SYMBOL_NOT_ALLOWED = "symbol_not_allowed"
    SESSION_CLOSED = "session_closed"
    END_OF_DAY = "too_close_to_session_end"
    STALE_DATA = "stale_market_data"
    NON_FINITE_DATA = "non_finite_market_data"
    CROSSED_DATA = "crossed_market_data"
    SPIKING_DATA = "spiking_market_data"
    HALTED_DATA = "market_halted"
    TRADE_RISK = "single_trade_risk_exceeded"
    STRATEGY_NOT_ALLOWED = "strategy_not_allowed"
    PROFILE = "account_profile_mismatch"
    SLIPPAGE = "slippage_anomaly"
    KILL_SWITCH = "kill_switch_active"
    MAINTENANCE = "maintenance_mode_active"
    TRADING_STATE = "trading_state_refuses"
    GLOBAL_RISK = "global_risk_level_refuses"
    NO_GATES = "no_gates_configured"
    CANNOT_JUDGE = "gate_could_not_judge"
    NOT_REDUCING = "reduce_only_would_not_reduce"


class Violation(Struct, frozen=True, kw_only=True, gc=False):
    """One rule broken by one order: what was measured, what the limit is, and a sentence for people.

    adjusted_quantity, adjusted_leverage : what would have passed this rule; None where the rule offers nothing.
    """

    kind: ViolationKind
    gate: str
    message: str
    value: str = ""
    limit: str = ""
    adjusted_quantity: Decimal | None = None
    adjusted_leverage: Decimal | None = None


class Approved(Struct, Generic[T], frozen=True, gc=False):
    """A thing the gateway let through. Stamped in one place only."""

    order: T
    at_ns: int


class Refused(Struct, frozen=True, kw_only=True, gc=False):
    """An order that dies here, with every reason it dies for."""

    order: Order
    violations: tuple[Violation, ...]
    at_ns: int


Verdict = Approved[Order] | Refused
