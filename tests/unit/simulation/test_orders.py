"""When and at what price orders fill."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.unit.simulation.made import OPEN_NS, SYMBOL, Stage, cap, fee_params, rates, slippage, told

from rung.domain.bar import Bar
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import Refusable
from rung.domain.fill import Trigger
from rung.domain.order import OrderKind, Side
from rung.domain.target import Action
from rung.simulation.fees import FlatBpsFees, UsEquityFees
from rung.simulation.latency import FixedLatency

D = Decimal


def test_a_market_order_fills_at_the_next_bars_open() -> None:
    stage = Stage()
    stage.bar(close=100.0)
    stage.buy()
    (fill,) = stage.bar(open=101.5, high=103.0, low=99.0, close=102.0)
    assert (fill.price, fill.reference_price, fill.quantity) == (D("101.5"), D("101.5"), D(100))
    assert fill.at_ns == stage.now_ns - NS_PER_MINUTE
    assert (fill.trigger, fill.action, fill.reason, fill.closes) == (
        Trigger.ORDER, Action.ENTER_LONG, "a test", False,
    )  # fmt: skip


def test_an_order_sent_before_any_slice_fills_on_the_first_bar() -> None:
    stage = Stage()
    stage.buy()
    assert told(stage.bar(open=101.0, high=101.0)) == [("BUY", "100", "101.0000", "ORDER")]


def test_a_missing_minute_is_waited_for() -> None:
    stage = Stage()
    stage.bar()
    order_id = stage.buy()
    assert stage.gap() == ()
    assert stage.venue.working() == {SYMBOL: order_id}
    assert told(stage.bar(open=98.0, low=98.0)) == [("BUY", "100", "98.0000", "ORDER")]
    assert stage.venue.working() == {}


def test_a_bar_that_opened_before_the_decision_fills_nothing() -> None:
    stage = Stage()
    stage.bar()
    stage.buy()
    late = Bar(
        symbol=SYMBOL, open_ns=OPEN_NS, interval_ns=NS_PER_MINUTE,
        open=100.0, high=100.0, low=100.0, close=100.0, volume=1e6,
    )  # fmt: skip
    assert stage.slice({SYMBOL: late}) == ()
    assert len(stage.bar()) == 1


def test_another_symbols_bar_fills_nothing() -> None:
    stage = Stage()
    stage.buy()
    other = Bar(
        symbol="SQQQ", open_ns=stage.now_ns, interval_ns=NS_PER_MINUTE,
        open=20.0, high=20.0, low=20.0, close=20.0, volume=1e6,
    )  # fmt: skip
    assert stage.slice({"SQQQ": other}) == ()


def test_spread_and_slippage_are_against_us_on_both_sides() -> None:
    stage = Stage(slippage=slippage("1", "0.005", "1"))
    stage.buy()
    (bought,) = stage.bar(open=60.0, low=60.0)
    assert (bought.price, bought.reference_price) == (D("60.0120"), D("60.0"))
    stage.exit()
    (sold,) = stage.bar(open=60.0, low=60.0)
    assert sold.price == D("59.9880")
    assert bought.slippage_quote == sold.slippage_quote == D("1.20")


def test_a_fill_says_what_it_was_charged() -> None:
    stage = Stage(fees=UsEquityFees(fee_params()))
    stage.buy(200)
    assert [f.fee_quote for f in stage.bar()] == [D("0.01")]
    stage.exit(200)
    assert [f.fee_quote for f in stage.bar()] == [D("0.05")]


def test_nights_count_for_shorts_only_and_from_their_opening() -> None:
    params = fee_params(rates=(rates("2025-01-01", "0", "0", "0", "0"),), borrow_annual_bps=D(360))
    for held, side, charged in ((100, Side.SELL, D(0)), (-100, Side.BUY, D("2.00"))):
        stage = Stage(fees=UsEquityFees(params))
        stage.held(held)
        stage.next_session()
        stage.next_session()
        stage.exit(side=side)
        assert [f.fee_quote for f in stage.bar()] == [charged]
        stage.send(side.opposite)
        stage.bar()
        stage.exit(side=side)
        assert [f.fee_quote for f in stage.bar()] == [D(0)]


def test_a_seller_of_something_nearly_worthless_still_pays_for_it() -> None:
    stage = Stage(slippage=slippage("0", "0.005", "0"))
    stage.buy()
    stage.bar(open=0.004, low=0.004)
    stage.exit()
    (fill,) = stage.bar(open=0.00005, low=0.00005)
    assert fill.price == D("0.00005")
    assert fill.slippage_quote == 0


def test_latency_pushes_the_fill_to_a_later_bar() -> None:
    stage = Stage(latency=FixedLatency(NS_PER_MINUTE))
    stage.bar()
    stage.buy()
    assert stage.bar(open=101.0, high=101.0) == ()
    assert told(stage.bar(open=102.0, high=102.0)) == [("BUY", "100", "102.0000", "ORDER")]


def test_a_late_cancel_cannot_stop_the_fill_before_it() -> None:
    stage = Stage(latency=FixedLatency(NS_PER_MINUTE))
    stage.buy()
    stage.bar()
    stage.cancel()
    assert len(stage.bar()) == 1


def test_a_cancel_on_its_way_leaves_orders_sent_after_it_alone() -> None:
    stage = Stage(latency=FixedLatency(NS_PER_MINUTE), liquidity=cap("0.10"))
    stage.buy(100)
    stage.bar()
    stage.bar(volume=500)
    stage.cancel()
    later = stage.buy(10)
    stage.bar(volume=0)
    stage.bar(volume=0)
    assert stage.venue.working() == {SYMBOL: later}


def test_a_cancel_arrives_though_the_symbol_has_no_bar() -> None:
    stage = Stage(latency=FixedLatency(NS_PER_MINUTE))
    stage.buy(limit_price=D(50))
    stage.bar()
    stage.cancel()
    stage.gap()
    assert stage.venue.working() == {}


def test_participation_is_capped_and_the_rest_carries_over() -> None:
    stage = Stage(liquidity=cap("0.10"))
    order_id = stage.buy(100)
    assert told(stage.bar(volume=405)) == [("BUY", "40", "100.0000", "ORDER")]
    assert stage.venue.working() == {SYMBOL: order_id}
    fills = stage.bar(open=101.0, high=101.0, volume=1e6)
    assert told(fills) == [("BUY", "60", "101.0000", "ORDER")]
    assert [f.fill_id for f in fills] == [f"{order_id}.2"]
    assert stage.venue.working() == {}


def test_all_orders_of_a_symbol_share_one_bars_room_in_order_of_sending() -> None:
    stage = Stage(liquidity=cap("0.10"))
    stage.held(100)
    stage.exit(100)
    stage.sell(50)
    assert told(stage.bar(volume=600)) == [("SELL", "60", "100.0000", "ORDER")]
    assert [(f.quantity, f.closes) for f in stage.bar(volume=700)] == [(D(40), True), (D(30), False)]


@pytest.mark.parametrize("volume", [0.0, float("nan"), -5.0])
def test_a_bar_without_volume_fills_nothing(volume: float) -> None:
    stage = Stage()
    stage.held(100, stop=0.01)
    stage.exit()
    assert stage.bar(open=50.0, low=50.0, volume=volume) == ()


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["open", "high", "low", "close"])
def test_a_bar_without_real_prices_fills_nothing(name: str, price: float) -> None:
    stage = Stage()
    stage.held(100, stop=0.01)
    stage.exit()
    assert stage.bar(**{name: price}) == ()
    assert len(stage.bar()) == 1


def test_a_bar_too_thin_for_one_lot_fills_nothing() -> None:
    stage = Stage(liquidity=cap("0.10"))
    stage.buy(10)
    assert stage.bar(volume=9) == ()
    assert len(stage.bar(volume=10)) == 1


def test_an_unfilled_opening_dies_with_its_session() -> None:
    stage = Stage(liquidity=cap("0.10"))
    stage.to_last_minute()
    stage.buy(100)
    assert len(stage.bar(volume=100)) == 1
    assert stage.venue.working() == {}
    stage.next_session()
    assert stage.bar() == ()


def test_an_opening_sent_on_the_last_slice_dies_unfilled() -> None:
    stage = Stage()
    stage.to_last_minute()
    stage.bar()
    stage.buy(100)
    stage.next_session()
    assert stage.bar() == ()
    assert stage.venue.working() == {}


def test_an_opening_sent_after_the_close_belongs_to_the_next_session() -> None:
    stage = Stage()
    stage.to_last_minute()
    stage.bar()
    stage.next_session()
    stage.buy(100)
    assert len(stage.bar()) == 1


def test_an_exit_that_found_no_bar_carries_over_the_night_and_is_seen() -> None:
    stage = Stage()
    stage.held(100)
    stage.to_last_minute()
    order_id = stage.exit()
    stage.gap()
    assert stage.venue.working() == {SYMBOL: order_id}
    stage.next_session()
    assert told(stage.bar(open=90.0, low=90.0)) == [("SELL", "100", "90.0000", "ORDER")]


def test_a_limit_fills_only_when_traded_through() -> None:
    stage = Stage(slippage=slippage("1", "0.005", "1"))
    order_id = stage.buy(limit_price=D("99.50"))
    assert stage.bar(open=100.0, low=99.50) == ()
    (fill,) = stage.bar(open=100.0, low=99.49)
    assert (fill.price, fill.slippage_quote, fill.order_id) == (D("99.50"), 0, order_id)
    assert fill.at_ns == stage.now_ns


def test_a_limit_that_opens_beyond_its_price_fills_at_the_open_with_costs() -> None:
    stage = Stage(slippage=slippage("0", "0.05", "0"))
    stage.buy(limit_price=D("99.50"))
    (fill,) = stage.bar(open=99.0, low=98.0)
    assert (fill.price, fill.reference_price) == (D("99.05"), D("99.0"))
    assert fill.at_ns == stage.now_ns - NS_PER_MINUTE


def test_a_limit_never_fills_worse_than_its_price() -> None:
    stage = Stage(slippage=slippage("0", "0.05", "0"))
    stage.buy(limit_price=D("99.50"))
    assert [f.price for f in stage.bar(open=99.49, low=99.0)] == [D("99.50")]


def test_a_sale_limit_that_gapped_never_fills_below_its_price() -> None:
    stage = Stage(slippage=slippage("0", "0.05", "0"))
    stage.held(100)
    stage.exit(limit_price=D("100.50"))
    assert [f.price for f in stage.bar(open=100.51, high=101.0)] == [D("100.50")]
    stage.held(100)
    stage.exit(limit_price=D("100.50"))
    assert [f.price for f in stage.bar(open=101.0, high=101.0)] == [D("100.95")]


def test_slippage_is_asked_for_what_will_really_fill() -> None:
    asked: list[Decimal] = []

    class Impact:
        def cost_per_unit_quote(self, reference_price: Decimal, quantity: Decimal, bar: Bar) -> Decimal:
            asked.append(quantity)
            return quantity * D("0.001")

    stage = Stage(slippage=Impact(), liquidity=cap("0.10"))
    stage.buy(100)
    assert [f.price for f in (*stage.bar(volume=400), *stage.bar(volume=1e6))] == [D("100.04"), D("100.06")]
    assert asked == [D(40), D(60)]


def test_a_resting_sale_mirrors_a_resting_purchase() -> None:
    stage = Stage()
    stage.held(100)
    stage.exit(limit_price=D("100.50"))
    assert stage.bar(high=100.50) == ()
    assert told(stage.bar(high=100.51)) == [("SELL", "100", "100.5000", "ORDER")]


def test_a_resting_limit_pays_the_makers_fee_and_a_crossing_one_the_takers() -> None:
    stage = Stage(fees=FlatBpsFees(maker_bps=D(0), taker_bps=D(10)))
    stage.buy(limit_price=D("99.50"))
    assert [f.fee_quote for f in stage.bar(low=99.0)] == [0]
    stage.buy(limit_price=D("101"))
    assert [f.fee_quote for f in stage.bar()] == [D("10")]


def test_a_cancel_withdraws_everything_that_works_for_the_symbol() -> None:
    stage = Stage()
    stage.buy(limit_price=D("90"))
    stage.buy(limit_price=D("80"))
    stage.cancel()
    assert stage.venue.working() == {}
    assert stage.bar(open=100.0, low=50.0) == ()


def test_an_order_after_a_cancel_in_the_same_slice_lives() -> None:
    stage = Stage()
    stage.buy(limit_price=D("90"))
    stage.cancel()
    stage.buy(50)
    assert told(stage.bar()) == [("BUY", "50", "100.0000", "ORDER")]


def test_an_exit_never_sells_more_than_is_held() -> None:
    stage = Stage()
    stage.held(100)
    stage.exit(150)
    assert told(stage.bar()) == [("SELL", "100", "100.0000", "ORDER")]
    assert stage.venue.working() == {}


def test_two_exits_together_sell_what_is_held_once() -> None:
    stage = Stage()
    stage.held(100)
    stage.exit(100)
    stage.exit(100)
    assert sum(f.quantity for f in stage.bar()) == 100
    assert stage.bar() == ()


@pytest.mark.parametrize(("held", "side"), [(100, Side.BUY), (-100, Side.SELL), (0, Side.SELL)])
def test_a_reduce_only_order_that_would_add_does_nothing(held: int, side: Side) -> None:
    stage = Stage()
    if held:
        stage.held(held)
    stage.exit(50, side=side)
    assert stage.bar() == ()
    assert stage.venue.working() == {}


def test_an_opening_against_the_position_closes_it_first_and_then_opens() -> None:
    stage = Stage()
    stage.held(100)
    order_id = stage.sell(150)
    fills = stage.bar()
    assert [(f.quantity, f.closes, f.fill_id) for f in fills] == [
        (D(100), True, f"{order_id}.1"),
        (D(50), False, f"{order_id}.2"),
    ]
    stage.exit(50, side=Side.BUY)
    assert told(stage.bar()) == [("BUY", "50", "100.0000", "ORDER")]


def test_working_names_the_order_that_adds_risk() -> None:
    stage = Stage()
    stage.held(100)
    stage.exit(100)
    opening = stage.sell(100)
    assert stage.venue.working() == {SYMBOL: opening}


def test_what_the_venue_answered_never_changes_afterwards() -> None:
    stage = Stage()
    order_id = stage.buy()
    before = stage.venue.working()
    stage.bar()
    assert before == {SYMBOL: order_id}
    assert stage.venue.working() == {}


def test_time_only_moves_forward() -> None:
    stage = Stage()
    stage.bar()
    stage.minute -= 1
    with pytest.raises(ValueError, match="does not come after"):
        stage.bar()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"symbol": "NVDA"}, "not traded here"),
        ({"quantity": D("0.5")}, "number of lots"),
        ({"quantity": D(0)}, "number of lots"),
        ({"quantity": D(-100)}, "number of lots"),
        ({"quantity": D("NaN")}, "number of lots"),
        ({"kind": OrderKind.LIMIT}, "has no price"),
        ({"limit_price": D(0)}, "has no price"),
        ({"kind": OrderKind.PROTECT}, "protects with nothing"),
    ],
)
def test_what_no_venue_could_take_is_refused_at_the_door(changes: dict[str, object], why: str) -> None:
    stage = Stage()
    with pytest.raises(Refusable, match=why):
        stage.buy(**changes)  # type: ignore[arg-type]
    assert stage.venue.working() == {}


def test_an_order_id_is_taken_once() -> None:
    stage = Stage()
    stage.buy(order_id="once")
    with pytest.raises(Refusable, match="used before"):
        stage.buy(order_id="once")
    assert [f.quantity for f in stage.bar()] == [D(100)]
