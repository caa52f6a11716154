"""Rows of plain values → domain objects: the mirror of `wire_out`, row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, make_dataclass
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


def _builder(cls: type) -> Callable[..., Any]:
    """Makes `cls` from positional values, four times as fast as its own frozen `__init__`.

    The values go into an unfrozen class of the same slots, which then becomes `cls`. A class that checks something
    when made, or that has a base of its own, keeps its own constructor.
    """
    names = [field.name for field in fields(cls)]
    if hasattr(cls, "__post_init__") or cls.__base__ is not object:
        return lambda *values: cls(**dict(zip(names, values, strict=True)))

    def become(self: Any) -> None:
        self.__class__ = cls

    return make_dataclass(cls.__name__, names, slots=True, namespace={"__post_init__": become})


_bar, _session, _slice, _step = _builder(Bar), _builder(Session), _builder(Slice), _builder(Step)
_account, _position, _protection = _builder(Account), _builder(Position), _builder(Protection)
_signal, _target, _order, _fill = _builder(Signal), _builder(Target), _builder(Order), _builder(Fill)
_approved, _refused, _violation = _builder(Approved), _builder(Refused), _builder(Violation)
_charge = _builder(Charge)

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
    stop, take_profit = row
    return _protection(_maybe(stop), _maybe(take_profit))


def _bars(rows: Values, at: int) -> dict[str, Bar]:
    return {
        key: _bar(symbol, open_ns + at, interval_ns, o, h, low, c, volume)
        for key, symbol, open_ns, interval_ns, o, h, low, c, volume in rows
    }


def _positions(rows: Values, at: int) -> dict[str, Position]:
    return {
        key: _position(
            symbol,
            _exact(quantity),
            _exact(entry),
            opened_ns + at,
            _exact(mark),
            _exact(fees),
            None if guard is False else _guard(guard),
        )
        for key, symbol, quantity, entry, opened_ns, mark, fees, guard in rows
    }


def account_in(row: Values, at: int) -> Account:
    at_ns, currency, cash, equity, peak, session_start, positions, working, closed = row
    account: Account = _account(
        at_ns + at,
        currency,
        _exact(cash),
        _exact(equity),
        _exact(peak),
        _exact(session_start),
        _positions(positions, at),
        dict(working),
        tuple([_exact(x) for x in closed]),
    )
    return account


def _signals(rows: Values, at: int) -> tuple[Signal, ...]:
    return tuple(
        [
            _signal(at_ns + at, symbol, _LEAN[lean], probability, confidence, strength, rank)
            for at_ns, symbol, lean, probability, confidence, strength, rank in rows
        ]
    )


def _targets(rows: Values, at: int) -> tuple[Target, ...]:
    return tuple(
        [
            _target(
                at_ns + at,
                symbol,
                _ACTION[action],
                None if weight is False else weight,
                reason,
                strength,
                rank,
                None if guard is False else _guard(guard),
            )
            for at_ns, symbol, action, weight, reason, strength, rank, guard in rows
        ]
    )


def order_in(row: Values, at: int) -> Order:
    order_id, at_ns, symbol, side, kind, quantity, reference, reduce_only, *rest = row
    action, reason, strategy, limit, guard, leverage = rest
    order: Order = _order(
        order_id,
        at_ns + at,
        symbol,
        _SIDE[side],
        _ORDER_KIND[kind],
        _exact(quantity),
        _exact(reference),
        reduce_only,
        _ACTION[action],
        reason,
        strategy,
        _maybe_exact(limit),
        _guard(guard),
        _exact(leverage),
    )
    return order


def violation_in(row: Values) -> Violation:
    kind, gate, message, value, limit, quantity, leverage = row
    violation: Violation = _violation(
        _VIOLATION_KIND[kind], gate, message, value, limit, _maybe_exact(quantity), _maybe_exact(leverage)
    )
    return violation


def verdict_in(row: Values, at: int) -> Verdict:
    tag = row[0]
    if tag == APPROVED:
        return approved_in(row, at)
    if tag == REFUSED:
        _, at_ns, order, violations = row
        refused: Refused = _refused(order_in(order, at), tuple([violation_in(v) for v in violations]), at_ns + at)
        return refused
    raise ValueError(f"a verdict is neither {APPROVED} nor {REFUSED}: {tag!r}")


def approved_in(row: Values, at: int) -> Approved[Order]:
    """The record of an approval. It tells what was let through then; it lets nothing through now."""
    _, at_ns, order = row
    approved: Approved[Order] = _approved(order_in(order, at), at_ns + at)
    return approved


def fill_in(row: Values, at: int) -> Fill:
    fill_id, order_id, at_ns, symbol, side, quantity, price, reference, fee, trigger, action, reason, closes = row
    fill: Fill = _fill(
        fill_id,
        order_id,
        at_ns + at,
        symbol,
        _SIDE[side],
        _exact(quantity),
        _exact(price),
        _exact(reference),
        _exact(fee),
        _TRIGGER[trigger],
        _ACTION[action],
        reason,
        closes,
    )
    return fill


def charge_in(row: Values, at: int) -> Charge:
    at_ns, symbol, kind, amount, reason = row
    charge: Charge = _charge(at_ns + at, symbol, _CHARGE_KIND[kind], _exact(amount), reason)
    return charge


def slice_in(row: Values) -> Slice:
    at, session, bars = row
    event: Slice = _slice(at, _session(session[0], session[1] + at, session[2] + at), _bars(bars, at))
    return event


def step_in(row: Values) -> Step:
    seq, at, session, bars, fills, account, signals, targets, verdicts, notes, *charges = row
    step: Step = _step(
        seq,
        slice_in([at, session, bars]),
        tuple([fill_in(f, at) for f in fills]),
        account_in(account, at),
        _signals(signals, at),
        _targets(targets, at),
        tuple([verdict_in(x, at) for x in verdicts]),
        tuple(notes),
        tuple([charge_in(c, at) for c in charges[0]]) if charges else (),
    )
    return step
