"""A decision in the words of a bullet: state, decision and risk check as plain values."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rung.domain.order import Order, Side
from rung.domain.step import Step
from rung.domain.target import Action, Protection, Signal, Target
from rung.domain.verdicts import Refused, Verdict, Violation
from rung.journal.bullet import NO_TRADE, REJECTED, TRADE, Bullet, bullet_id, utc
from rung.journal.regimes import BulletParams, Gauge


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """What one bullet is about: one order with its verdict, or a target with whatever little was done for it.

    target : None for an order nobody asked for in this step.   name : keeps the legs of a decision apart.
    """

    target: Target | None
    verdicts: tuple[Verdict, ...]
    name: str

    @property
    def symbol(self) -> str:
        return self.target.symbol if self.target is not None else self.verdicts[0].order.symbol

    @property
    def action(self) -> Action:
        return self.target.action if self.target is not None else self.verdicts[0].order.action

    @property
    def decision(self) -> str:
        return NO_TRADE if self.action in (Action.HOLD, Action.GUARD) else TRADE


def made(step: Step, leg: Leg, gauge: Gauge, params: BulletParams, run: str) -> Bullet:
    """The bullet of a leg as it stands when the verdict is spoken."""
    timestamp = utc(step.at_ns)
    check = _risk_check(leg)
    signal = next((s for s in step.signals if s.symbol == leg.symbol), None)
    status = {True: "working", False: "refused", None: "no_order"}[check["approved"]]
    return Bullet(
        id=bullet_id(timestamp, leg.symbol, leg.decision, leg.name, run),
        timestamp=timestamp,
        at_ns=step.at_ns,
        symbol=leg.symbol,
        state={
            "market_data": _market(leg.symbol, gauge, params),
            "portfolio_state": _portfolio(step),
            "regime": gauge.regime(params),
        },
        action={"llm_decision": _decision(leg, signal), "risk_check": check},
        result={"execution_result": {"status": status}, "pnl": None, "violations": check["violations"]},
        tags=_tags(leg, check),
        notes="; ".join(step.notes),
    )


def _tags(leg: Leg, check: dict[str, Any]) -> tuple[str, ...]:
    tags = [f"symbol:{leg.symbol}", f"decision:{leg.decision}", f"action:{leg.action}"]
    if check["approved"] is False:
        tags.append(REJECTED)
    elif leg.decision == TRADE and check["approved"] is None:
        tags.append("no_order")
    return tuple(tags)


def _market(symbol: str, gauge: Gauge, params: BulletParams) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "price": gauge.close if gauge.bars else None,
        "volume": gauge.volume if gauge.bars else None,
        "volume_24h": gauge.volume_24h(),
        "atr_14": gauge.atr(params),
        "ma_20": gauge.moving_average(params),
        "traded_per_minute_quote": gauge.traded_quote(params),
        "timestamp": utc(gauge.known_ns) if gauge.bars else None,
    }


def _portfolio(step: Step) -> dict[str, Any]:
    account = step.account
    return {
        "currency": account.currency,
        "equity": float(account.equity_quote),
        "cash": float(account.cash_quote),
        "peak_equity": float(account.peak_equity_quote),
        "session_start_equity": float(account.session_start_equity_quote),
        "drawdown": float(account.drawdown_frac),
        "gross_notional": float(account.gross_notional_quote),
        "positions": {
            symbol: {
                "quantity": float(p.quantity),
                "entry_price": float(p.entry_price),
                "mark_price": float(p.mark_price),
                "unrealised": float(p.unrealised_quote),
            }
            for symbol, p in account.positions.items()
        },
    }


def _decision(leg: Leg, signal: Signal | None) -> dict[str, Any]:
    orders = [verdict.order for verdict in leg.verdicts]
    guard = _protection(leg, orders)
    price, sign = _price_and_sign(leg, orders)
    return {
        "decision": leg.decision,
        "action": leg.action.value,
        "actions": [_order(order) for order in orders],
        "stop_loss": _level(price, -sign, guard.stop_distance_frac(price) if guard is not None and price else None),
        "take_profit": _level(price, sign, guard.take_profit_frac if guard is not None else None),
        "leverage": float(orders[0].leverage) if orders else None,
        "rationale": leg.target.reason if leg.target is not None else orders[0].reason,
        "weight": leg.target.weight if leg.target is not None else None,
        "strength": _finite(leg.target.strength) if leg.target is not None else None,
        "rank": leg.target.rank if leg.target is not None else None,
        "probability": _finite(signal.probability) if signal is not None else None,
        "confidence": _finite(signal.confidence) if signal is not None else None,
    }


def _protection(leg: Leg, orders: list[Order]) -> Protection | None:
    """Of the order when there is one: that is what would have been sent."""
    return orders[0].protection if orders else leg.target.protection if leg.target is not None else None


def _price_and_sign(leg: Leg, orders: list[Order]) -> tuple[float | None, int]:
    """The price the decision was made on, and the side of the position it wanted."""
    if orders:
        return float(orders[0].reference_price) or None, orders[0].side.sign
    weight = leg.target.weight if leg.target is not None else None
    return None, 0 if not weight else int(math.copysign(1, weight))


def _level(price: float | None, sign: int, share: float | None) -> float | None:
    return None if price is None or share is None else price * (1.0 + sign * share)


def _order(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "symbol": order.symbol,
        "side": "buy" if order.side is Side.BUY else "sell",
        "kind": order.kind.value,
        "quantity": float(order.quantity),
        "reference_price": float(order.reference_price),
        "limit_price": None if order.limit_price is None else float(order.limit_price),
        "notional": float(order.notional_quote),
        "reduce_only": order.reduce_only,
        "strategy": order.strategy,
    }


def _risk_check(leg: Leg) -> dict[str, Any]:
    """approved : None when there was no order the gateway could have judged."""
    refused = [verdict for verdict in leg.verdicts if isinstance(verdict, Refused)]
    broken = [violation for verdict in refused for violation in verdict.violations]
    judged = bool(refused) or any(verdict.order.quantity > 0 for verdict in leg.verdicts)
    return {
        "approved": not refused if judged else None,
        "violations": [v.kind.value for v in broken],
        "messages": [v.message for v in broken],
        "limits": [_limit(v) for v in broken],
        "adjusted_size": _least(v.adjusted_quantity for v in broken),
        "adjusted_leverage": _least(v.adjusted_leverage for v in broken),
    }


def _limit(violation: Violation) -> dict[str, str]:
    return {
        "violation": violation.kind.value,
        "gate": violation.gate,
        "value": violation.value,
        "limit": violation.limit,
    }


def _least(offers: Iterable[Decimal | None]) -> float | None:
    """The smallest offer passes every rule that made one."""
    found = [float(offer) for offer in offers if offer is not None]
    return min(found) if found else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
