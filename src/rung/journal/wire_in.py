"""Rows of plain values → domain objects: the mirror of `wire_out`, row by row."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any

from rung.domain.account import Account, Position
from rung.domain.bar import Bar
from rung.domain.charge import Charge, ChargeKind
from rung.domain.fill import Fill, Trigger
from rung.domain.order import Order, OrderKind, Side
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.step import Step
from rung.domain.target import Action, Lean, Protection, Signal, Target
from rung.domain.verdicts import Approved, Refused, Verdict, Violation, ViolationKind
from rung.journal.wire_out import APPROVED, REFUSED

Values = list[Any]


_LEAN = {x.value: x for x in Lean}
_ACTION = {x.value: x for x in Action}
_SIDE = {x.value: x for x in Side}
_ORDER_KIND = {x.value: x for x in OrderKind}
_TRIGGER = {x.value: x for x in Trigger}
_CHARGE_KIND = {x.value: x for x in ChargeKind}
_VIOLATION_KIND = {x.value: x for x in ViolationKind}

_exact = lru_cache(maxsize=8192)(Decimal)
"""Quantities, entry prices and cash repeat from step to step; a Decimal can be shared."""


def _maybe_exact(value: str | bool) -> Decimal | None:
    return None if value is False else _exact(value)


def _maybe(value: Any) -> Any:
    return None if value is False else value


def _guard(row: Any) -> Any:
    if row is False:
        return None
    stop, take_profit, *trail = map(_maybe, row)
    trail_frac, trail_quote = trail or (None, None)
    return Protection(stop_frac=stop, take_profit_frac=take_profit, trail_frac=trail_frac, trail_quote=trail_quote)


def _bars(rows: Values, at: int) -> dict[str, Bar]:
    return {
        key: Bar(
            symbol=symbol,
            open_ns=open_ns + at,
            interval_ns=interval_ns,
            open=o,
            high=h,
            low=low,
            close=c,
            volume=volume,
        )
        for key, symbol, open_ns, interval_ns, o, h, low, c, volume in rows
    }


def _positions(rows: Values, at: int) -> dict[str, Position]:
    return {
        key: Position(
            symbol=symbol,
            quantity=_exact(quantity),
            entry_price=_exact(entry),
            opened_ns=opened_ns + at,
            mark_price=_exact(mark),
            entry_fees_quote=_exact(fees),
            protection=None if guard is False else _guard(guard),
        )
        for key, symbol, quantity, entry, opened_ns, mark, fees, guard in rows
    }


def account_in(row: Values, at: int) -> Account:
    at_ns, currency, cash, equity, peak, session_start, positions, working, closed = row
    return Account(
        at_ns=at_ns + at,
        currency=currency,
        cash_quote=_exact(cash),
        equity_quote=_exact(equity),
        peak_equity_quote=_exact(peak),
        session_start_equity_quote=_exact(session_start),
        positions=_positions(positions, at),
        working=dict(working),
        closed_trades_quote=tuple([_exact(x) for x in closed]),
    )


def _signals(rows: Values, at: int) -> tuple[Signal, ...]:
    return tuple(
        [
            Signal(
                at_ns=at_ns + at,
                symbol=symbol,
                lean=_LEAN[lean],
                probability=probability,
                confidence=confidence,
                strength=strength,
                rank=rank,
            )
            for at_ns, symbol, lean, probability, confidence, strength, rank in rows
        ]
    )


def _targets(rows: Values, at: int) -> tuple[Target, ...]:
    return tuple(
        [
            Target(
                at_ns=at_ns + at,
                symbol=symbol,
                action=_ACTION[action],
                weight=None if weight is False else weight,
                reason=reason,
                strength=strength,
                rank=rank,
                protection=None if guard is False else _guard(guard),
            )
            for at_ns, symbol, action, weight, reason, strength, rank, guard in rows
        ]
    )


def order_in(row: Values, at: int) -> Order:
    order_id, at_ns, symbol, side, kind, quantity, reference, reduce_only, *rest = row
    action, reason, strategy, limit, guard, leverage = rest
    return Order(
        order_id=order_id,
        at_ns=at_ns + at,
        symbol=symbol,
        side=_SIDE[side],
        kind=_ORDER_KIND[kind],
        quantity=_exact(quantity),
        reference_price=_exact(reference),
        reduce_only=reduce_only,
        action=_ACTION[action],
        reason=reason,
        strategy=strategy,
        limit_price=_maybe_exact(limit),
        protection=_guard(guard),
        leverage=_exact(leverage),
    )


def violation_in(row: Values) -> Violation:
    kind, gate, message, value, limit, quantity, leverage = row
    return Violation(
        kind=_VIOLATION_KIND[kind],
        gate=gate,
        message=message,
        value=value,
        limit=limit,
        adjusted_quantity=_maybe_exact(quantity),
        adjusted_leverage=_maybe_exact(leverage),
    )


def verdict_in(row: Values, at: int) -> Verdict:
    tag = row[0]
    if tag == APPROVED:
        return approved_in(row, at)
    if tag == REFUSED:
        _, at_ns, order, violations = row
        return Refused(
            order=order_in(order, at), violations=tuple([violation_in(v) for v in violations]), at_ns=at_ns + at
        )
    raise ValueError(f"a verdict is neither {APPROVED} nor {REFUSED}: {tag!r}")


def approved_in(row: Values, at: int) -> Approved[Order]:
    """The record of an approval. It tells what was let through then; it lets nothing through now."""
    _, at_ns, order = row
    return Approved(order_in(order, at), at_ns + at)


def fill_in(row: Values, at: int) -> Fill:
    fill_id, order_id, at_ns, symbol, side, quantity, price, reference, fee, trigger, action, reason, closes = row
    return Fill(
        fill_id=fill_id,
        order_id=order_id,
        at_ns=at_ns + at,
        symbol=symbol,
        side=_SIDE[side],
        quantity=_exact(quantity),
        price=_exact(price),
        reference_price=_exact(reference),
        fee_quote=_exact(fee),
        trigger=_TRIGGER[trigger],
        action=_ACTION[action],
        reason=reason,
        closes=closes,
    )


def charge_in(row: Values, at: int) -> Charge:
    at_ns, symbol, kind, amount, reason = row
    return Charge(at_ns=at_ns + at, symbol=symbol, kind=_CHARGE_KIND[kind], amount_quote=_exact(amount), reason=reason)


def slice_in(row: Values) -> Slice:
    at, session, bars = row
    return Slice(
        at_ns=at,
        session=Session(date=session[0], open_ns=session[1] + at, close_ns=session[2] + at),
        bars=_bars(bars, at),
    )


def step_in(row: Values) -> Step:
    seq, at, session, bars, fills, account, signals, targets, verdicts, notes, *charges = row
    return Step(
        seq=seq,
        event=slice_in([at, session, bars]),
        fills=tuple([fill_in(f, at) for f in fills]),
        account=account_in(account, at),
        signals=_signals(signals, at),
        targets=_targets(targets, at),
        verdicts=tuple([verdict_in(x, at) for x in verdicts]),
        notes=tuple(notes),
        charges=tuple([charge_in(c, at) for c in charges[0]]) if charges else (),
    )
