"""The end of a margin account: when, at what price, at what fee, and never in silence.

1 000 USDT, 0.1 BTC at 50 000 (five times the account), maintenance 0.5 %.
Long: 1 000 + 0.1·(p − 50 000) = 0.0005·p at p = 40 201.005…; nothing is left at 40 000.
Short: 1 000 + 0.1·(50 000 − p) = 0.0005·p at p = 59 701.49…; nothing is left at 60 000.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.unit.simulation.made_perps import BTC, COIN, ETH, TERMS, PerpStage, history

from rung.domain.charge import ChargeKind
from rung.domain.errors import Refusable, UserError
from rung.domain.fill import Fill, Trigger
from rung.domain.instrument import margin_tier
from rung.domain.order import Side
from rung.domain.target import Protection
from rung.simulation.margin import MarginAccount, way_to_ruin
from rung.simulation.params import MarginParams

D = Decimal


def held(quantity: str = "0.1", **costs: str) -> PerpStage:
    on = PerpStage(**costs)
    on.send(quantity, reference_price=D(50_000))
    on.slice(BTCUSDT=50_000.0)
    assert [f.trigger for f in on.fills] == [Trigger.ORDER]
    return on


def ended(fills: tuple[Fill, ...]) -> Fill:
    (fill,) = fills
    assert fill.trigger is Trigger.LIQUIDATION
    assert fill.closes
    return fill


def test_the_liquidation_price_of_a_long_is_the_hand_computed_one() -> None:
    price = TERMS.liquidation_price(D("0.1"), D(50_000), D(1000))
    assert price == D(4000) / D("0.0995")
    on = held()
    assert on.slice(BTCUSDT=(45_000.0, 45_000.0, 40_201.1, 45_000.0)) == ()
    assert ended(on.slice(BTCUSDT=(45_000.0, 45_000.0, 40_201.0, 45_000.0))).side is Side.SELL


def test_the_liquidation_price_of_a_short_is_the_hand_computed_one() -> None:
    price = TERMS.liquidation_price(D("-0.1"), D(50_000), D(1000))
    assert price is not None
    assert round(price, 4) == round(D(6000) / D("0.1005"), 4)
    on = held("-0.1")
    assert on.slice(BTCUSDT=(55_000.0, 59_701.4, 55_000.0, 55_000.0)) == ()
    assert ended(on.slice(BTCUSDT=(55_000.0, 59_701.5, 55_000.0, 55_000.0))).side is Side.BUY


def test_a_long_that_is_paid_in_full_is_never_closed() -> None:
    assert TERMS.liquidation_price(D("0.02"), D(50_000), D(1000)) is None
    on = held("0.02")
    assert on.slice(BTCUSDT=(45_000.0, 45_000.0, 0.1, 45_000.0)) == ()


def test_a_bar_that_stops_before_ruin_closes_at_its_extreme() -> None:
    on = held()
    fill = ended(on.slice(BTCUSDT=(45_000.0, 45_000.0, 40_150.0, 45_000.0)))
    assert (fill.price, fill.reference_price, fill.at_ns) == (D("40150.0"), D("40150.0"), on.now_ns)
    assert on.ledger.equity_quote == D(15)


def test_a_bar_that_goes_beyond_ruin_costs_the_account_and_no_more() -> None:
    on = held()
    fill = ended(on.slice(BTCUSDT=(45_000.0, 45_000.0, 30_000.0, 45_000.0)))
    assert fill.price.quantize(D("0.01")) == D(40_000)
    assert 0 <= on.ledger.equity_quote < D("0.0001")
    assert "below zero" not in fill.reason


def test_a_bar_that_opens_beyond_ruin_leaves_a_debt_and_says_so() -> None:
    """At 38 000 the long has lost 1 200 of 1 000."""
    on = held()
    fill = ended(on.slice(BTCUSDT=(38_000.0, 39_000.0, 37_000.0, 39_000.0)))
    assert (fill.price, fill.at_ns) == (D(38_000), on.now_ns - on.step_ns)
    assert on.ledger.equity_quote == D(-200)
    assert fill.reason.endswith("; the margin is 200.00 below zero")


def test_a_gap_that_ends_the_account_leaves_no_time_for_the_exit_on_its_way() -> None:
    on = held()
    on.send("-0.1", reduce_only=True)
    on.send("0.1")
    fills = on.slice(BTCUSDT=(38_000.0, 39_000.0, 37_000.0, 39_000.0))
    assert ended(fills).price == D(38_000)
    assert dict(on.venue.working()) == {}


def test_a_stop_before_the_liquidation_price_saves_the_account() -> None:
    on = PerpStage()
    on.send("0.1", protection=Protection(stop_frac=0.1))
    on.slice(BTCUSDT=50_000.0)
    (fill,) = on.slice(BTCUSDT=(48_000.0, 48_000.0, 30_000.0, 31_000.0))
    assert (fill.trigger, fill.price) == (Trigger.STOP, D(45_000))
    assert on.ledger.equity_quote == D(500)


def test_a_bar_that_touches_ruin_and_the_target_is_ruin() -> None:
    on = PerpStage()
    on.send("0.1", protection=Protection(take_profit_frac=0.02))
    on.slice(BTCUSDT=50_000.0)
    ended(on.slice(BTCUSDT=(50_000.0, 55_000.0, 39_000.0, 55_000.0)))


def test_a_position_opened_in_the_bar_faces_the_whole_bar() -> None:
    on = PerpStage()
    on.send("0.1")
    fills = on.slice(BTCUSDT=(50_000.0, 50_000.0, 39_000.0, 50_000.0))
    assert [f.trigger for f in fills] == [Trigger.ORDER, Trigger.LIQUIDATION]


def test_the_fee_is_taken_of_the_value_and_out_of_what_is_left() -> None:
    on = held(fee_bps="10")
    on.slice(BTCUSDT=(45_000.0, 45_000.0, 40_150.0, 45_000.0))
    (charge,) = on.charges
    assert (charge.kind, charge.amount_quote) == (ChargeKind.LIQUIDATION_FEE, D("4.015"))
    assert on.ledger.equity_quote == D("10.985")
    on = held(fee_bps="100")
    on.slice(BTCUSDT=(45_000.0, 45_000.0, 40_150.0, 45_000.0))
    assert (on.charges[0].amount_quote, on.ledger.equity_quote) == (D(15), D(0))


def test_crossing_costs_bring_ruin_nearer_not_below_zero() -> None:
    on = held(half_spread="10")
    fill = ended(on.slice(BTCUSDT=(45_000.0, 45_000.0, 30_000.0, 45_000.0)))
    assert fill.slippage_quote == D("1.0")
    assert 0 <= on.ledger.equity_quote < D("0.0001")
    assert fill.price.quantize(D("0.01")) == D(40_010)


def test_fees_and_funding_bring_the_end_nearer() -> None:
    """A funding of 1 % of 5 000 takes 50: the margin now ends at (4 050) ÷ 0.0995 = 40 703.5."""
    rates = {BTC: history(BTC, ("0", "0.01", *["0"] * 20))}
    on = PerpStage(rates=rates, minutes=60)
    on.send("0.1")
    for _ in range(8):
        on.slice(BTCUSDT=50_000.0)
    ended(on.slice(BTCUSDT=(45_000.0, 45_000.0, 40_703.0, 45_000.0)))
    assert on.paid() == D(50)


def test_one_account_stands_behind_all_symbols_and_ends_them_together() -> None:
    on = PerpStage()
    on.send("0.05")
    on.send("-1", ETH)
    on.slice(BTCUSDT=50_000.0, ETHUSDT=2_500.0)
    assert on.slice(BTCUSDT=(50_000.0, 50_000.0, 42_000.0, 45_000.0), ETHUSDT=2_500.0) == ()
    fills = on.slice(BTCUSDT=(45_000.0, 45_000.0, 40_000.0, 42_000.0), ETHUSDT=(2_500.0, 3_000.0, 2_500.0, 2_500.0))
    assert {f.symbol: f.trigger for f in fills} == {BTC: Trigger.LIQUIDATION, ETH: Trigger.LIQUIDATION}
    assert 0 <= on.ledger.equity_quote < D("0.01")


def test_a_gain_of_one_symbol_carries_the_loss_of_another() -> None:
    on = held()
    on.send("-2", ETH)
    on.slice(BTCUSDT=50_000.0, ETHUSDT=2_500.0)
    falling, fallen = (41_000.0, 41_000.0, 39_000.0, 39_000.0), (1_900.0, 1_900.0, 1_800.0, 1_800.0)
    assert on.slice(BTCUSDT=falling, ETHUSDT=fallen) == ()
    assert on.ledger.equity_quote == D(1000) - D(1100) + D(1400)


def test_a_symbol_without_a_bar_is_closed_at_its_newest_close() -> None:
    on = held()
    on.send("-0.1", ETH)
    on.slice(BTCUSDT=50_000.0, ETHUSDT=2_500.0)
    fills = on.slice(BTCUSDT=(45_000.0, 45_000.0, 30_000.0, 45_000.0))
    assert {f.symbol: f.price.quantize(D("0.01")) for f in fills} == {BTC: D(40_000), ETH: D(2_500)}


def test_a_bar_without_volume_ends_nobody() -> None:
    on = held()
    assert on.slice(BTCUSDT=(30_000.0, 30_000.0, 30_000.0, 30_000.0, 0.0)) == ()
    ended(on.slice(BTCUSDT=30_000.0))


def test_spot_held_counts_as_margin_only_as_far_as_it_is_said_to() -> None:
    """800 of 1 000 in coins: with none counted, 200 carry the perpetual; with 90 %, 920 do."""
    for collateral, survives in (("0", False), ("0.9", True)):
        on = PerpStage(collateral=collateral)
        on.send("8", COIN)
        on.slice(BTC=100.0)
        on.send("0.02")
        on.slice(BTC=100.0, BTCUSDT=50_000.0)
        fills = on.slice(BTC=100.0, BTCUSDT=(45_000.0, 45_000.0, 40_000.0, 45_000.0))
        assert (fills == ()) is survives
        assert COIN in on.ledger.held_symbols()


def test_after_the_end_the_account_trades_on_with_what_is_left() -> None:
    on = held()
    on.slice(BTCUSDT=(45_000.0, 45_000.0, 40_150.0, 45_000.0))
    on.send("0.001")
    (fill,) = on.slice(BTCUSDT=45_000.0)
    assert fill.trigger is Trigger.ORDER
    assert on.margin.money_quote == D(15) - D(45)


def test_larger_positions_need_more_margin_by_tiers() -> None:
    """150 000: 0.5 % of 100 000 and 1 % of 50 000."""
    assert TERMS.maintenance_quote(D(150_000)) == D(1000)
    assert TERMS.maintenance_quote(D(100_000)) == D(500)
    assert (TERMS.max_leverage(D(99_999)), TERMS.max_leverage(D(100_000))) == (D(100), D(50))
    assert TERMS.initial_quote(D(5000), D(5)) == D(1000)
    with pytest.raises(ValueError, match="not between 1 and 100"):
        TERMS.initial_quote(D(5000), D(101))
    price = TERMS.liquidation_price(D(4), D(50_000), D(20_000))
    assert price is not None
    assert abs(D(20_000) + 4 * (price - 50_000) - TERMS.maintenance_quote(4 * price)) < D("1e-15")


def test_what_no_venue_takes_is_refused_at_the_door() -> None:
    on = PerpStage()
    with pytest.raises(Refusable, match="no multiple of the tick"):
        on.send("1", limit_price=D("100.05"))
    with pytest.raises(Refusable, match="below the least"):
        on.send("0.001", reference_price=D(4000))
    with pytest.raises(Refusable, match="leverage 101"):
        on.send("0.1", reference_price=D(50_000), leverage=D(101))
    with pytest.raises(Refusable, match="lots"):
        on.send("0.0005", reference_price=D(50_000))
    on.slice(BTCUSDT=50_000.0)
    assert on.send("-0.001", reduce_only=True, reference_price=D(1))


def test_resting_orders_pay_the_maker_and_crossing_ones_the_taker() -> None:
    on = PerpStage(maker_bps="2", taker_bps="5.5")
    on.send("0.1")
    (taker,) = on.slice(BTCUSDT=50_000.0)
    on.send("-0.1", limit_price=D(51_000), reduce_only=True)
    (maker,) = on.slice(BTCUSDT=(50_000.0, 51_500.0, 50_000.0, 51_000.0))
    assert (taker.fee_quote, maker.fee_quote) == (D("2.75"), D("1.02"))


def test_no_cash_moves_on_entry_but_the_fee() -> None:
    on = held(taker_bps="5.5")
    assert on.ledger.cash_quote == D("997.25")
    on.slice(BTCUSDT=52_000.0)
    account = on.ledger.account(on.now_ns, {}, {})
    assert (account.cash_quote, account.equity_quote) == (D("997.25"), D("1197.25"))
    assert account.gross_notional_quote == D(5200)


def test_a_margin_account_starts_with_money() -> None:
    params = MarginParams(liquidation_fee_bps=D(0), spot_collateral_frac=D(0))
    for capital in ("0", "-1", "NaN"):
        with pytest.raises(UserError, match="capital"):
            MarginAccount(D(capital), params)


def test_charges_of_a_slice_are_told_once_more_when_asked_again_and_forgotten_at_the_next() -> None:
    on = held(fee_bps="10")
    on.slice(BTCUSDT=(45_000.0, 45_000.0, 40_150.0, 45_000.0))
    assert on.venue.charges() == on.venue.charges() != ()
    on.slice(BTCUSDT=45_000.0)
    assert on.venue.charges() == ()


def test_an_opening_works_on_over_midnight_in_a_market_that_never_closes() -> None:
    on = PerpStage(minutes=60)
    on.send("0.1", limit_price=D(45_000))
    for _ in range(24):
        on.slice(BTCUSDT=50_000.0)
    on.send("0.01")
    (market,) = on.slice(BTCUSDT=50_000.0)
    assert market.at_ns == on.now_ns - on.step_ns
    (limit,) = on.slice(BTCUSDT=(46_000.0, 46_000.0, 44_000.0, 46_000.0))
    assert limit.price == D(45_000)


def test_short_spot_is_closed_when_nothing_is_left() -> None:
    """10 coins sold at 100 with 1 000 behind them: nothing is left at 200."""
    on = PerpStage()
    on.send("-10", COIN)
    on.slice(BTC=100.0)
    assert on.slice(BTC=(150.0, 199.9, 150.0, 180.0)) == ()
    fill = ended(on.slice(BTC=(180.0, 230.0, 180.0, 220.0)))
    assert (fill.symbol, fill.price.quantize(D("0.01"))) == (COIN, D(200))
    assert 0 <= on.ledger.equity_quote < D("0.01")


def test_a_quiet_rise_into_a_dearer_tier_is_seen() -> None:
    """1.99 BTC short at 50 000: at 50 600 its value is 100 694, of which 694 need a half: 847 of the 606 there are."""
    steep = replace(TERMS, tiers=(margin_tier("0", "0.005", "100"), margin_tier("100000", "0.5", "2")))
    on = PerpStage("1800", terms=steep)
    on.send("-1.99")
    on.slice(BTCUSDT=50_000.0)
    on.slice(BTCUSDT=50_000.0)
    ended(on.slice(BTCUSDT=(50_000.0, 50_600.0, 50_000.0, 50_000.0)))


def test_the_way_to_ruin_is_none_all_or_up_to_where_nothing_is_left() -> None:
    assert way_to_ruin(D(100), D(0), D("0.01")) == 1
    assert way_to_ruin(D(-1), D(-50), D("0.01")) == 0
    assert way_to_ruin(D(0), D(-50), D(0)) == 0
    assert way_to_ruin(D("0.01"), D(-50), D("0.01")) == 0
    assert way_to_ruin(D(100), D(-100), D(0)) == D("0.5")
    assert way_to_ruin(D(100), D(-100), D(2)) == D("0.49")
