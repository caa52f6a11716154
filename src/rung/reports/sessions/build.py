"""Steps and legs → the lines of the session files. Pure: nothing is written here."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rung.domain.account import Position
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.step import Step
from rung.domain.target import Signal
from rung.domain.verdicts import Refused
from rung.ledger.holding import ZERO
from rung.reports.legs import FRAC_STEP, Leg, LegBook, short
from rung.reports.sessions.lines import (
    DecisionLine,
    EntryLine,
    ExitLine,
    PositionLine,
    SignalLine,
    TradeLine,
)

NS_PER_MS = 1_000_000


def signal_lines(step: Step) -> list[SignalLine]:
    """One line per belief."""
    ms, bar = step.event.at_ns // NS_PER_MS, step.event.at_ns // NS_PER_MINUTE
    return [
        SignalLine(ms, bar, s.symbol, s.lean, s.probability, s.confidence, s.strength, s.rank) for s in step.signals
    ]


def decision_lines(step: Step) -> list[DecisionLine]:
    """One line per target, with what its orders were refused for."""
    ms, bar = step.event.at_ns // NS_PER_MS, step.event.at_ns // NS_PER_MINUTE
    broken: dict[str, list[Refused]] = {}
    for verdict in step.verdicts:
        if isinstance(verdict, Refused):
            broken.setdefault(verdict.order.symbol, []).append(verdict)
    lines = []
    for t in step.targets:
        died = broken.get(t.symbol, ()) if broken else ()
        kinds = tuple(v.kind.value for refused in died for v in refused.violations)
        lines.append(DecisionLine(ms, bar, t.symbol, t.action, t.reason, t.rank, t.strength, kinds, len(died)))
    return lines


def trade_line(leg: Leg, cash: Decimal, signal: Signal | None) -> TradeLine:
    """One line per leg; `cash` is after it, `signal` what the entry was approved on."""
    common: dict[str, Any] = {
        "timestamp_ms": leg.at_ns // NS_PER_MS,
        "bar_id": leg.at_ns // NS_PER_MINUTE,
        "symbol": leg.symbol,
        "decision": leg.action.value,
        "action": "ENTRY" if leg.entry else "EXIT",
        "direction": leg.direction.value,
        "shares": leg.shares,
        "price": leg.price,
        "reference_price": leg.reference_price,
        "exec_price": leg.price,
        "value": leg.value_quote,
        "fees": leg.fee_quote,
        "slippage": leg.slippage_quote,
        "trigger": leg.trigger.value,
        "reason": leg.reason,
        "order_id": leg.order_id,
        "fill_id": leg.fill_id,
        "cash": cash,
        "position_after": leg.position_after,
    }
    if leg.pnl_quote is not None:
        return ExitLine(**common, pnl=leg.pnl_quote, pnl_pct=leg.pnl_frac or ZERO, bars_held=leg.bars_held)
    return EntryLine(
        **common,
        signal_probability=signal.probability if signal is not None else None,
        signal_confidence=signal.confidence if signal is not None else None,
        signal_rank=signal.rank if signal is not None else None,
    )


class Snapshots:
    """Makes the lines of open positions; remembers each entry price in the form it is written."""

    def __init__(self, book: LegBook) -> None:
        self._book = book
        self._entry_prices: dict[str, tuple[Decimal, Decimal]] = {}

    def lines(self, step: Step, bar: int) -> list[PositionLine]:
        """The open positions by symbol; `bar` is the number of the present slice in the book."""
        positions = step.account.positions
        beliefs = {s.symbol: s for s in step.signals} if positions else {}
        return [self._line(position, bar, beliefs.get(symbol)) for symbol, position in sorted(positions.items())]

    def _line(self, position: Position, bar: int, belief: Signal | None) -> PositionLine:
        symbol, shares = position.symbol, abs(position.quantity)
        raw, entry_price = self._entry_prices.get(symbol, (None, ZERO))
        if raw != position.entry_price:
            entry_price = short(position.entry_price)
            self._entry_prices[symbol] = (position.entry_price, entry_price)
        pnl = position.quantity * (position.mark_price - entry_price)
        return PositionLine(
            symbol,
            "LONG" if position.quantity > 0 else "SHORT",
            shares,
            entry_price,
            position.mark_price,
            pnl,
            (pnl / (shares * entry_price)).quantize(FRAC_STEP),
            self._book.bars_held(symbol, bar),
            belief.rank if belief is not None else 0,
            belief.strength if belief is not None else 0.0,
        )
