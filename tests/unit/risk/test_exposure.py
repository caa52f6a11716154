"""Exposure is the worst case that is still reachable."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.unit.risk import made

from rung.domain.errors import Refusable
from rung.domain.order import OrderKind, Side
from rung.risk.exposure import gross_notional_after, quantities_after, quantity_after, symbols_held_after

D = Decimal
HELD = made.position("TQQQ", "100", mark="90")
VIEW = made.view(of=made.account(HELD, made.position("SQQQ", "-50")))


def test_what_is_held_and_what_is_ordered_add_up_with_their_signs() -> None:
    orders = [made.order("TQQQ", "10"), made.order("SQQQ", "20", side=Side.SELL), made.order("UVXY", "5")]
    assert quantities_after(orders[-1], VIEW, orders[:-1]) == {"TQQQ": 110, "SQQQ": -70, "UVXY": 5}


def test_an_exit_that_has_been_sent_is_not_yet_an_exit() -> None:
    limit = made.exit_of(HELD, kind=OrderKind.LIMIT, limit_price=D(200))
    assert quantity_after("TQQQ", VIEW, [made.exit_of(HELD)]) == 100
    assert quantity_after("TQQQ", VIEW, [limit]) == 100


def test_a_flip_counts_at_the_larger_of_its_two_endings() -> None:
    opening = made.order(quantity="150", side=Side.SELL)
    assert quantity_after("TQQQ", VIEW, [made.exit_of(HELD), opening]) == -150


def test_a_limit_order_that_would_flip_into_more_counts() -> None:
    flip = made.order(quantity="250", side=Side.SELL, kind=OrderKind.LIMIT, limit_price=D(100))
    assert quantity_after("TQQQ", VIEW, [flip]) == -150


def test_cancels_and_protection_move_nothing() -> None:
    orders = [made.order(kind=kind, quantity="0") for kind in (OrderKind.CANCEL, OrderKind.PROTECT)]
    assert quantity_after("TQQQ", VIEW, orders) == 100


def test_the_gross_value_uses_the_newest_price_and_else_the_mark() -> None:
    assert gross_notional_after(made.order("UVXY", "10"), VIEW, ()) == 100 * 90 + 50 * 100 + 10 * 100
    assert gross_notional_after(made.order("TQQQ", "10"), VIEW, ()) == 110 * 100 + 50 * 100


def test_a_symbol_on_its_way_out_still_counts_as_held() -> None:
    assert symbols_held_after(made.order("UVXY", "1"), VIEW, [made.exit_of(HELD)]) == 3


def test_a_mark_that_is_no_number_cannot_be_summed() -> None:
    view = made.view(of=made.account(made.position("SQQQ", mark="NaN")))
    with pytest.raises(Refusable, match="SQQQ"):
        gross_notional_after(made.order(), view, ())


def test_the_same_order_in_another_account_is_worked_out_anew() -> None:
    order = made.order("UVXY", "10")
    flat = made.view(of=made.account())
    assert gross_notional_after(order, VIEW, ()) != gross_notional_after(order, flat, ())
    assert gross_notional_after(order, flat, ()) == 1_000
    assert gross_notional_after(made.order("UVXY", "20"), flat, ()) == 2_000


def test_a_list_of_orders_ahead_may_grow_between_two_questions() -> None:
    order, ahead = made.order("UVXY", "10"), [made.order("SDS", "1")]
    flat = made.view(of=made.account())
    assert gross_notional_after(order, flat, ahead) == 1_100
    ahead.append(made.order("SDS", "2"))
    assert gross_notional_after(order, flat, ahead) == 1_300


def test_a_cancel_before_an_opening_does_not_hide_it() -> None:
    orders = [made.order(kind=OrderKind.CANCEL, quantity="0"), made.order(quantity="10")]
    assert quantity_after("TQQQ", VIEW, orders) == 110


def test_a_limit_that_would_only_cut_may_rest_and_one_that_adds_counts() -> None:
    cut = made.order(quantity="40", side=Side.SELL, kind=OrderKind.LIMIT, limit_price=D(100))
    more = made.order(quantity="40", kind=OrderKind.LIMIT, limit_price=D(100))
    assert quantity_after("TQQQ", VIEW, [cut]) == 100
    assert quantity_after("TQQQ", VIEW, [more]) == 140
    assert quantity_after("SQQQ", VIEW, [made.order("SQQQ", "20", side=Side.SELL)]) == -70


def test_an_opening_after_a_stuck_exit_counts_on_top_of_what_is_held() -> None:
    assert quantity_after("TQQQ", VIEW, [made.exit_of(HELD), made.order(quantity="10")]) == 110
    assert quantity_after("UVXY", VIEW, [made.order("UVXY", "5", side=Side.SELL)]) == -5


def test_asking_again_with_another_batch_is_worked_out_anew() -> None:
    order = made.order("UVXY", "5")
    first, second = (made.order(quantity="10"),), (made.order(quantity="20"),)
    assert quantities_after(order, VIEW, first)["TQQQ"] == 110
    assert quantities_after(order, VIEW, second)["TQQQ"] == 120
    growing = [made.order(quantity="10")]
    assert quantities_after(order, VIEW, growing)["TQQQ"] == 110
    growing.append(made.order(quantity="7"))
    assert quantities_after(order, VIEW, growing)["TQQQ"] == 117
