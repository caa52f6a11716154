"""Slippage, liquidity and latency, and the rounding that is against us."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.unit.simulation.made import cap, slippage

from rung.domain.bar import Bar
from rung.domain.order import Side
from rung.simulation.latency import FixedLatency
from rung.simulation.prices import against, exact, price_step

D = Decimal


def bar(volume: float = 1000.0) -> Bar:
    return Bar(symbol="TQQQ", open_ns=0, interval_ns=60, open=10.0, high=10.0, low=10.0, close=10.0, volume=volume)


def test_slippage_is_half_the_spread_plus_a_move_against_us() -> None:
    model = slippage("1", "0.005", "2")
    assert model.cost_per_unit_quote(D(100), D(1), bar()) == D("0.01") + D("0.02")


def test_half_a_spread_is_never_less_than_half_the_smallest_one() -> None:
    model = slippage("1", "0.005", "2")
    assert model.cost_per_unit_quote(D(20), D(1), bar()) == D("0.005") + D("0.004")


def test_a_cap_is_a_share_of_the_volume() -> None:
    assert cap("0.10").room_base(bar(1234.0)) == D("123.40")


def test_an_order_cannot_arrive_before_it_is_sent() -> None:
    with pytest.raises(ValueError, match="before it is sent"):
        FixedLatency(-1)


def test_a_float_becomes_the_decimal_a_person_reads() -> None:
    assert exact(45.12) == D("45.12")
    assert exact(1e-8) == D("0.00000001")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_no_price(value: float) -> None:
    with pytest.raises(ValueError, match="is not a price"):
        exact(value)


def test_prices_are_rounded_against_us() -> None:
    step = price_step(D("0.01"))
    assert step == D("0.0001")
    assert against(Side.BUY, D("10.00001"), step) == D("10.0001")
    assert against(Side.SELL, D("10.00009"), step) == D("10.0000")


def test_a_finer_tick_makes_a_finer_step() -> None:
    assert price_step(D("0.00000001")) == D("0.00000001")
