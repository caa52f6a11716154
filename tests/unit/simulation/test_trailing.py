"""Stops that follow the best close: when they move, where they lie, and that they never retreat."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.unit.simulation.made import Stage, cap, protection, told

from rung.domain.fill import Trigger
from rung.domain.order import Side
from rung.domain.target import Action

D = Decimal


def test_a_trailing_stop_follows_the_best_close_and_not_the_high() -> None:
    stage = Stage()
    stage.held(100, trail_frac=0.05)
    assert stage.bar(open=101.0, high=120.0, low=101.0, close=110.0) == ()
    assert stage.bar(open=106.0, high=106.0, low=104.51, close=105.0) == ()
    (fill,) = stage.bar(open=105.0, low=104.50, high=105.0)
    assert (fill.price, fill.trigger, fill.action) == (D("104.5"), Trigger.STOP, Action.STOP_LOSS)
    assert fill.reason == "trailing stop at 104.50"


def test_it_begins_at_the_entry_price_and_acts_in_the_bar_of_the_entry() -> None:
    stage = Stage()
    stage.buy(protection=protection(trail_quote=1.5))
    assert told(stage.bar(low=98.0)) == [("BUY", "100", "100.0000", "ORDER"), ("SELL", "100", "98.5000", "STOP")]


def test_it_moves_only_for_the_next_bar() -> None:
    stage = Stage()
    stage.held(100, trail_quote=2.0)
    assert stage.bar(open=100.0, high=110.0, low=98.01, close=110.0) == ()
    assert told(stage.bar(open=110.0, high=110.0, low=108.0, close=108.0)) == [("SELL", "100", "108.0000", "STOP")]


def test_a_gap_through_it_fills_at_the_open() -> None:
    stage = Stage()
    stage.held(100, trail_quote=2.0)
    assert told(stage.bar(open=95.0, high=95.0, low=94.0)) == [("SELL", "100", "95.0000", "STOP")]


def test_a_short_is_followed_downwards() -> None:
    stage = Stage()
    stage.held(-100, trail_frac=0.02)
    assert stage.bar(open=95.0, high=95.0, low=80.0, close=90.0) == ()
    assert told(stage.bar(open=90.0, high=91.80, low=90.0)) == [("BUY", "100", "91.8000", "STOP")]


def test_a_wider_distance_never_moves_it_back_and_a_nearer_one_pulls_it_up() -> None:
    stage = Stage()
    stage.held(100, trail_quote=2.0)
    stage.bar(open=100.0, high=110.0, low=100.0, close=110.0)
    stage.protect(trail_quote=5.0)
    assert stage.bar(open=110.0, high=110.0, low=105.01, close=106.0) == ()
    stage.protect(trail_quote=1.0)
    assert told(stage.bar(open=109.5, high=110.0, low=109.0, close=110.0)) == [("SELL", "100", "109.0000", "STOP")]


def test_what_is_said_at_a_close_counts_for_that_close() -> None:
    """The level has not followed the close of 110 by the old distance when the new one comes."""
    stage = Stage()
    stage.held(100, trail_quote=2.0)
    stage.bar(open=100.0, high=110.0, low=100.0, close=110.0)
    stage.protect(trail_quote=8.0)
    assert stage.bar(open=108.0, high=108.0, low=102.01, close=104.0) == ()
    assert told(stage.bar(open=104.0, high=104.0, low=102.0)) == [("SELL", "100", "102.0000", "STOP")]


@pytest.mark.parametrize(("stop", "words"), [(0.01, "stop at 99.00"), (0.03, "trailing stop at 98.00")])
def test_the_nearer_of_stop_and_trailing_stop_acts(stop: float, words: str) -> None:
    stage = Stage()
    stage.held(100, stop=stop, trail_quote=2.0)
    (fill,) = stage.bar(low=90.0)
    assert fill.reason == words


def test_asked_for_later_it_begins_at_the_close_of_the_asking_and_can_be_dropped() -> None:
    stage = Stage()
    stage.held(100)
    stage.bar(open=120.0, high=120.0, low=120.0, close=120.0)
    stage.protect(trail_quote=3.0)  # asked on a reference price of 100
    assert told(stage.bar(open=98.0, high=98.0, low=97.0)) == [("SELL", "100", "97.0000", "STOP")]
    stage.held(100, trail_quote=3.0)
    stage.protect(stop=0.2)
    assert stage.bar(low=81.0) == ()


def test_another_position_knows_nothing_of_the_trail_before() -> None:
    stage = Stage()
    stage.held(100, trail_quote=2.0)
    stage.bar(open=110.0, high=110.0, low=110.0, close=110.0)
    stage.exit(100)
    stage.bar(open=110.0, high=110.0, low=110.0, close=110.0)
    stage.held(100, trail_quote=2.0)
    assert stage.bar(low=98.01) == ()
    assert told(stage.bar(low=98.0)) == [("SELL", "100", "98.0000", "STOP")]


def test_a_partial_exit_and_a_missing_bar_leave_it_where_it_is() -> None:
    stage = Stage()
    stage.held(100, trail_quote=2.0)
    stage.bar(open=110.0, high=110.0, low=110.0, close=110.0)
    stage.exit(40)
    stage.bar(open=109.0, high=109.0, low=109.0, close=109.0)
    stage.gap()
    assert told(stage.bar(open=109.0, high=109.0, low=108.0)) == [("SELL", "60", "108.0000", "STOP")]


def test_an_opening_sent_before_a_newer_protection_does_not_bring_back_its_own() -> None:
    stage = Stage(liquidity=cap("0.10"))
    stage.buy(100, protection=protection(trail_quote=2.0))
    stage.bar(volume=1_000)
    stage.buy(100, protection=protection(trail_quote=1.0))
    stage.protect(trail_quote=6.0)
    stage.bar(volume=0)
    assert stage.bar(volume=1_000, low=98.01) != ()
    assert told(stage.bar(low=98.0)) == [("SELL", "200", "98.0000", "STOP")]


def test_an_addition_sent_after_it_brings_its_own_distance() -> None:
    stage = Stage()
    stage.held(100, trail_quote=6.0)
    stage.send(Side.BUY, 100, protection=protection(trail_quote=1.0))
    assert told(stage.bar(low=99.01)) == [("BUY", "100", "100.0000", "ORDER")]
    assert told(stage.bar(low=99.0)) == [("SELL", "200", "99.0000", "STOP")]
