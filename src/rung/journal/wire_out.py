"""Domain objects → rows of plain values, ready for the JSON encoder.

A row is positional to be small and quick. Its order is part of the format: fields are only ever added at the end, and
a change of meaning gets a new version number in `codec`. Instants are written as nanoseconds after the step they
belong to; bars and positions come with the key they are filed under. `False` stands for None; JSON's null is never
written, so finding one means that a float was not finite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rung.domain.account import Account
from rung.domain.bar import Bar
from rung.domain.charge import Charge
from rung.domain.fill import Fill
from rung.domain.order import Order
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.step import Step
from rung.domain.target import Protection, Signal, Target
from rung.domain.verdicts import Approved, Refused, Verdict, Violation

Row = tuple[Any, ...]
APPROVED, REFUSED = "approved", "refused"


def _exact(value: Decimal | None) -> Decimal | bool:
    return False if value is None else value


def _given(value: float | None) -> float | bool:
    return False if value is None else value


def protection_row(p: Protection | None) -> Row | bool:
    if p is None:
        return False
    fixed = (_given(p.stop_frac), _given(p.take_profit_frac))
    return (*fixed, _given(p.trail_frac), _given(p.trail_quote)) if p.trails else fixed


def session_row(s: Session, at: int) -> Row:
    return (s.date, s.open_ns - at, s.close_ns - at)


def account_row(a: Account, at: int) -> Row:
    return (
        a.at_ns - at,
        a.currency,
        a.cash_quote,
        a.equity_quote,
        a.peak_equity_quote,
        a.session_start_equity_quote,
        [
            (
                key,
                p.symbol,
                p.quantity,
                p.entry_price,
                p.opened_ns - at,
                p.mark_price,
                p.entry_fees_quote,
                protection_row(p.protection),
            )
            for key, p in a.positions.items()
        ],
        list(a.working.items()),
        a.closed_trades_quote,
    )


def _bar_rows(bars: Mapping[str, Bar], at: int) -> list[Row]:
    return [
        (key, b.symbol, b.open_ns - at, b.interval_ns, b.open, b.high, b.low, b.close, b.volume)
        for key, b in bars.items()
    ]


def _signal_rows(signals: Sequence[Signal], at: int) -> list[Row]:
    return [(s.at_ns - at, s.symbol, s.lean, s.probability, s.confidence, s.strength, s.rank) for s in signals]


def _target_rows(targets: Sequence[Target], at: int) -> list[Row]:
    return [
        (
            t.at_ns - at,
            t.symbol,
            t.action,
            False if t.weight is None else t.weight,
            t.reason,
            t.strength,
            t.rank,
            False if t.protection is None else protection_row(t.protection),
        )
        for t in targets
    ]


def order_row(o: Order, at: int) -> Row:
    return (
        o.order_id,
        o.at_ns - at,
        o.symbol,
        o.side,
        o.kind,
        o.quantity,
        o.reference_price,
        o.reduce_only,
        o.action,
        o.reason,
        o.strategy,
        _exact(o.limit_price),
        protection_row(o.protection),
        o.leverage,
    )


def violation_row(v: Violation) -> Row:
    return (
        v.kind,
        v.gate,
        v.message,
        v.value,
        v.limit,
        _exact(v.adjusted_quantity),
        _exact(v.adjusted_leverage),
    )


def verdict_row(v: Verdict, at: int) -> Row:
    if isinstance(v, Refused):
        return (REFUSED, v.at_ns - at, order_row(v.order, at), [violation_row(x) for x in v.violations])
    return approved_row(v, at)


def approved_row(v: Approved[Order], at: int) -> Row:
    return (APPROVED, v.at_ns - at, order_row(v.order, at))


def fill_row(f: Fill, at: int) -> Row:
    return (
        f.fill_id,
        f.order_id,
        f.at_ns - at,
        f.symbol,
        f.side,
        f.quantity,
        f.price,
        f.reference_price,
        f.fee_quote,
        f.trigger,
        f.action,
        f.reason,
        f.closes,
    )


def charge_row(c: Charge, at: int) -> Row:
    return (c.at_ns - at, c.symbol, c.kind, c.amount_quote, c.reason)


def slice_row(e: Slice) -> Row:
    """Instant, session, bars."""
    return e.at_ns, session_row(e.session, e.at_ns), _bar_rows(e.bars, e.at_ns)


def step_row(s: Step) -> Row:
    """The whole step. Its own instant comes first: every other instant is counted from it.

    Charges stand at the end and only where there are any, so that a step without them is written as it always was.
    """
    event = s.event
    at = event.at_ns
    row = (
        s.seq,
        *slice_row(event),
        [fill_row(f, at) for f in s.fills] if s.fills else (),
        account_row(s.account, at),
        _signal_rows(s.signals, at),
        _target_rows(s.targets, at),
        [verdict_row(x, at) for x in s.verdicts] if s.verdicts else (),
        s.notes,
    )
    return (*row, [charge_row(c, at) for c in s.charges]) if s.charges else row
