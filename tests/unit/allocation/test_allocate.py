"""Targets become exact orders: whole lots, reductions first, ids that follow from the decision."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from rung.allocation.allocate import Allocator
from rung.allocation.sizing import SizingParams, adaptive_factor, whole_lots
from rung.domain.account import Account, Position
from rung.domain.bar import Bar
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.instrument import us_equity
from rung.domain.order import Order, OrderKind, Side
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.target import Action, Protection, Target
from rung.domain.view import View

AT_NS = 1_757_943_060 * 1_000_000_000
STOP = Protection(stop_frac=0.015)


def view(held: dict[str, int] | None = None, working: dict[str, str] | None = None, close: float = 33.0) -> View:
    session = Session(date="2025-09-15", open_ns=AT_NS - NS_PER_MINUTE, close_ns=AT_NS + 389 * NS_PER_MINUTE)
    bar = Bar(
        symbol="TQQQ",
        open_ns=AT_NS - NS_PER_MINUTE,
        interval_ns=NS_PER_MINUTE,
        open=close,
        high=close,
        low=close,
        close=close,
        volume=1e6,
    )
    positions = {
        s: Position(
            symbol=s,
            quantity=Decimal(q),
            entry_price=Decimal(30),
            opened_ns=0,
            mark_price=Decimal(31),
            entry_fees_quote=Decimal(0),
        )
        for s, q in (held or {}).items()
    }
    account = Account(
        at_ns=AT_NS,
        currency="USD",
        cash_quote=Decimal(10_000),
        equity_quote=Decimal(10_000),
        peak_equity_quote=Decimal(10_000),
        session_start_equity_quote=Decimal(10_000),
        positions=positions,
        working=working or {},
    )
    return View(slice=Slice(at_ns=AT_NS, session=session, bars={"TQQQ": bar}), account=account)


def target(weight: float | None, symbol: str = "TQQQ", protection: Protection | None = None) -> Target:
    return Target(
        at_ns=AT_NS, symbol=symbol, action=Action.HOLD, weight=weight, reason="because", protection=protection
    )


def allocate(seen: View, *targets: Target, **params: object) -> tuple[Order, ...]:
    instruments = {s: us_equity(s) for s in ("TQQQ", "SQQQ")}
    sizing = SizingParams(**params)  # type: ignore[arg-type]
    return Allocator(strategy="rotation", instruments=instruments, params=sizing).allocate(targets, seen)


def test_a_weight_becomes_whole_shares_rounded_down() -> None:
    (order,) = allocate(view(), target(0.3135, protection=STOP))
    assert (order.side, order.kind, order.quantity) == (Side.BUY, OrderKind.MARKET, Decimal(95))  # 3135 / 33 = 95
    assert order.protection == STOP
    assert not order.reduce_only


def test_an_entry_too_small_to_be_worth_its_costs_is_dropped() -> None:
    assert allocate(view(), target(0.009)) == ()
    assert allocate(view(), target(0.011), min_position_quote=Decimal(0)) != ()


def test_weight_zero_sells_all_of_it_reduce_only_even_without_a_bar() -> None:
    (order,) = allocate(view({"SQQQ": 7}), target(0.0, "SQQQ"))
    assert (order.side, order.quantity, order.reduce_only) == (Side.SELL, Decimal(7), True)
    assert order.reference_price == Decimal(31)


def test_an_entry_without_a_bar_has_no_price_and_no_size() -> None:
    assert allocate(view(), target(0.3, "SQQQ")) == ()


def test_to_guard_only_protects_and_withdraws_nothing_while_to_hold_withdraws_what_would_grow() -> None:
    seen = view({"TQQQ": 10}, working={"TQQQ": "rotation-1-TQQQ-o"})
    trail = Protection(trail_quote=0.5)
    hold = target(None, protection=trail)
    guard = msgspec.structs.replace(hold, action=Action.GUARD)
    assert [order.kind for order in allocate(seen, hold)] == [OrderKind.CANCEL, OrderKind.PROTECT]
    (order,) = allocate(seen, guard)
    assert (order.kind, order.protection, order.reduce_only) == (OrderKind.PROTECT, trail, True)
    assert allocate(seen, msgspec.structs.replace(guard, weight=0.5)) == (order,)


def test_a_flip_is_a_reduction_and_an_opening_in_this_order() -> None:
    first, second = allocate(view({"TQQQ": 10}), target(-0.33))
    assert (first.side, first.quantity, first.reduce_only) == (Side.SELL, Decimal(10), True)
    assert (second.side, second.quantity, second.reduce_only) == (Side.SELL, Decimal(100), False)
    assert first.order_id != second.order_id


def test_resizing_sends_only_the_difference() -> None:
    (more,) = allocate(view({"TQQQ": 40}), target(0.33))
    assert (more.side, more.quantity, more.reduce_only) == (Side.BUY, Decimal(60), False)
    (less,) = allocate(view({"TQQQ": 140}), target(0.33))
    assert (less.side, less.quantity, less.reduce_only) == (Side.SELL, Decimal(40), True)


def test_reductions_of_all_symbols_come_before_any_opening() -> None:
    orders = allocate(view({"SQQQ": 7}), target(0.33), target(0.0, "SQQQ"))
    assert [o.symbol for o in orders] == ["SQQQ", "TQQQ"]


def test_a_working_order_is_withdrawn_before_a_new_wish_is_sent() -> None:
    orders = allocate(view({"TQQQ": 10}, {"TQQQ": "old"}), target(0.0))
    assert [o.kind for o in orders] == [OrderKind.CANCEL, OrderKind.MARKET]


def test_keeping_with_new_protection_is_a_protect_order_and_keeping_without_is_silence() -> None:
    (order,) = allocate(view({"TQQQ": 10}), target(None, protection=STOP))
    assert (order.kind, order.reduce_only, order.quantity, order.protection) == (OrderKind.PROTECT, True, 0, STOP)
    assert allocate(view({"TQQQ": 10}), target(None)) == ()


def test_keeping_the_quantity_withdraws_an_entry_that_still_works_but_not_a_stop() -> None:
    (cancel,) = allocate(view({"TQQQ": 10}, {"TQQQ": "rotation-1-TQQQ-o"}), target(None))
    assert cancel.kind is OrderKind.CANCEL
    assert allocate(view({"TQQQ": 10}, {"TQQQ": "rotation-1-TQQQ-o-s1"}), target(None)) == ()


def test_the_same_decision_makes_the_same_order_id_short_enough_for_every_venue() -> None:
    (once,), (twice,) = allocate(view(), target(0.3)), allocate(view(), target(0.3))
    assert once.order_id == twice.order_id
    assert len(once.order_id) <= 32


@pytest.mark.parametrize(
    ("pnls", "expected"),
    [
        ((), "1"),
        ((5,), "1"),
        ((5, -5), "1"),
        ((25, 25), "1.325"),
        ((500, 500), "1.5"),
        ((-25, -25), "0.6"),
        ((-500, -500), "0.3"),
    ],
)
def test_the_adaptive_factor_follows_the_last_two_trades(pnls: tuple[int, ...], expected: str) -> None:
    assert adaptive_factor([Decimal(p) for p in pnls], Decimal(10_000)) == Decimal(expected)


def test_whole_lots_never_buy_more_than_the_value() -> None:
    assert whole_lots(Decimal("99.99"), Decimal(100), Decimal(1)) == 0
    assert whole_lots(Decimal("0.0129"), Decimal(1), Decimal("0.001")) == Decimal("0.012")
