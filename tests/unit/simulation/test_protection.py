"""Stops and profit targets held at the venue."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.unit.simulation.made import OPEN_NS, SYMBOL, Stage, cap, protection, slippage, told

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.fill import Trigger
from rung.domain.order import Side
from rung.domain.target import Action
from rung.simulation.latency import FixedLatency

D = Decimal
SECOND_BAR_NS = OPEN_NS + NS_PER_MINUTE


def test_a_stop_fills_at_its_price_with_costs() -> None:
    stage = Stage(slippage=slippage("0", "0.005", "0"))
    stage.held(100, stop=0.015)  # bought at 100.005, stop at 98.504925 → 98.50
    (fill,) = stage.bar(open=100.0, low=98.40)
    assert (fill.reference_price, fill.price) == (D("98.50"), D("98.495"))
    assert (fill.trigger, fill.action, fill.reason) == (Trigger.STOP, Action.STOP_LOSS, "stop at 98.50")
    assert (fill.order_id, fill.fill_id, fill.closes) == ("o1-s1", "o1-s1.1", True)
    assert fill.at_ns == stage.now_ns
    assert stage.venue.protections() == {}


def test_a_stop_is_touched_at_exactly_its_level() -> None:
    stage = Stage()
    stage.held(100, stop=0.015)
    assert stage.bar(low=98.51) == ()
    assert told(stage.bar(low=98.50)) == [("SELL", "100", "98.5000", "STOP")]


def test_a_gap_through_the_stop_fills_at_the_open() -> None:
    stage = Stage(slippage=slippage("0", "0.005", "0"))
    stage.held(100, stop=0.015)
    (fill,) = stage.bar(open=95.0, high=99.0, low=94.0)
    assert (fill.reference_price, fill.price) == (D("95.0"), D("94.995"))
    assert fill.at_ns == stage.now_ns - NS_PER_MINUTE


def test_a_stop_acts_within_the_bar_its_position_was_opened_in() -> None:
    stage = Stage()
    stage.buy(protection=protection(0.015))
    assert told(stage.bar(open=100.0, low=98.0)) == [
        ("BUY", "100", "100.0000", "ORDER"),
        ("SELL", "100", "98.5000", "STOP"),
    ]


def test_a_profit_target_waits_for_the_bar_after_the_fill() -> None:
    stage = Stage()
    stage.buy(protection=protection(None, 0.03))
    assert len(stage.bar(high=110.0)) == 1
    assert told(stage.bar(high=103.01)) == [("SELL", "100", "103.0000", "TAKE_PROFIT")]


def test_a_profit_target_must_be_traded_through() -> None:
    stage = Stage(slippage=slippage("0", "0.005", "1"))
    stage.held(100, target=0.03)  # bought at 100.015 → target 103.01545 → 103.02
    assert stage.bar(high=103.02) == ()
    (fill,) = stage.bar(high=103.03)
    assert (fill.price, fill.reference_price, fill.slippage_quote) == (D("103.02"), D("103.02"), 0)
    assert (fill.action, fill.reason, fill.fill_id) == (Action.PROFIT_TARGET, "profit target at 103.02", "o1-t.1")


def test_a_gap_beyond_the_target_earns_no_more_than_the_target() -> None:
    stage = Stage()
    stage.held(100, target=0.03)
    (fill,) = stage.bar(open=110.0, high=111.0, low=109.0)
    assert (fill.price, fill.at_ns) == (D("103.00"), stage.now_ns - NS_PER_MINUTE)


@pytest.mark.parametrize("opened", [100.0, 104.0])
def test_a_bar_that_touches_both_is_a_loss(opened: float) -> None:
    stage = Stage()
    stage.held(100, stop=0.015, target=0.03)
    assert told(stage.bar(open=opened, high=105.0, low=98.0)) == [("SELL", "100", "98.5000", "STOP")]


def test_a_short_position_is_guarded_the_other_way_round() -> None:
    stage = Stage(slippage=slippage("0", "0.005", "0"))
    stage.held(-100, stop=0.015, target=0.03)  # sold at 99.995: stop 101.494925 → 101.50, target 96.99515 → 96.99
    assert stage.bar(high=101.49, low=96.99) == ()
    (stopped,) = stage.bar(high=101.50, low=90.0)
    assert (stopped.side, stopped.price) == (Side.BUY, D("101.505"))
    stage.held(-100, stop=0.015, target=0.03)
    assert told(stage.bar(low=96.98)) == [("BUY", "100", "96.9900", "TAKE_PROFIT")]


def test_a_short_is_stopped_at_exactly_its_level() -> None:
    stage = Stage()
    stage.held(-100, stop=0.015)
    assert stage.bar(high=101.49) == ()
    assert told(stage.bar(high=101.50)) == [("BUY", "100", "101.5000", "STOP")]


@pytest.mark.parametrize(
    ("held", "side", "low", "high"), [(100, Side.SELL, 98.5, 100.0), (-100, Side.BUY, 100.0, 101.5)]
)
def test_a_partial_exit_leaves_the_levels_where_they_are(held: int, side: Side, low: float, high: float) -> None:
    stage = Stage()
    stage.held(held, stop=0.015)
    stage.exit(40, side=side)
    stage.bar(open=101.0 if held > 0 else 99.0, high=101.0, low=99.0)
    assert [f.quantity for f in stage.bar(low=low, high=high)] == [D(60)]


def test_a_cancel_sent_before_the_stop_was_triggered_does_not_withdraw_it() -> None:
    stage = Stage(liquidity=cap("0.10"), latency=FixedLatency(NS_PER_MINUTE))
    stage.buy(100, protection=protection(0.015))
    stage.bar()
    stage.bar()
    stage.cancel()
    stage.bar(low=98.0, volume=400)
    assert told(stage.bar(open=97.0, low=97.0)) == [("SELL", "60", "97.0000", "STOP")]


def test_levels_are_rounded_away_from_the_entry() -> None:
    stage = Stage()
    stage.buy(protection=protection(0.0155, 0.0155))
    stage.bar(open=33.33, high=33.33, low=33.33)  # 32.813385 → 32.81, 33.846615 → 33.85
    assert stage.bar(open=33.33, high=33.85, low=32.82) == ()
    assert told(stage.bar(open=33.33, high=33.34, low=32.81)) == [("SELL", "100", "32.8100", "STOP")]


def test_a_false_print_takes_no_profit_but_triggers_stops() -> None:
    flagged = {SYMBOL: frozenset({SECOND_BAR_NS})}
    clean, gain, loss = Stage(), Stage(flagged=flagged), Stage(flagged=flagged)
    for stage in (clean, gain, loss):
        stage.held(100, stop=0.015, target=0.03)
        assert stage.now_ns == SECOND_BAR_NS
    assert told(clean.bar(high=150.0)) == [("SELL", "100", "103.0000", "TAKE_PROFIT")]
    assert gain.bar(high=150.0) == ()
    assert told(loss.bar(low=50.0)) == [("SELL", "100", "98.5000", "STOP")]


def test_a_false_print_fills_no_resting_limit_either() -> None:
    stage = Stage(flagged={SYMBOL: frozenset({OPEN_NS})})
    stage.buy(limit_price=D("90"))
    assert stage.bar(low=50.0) == ()
    assert len(stage.bar(low=50.0)) == 1


def test_a_flagged_bar_that_opens_beyond_the_target_still_pays_it() -> None:
    stage = Stage(flagged={SYMBOL: frozenset({SECOND_BAR_NS})})
    stage.held(100, target=0.03)
    assert told(stage.bar(open=104.0, high=150.0)) == [("SELL", "100", "103.0000", "TAKE_PROFIT")]


def test_protect_replaces_what_guards_the_position_from_the_next_bar_on() -> None:
    stage = Stage()
    stage.held(100, stop=0.015)
    stage.protect(0.05, 0.03)
    assert stage.venue.protections() == {SYMBOL: protection(0.05, 0.03)}
    assert stage.bar(low=96.0) == ()
    assert told(stage.bar(high=104.0)) == [("SELL", "100", "103.0000", "TAKE_PROFIT")]


def test_protect_without_a_position_does_nothing() -> None:
    stage = Stage()
    stage.protect(0.05)
    assert stage.venue.protections() == {}
    stage.held(100)
    assert stage.venue.protections() == {}


def test_an_addition_moves_the_levels_with_the_average_entry() -> None:
    stage = Stage()
    stage.held(100, stop=0.10)
    stage.buy(100)
    stage.bar(open=110.0, high=110.0)  # average 105 → stop 94.50
    assert stage.venue.protections() == {SYMBOL: protection(0.10)}
    assert told(stage.bar(open=100.0, low=94.5)) == [("SELL", "200", "94.5000", "STOP")]


def test_a_later_opening_brings_its_own_protection() -> None:
    stage = Stage(liquidity=cap("0.10"))
    stage.held(100, stop=0.10)
    stage.buy(100, protection=protection(0.20))
    stage.bar(volume=500)
    assert stage.venue.protections() == {SYMBOL: protection(0.20)}
    stage.protect(0.30)
    stage.bar(volume=1e6)
    assert stage.venue.protections() == {SYMBOL: protection(0.30)}


def test_the_rest_of_a_stop_sells_at_the_following_opens() -> None:
    stage = Stage(liquidity=cap("0.10"))
    stage.held(100, stop=0.015, target=0.03)
    assert told(stage.bar(low=98.0, volume=400)) == [("SELL", "40", "98.5000", "STOP")]
    assert stage.venue.working() == {SYMBOL: "o1-s1"}
    assert stage.venue.protections() == {SYMBOL: protection(0.015, 0.03)}
    assert told(stage.bar(open=110.0, high=120.0, low=90.0, volume=500)) == [("SELL", "50", "110.0000", "STOP")]
    fills = stage.bar(open=97.0, low=97.0)
    assert [(f.quantity, f.fill_id, f.action) for f in fills] == [(D(10), "o1-s1.3", Action.STOP_LOSS)]
    assert stage.venue.working() == {}


def test_a_stop_touched_in_a_bar_too_thin_sells_from_the_next_one() -> None:
    stage = Stage(liquidity=cap("0.10"))
    stage.held(100, stop=0.015)
    assert stage.bar(low=98.0, volume=5) == ()
    assert stage.venue.working() == {SYMBOL: "o1-s1"}
    assert told(stage.bar(open=99.9, low=99.9)) == [("SELL", "100", "99.9000", "STOP")]


def test_the_rest_of_a_target_waits_to_be_traded_through_again() -> None:
    stage = Stage(liquidity=cap("0.10"))
    stage.held(100, target=0.03)
    assert told(stage.bar(high=103.5, volume=400)) == [("SELL", "40", "103.0000", "TAKE_PROFIT")]
    assert stage.bar(high=103.0) == ()
    fills = stage.bar(high=103.5)
    assert [(f.quantity, f.fill_id) for f in fills] == [(D(60), "o1-t.2")]


def test_an_exit_and_a_stop_in_one_bar_close_the_position_once() -> None:
    stage = Stage(liquidity=cap("0.10"))
    stage.held(100, stop=0.015)
    stage.exit(100)
    fills = stage.bar(low=98.0, volume=700)
    assert told(fills) == [("SELL", "70", "100.0000", "ORDER")]
    assert told(stage.bar(open=97.0, low=97.0)) == [("SELL", "30", "97.0000", "ORDER")]
    assert (stage.venue.working(), stage.venue.protections()) == ({}, {})
    assert stage.bar(low=50.0) == ()


def test_after_an_exit_nothing_is_left_of_the_protection() -> None:
    stage = Stage()
    stage.held(100, stop=0.015, target=0.03)
    stage.exit()
    stage.bar()
    assert stage.venue.protections() == {}
    assert stage.bar(high=120.0, low=80.0) == ()


def test_a_cancel_of_a_working_stop_arms_it_again() -> None:
    stage = Stage(liquidity=cap("0.10"))
    stage.held(100, stop=0.015)
    stage.bar(low=98.0, volume=5)
    stage.cancel()
    assert stage.venue.working() == {}
    assert stage.bar(open=99.0, low=99.0) == ()
    assert [f.fill_id for f in stage.bar(low=98.0)] == ["o1-s2.1"]


def test_a_stop_withdraws_the_rest_of_the_opening() -> None:
    stage = Stage(liquidity=cap("0.10"))
    stage.buy(100, protection=protection(0.015))
    assert told(stage.bar(low=98.0, volume=900)) == [("BUY", "90", "100.0000", "ORDER")]
    assert stage.venue.working() == {SYMBOL: "o1-s1"}
    assert told(stage.bar(open=97.0, low=97.0)) == [("SELL", "90", "97.0000", "STOP")]
    assert stage.bar() == ()


def test_a_target_withdraws_the_rest_of_the_opening() -> None:
    stage = Stage(liquidity=cap("0.10"))
    stage.held(50, target=0.03)
    stage.buy(100, limit_price=D("90"))
    assert told(stage.bar(high=104.0)) == [("SELL", "50", "103.0000", "TAKE_PROFIT")]
    assert stage.venue.working() == {}


def test_a_stop_wider_than_the_price_never_acts() -> None:
    stage = Stage()
    stage.held(100, stop=1.5)
    assert stage.bar(open=0.01, low=0.01) == ()


def test_a_position_without_protection_is_said_to_have_none() -> None:
    stage = Stage()
    stage.held(100)
    assert stage.venue.protections() == {}
    assert stage.bar(high=200.0, low=1.0) == ()
