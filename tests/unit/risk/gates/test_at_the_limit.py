"""Exactly at a limit: what each rule says there, one step on either side of it, and what it offers instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from tests.unit.risk import made

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import Refusable
from rung.domain.instrument import AssetClass, Instrument, us_equity
from rung.domain.order import Order, OrderKind, Side
from rung.domain.target import Protection
from rung.domain.verdicts import Violation
from rung.domain.view import View
from rung.risk.gate import Gate
from rung.risk.gates.bar_volume import BarVolume
from rung.risk.gates.end_of_day import EndOfDay
from rung.risk.gates.equity_floor import EquityFloor
from rung.risk.gates.gross_leverage import GrossLeverage
from rung.risk.gates.gross_notional import GrossNotional
from rung.risk.gates.margin_use import MarginUse
from rung.risk.gates.max_positions import MaxPositions
from rung.risk.gates.min_notional import MinNotional
from rung.risk.gates.order_value import OrderValue
from rung.risk.gates.participation import Participation
from rung.risk.gates.price_collar import PriceCollar
from rung.risk.gates.session_open import SessionOpen
from rung.risk.gates.stop import MandatoryStop
from rung.risk.gates.symbol_leverage import SymbolLeverage
from rung.risk.gates.symbol_notional import SymbolNotional
from rung.risk.gates.tick_lot import TickLot
from rung.risk.gates.trade_margin import TradeMargin
from rung.risk.gates.trade_risk import TradeRisk

D = Decimal
SHARES = {"TQQQ": us_equity("TQQQ")}


def ask(gate: Gate, order: Order, view: View | None = None, ahead: Sequence[Order] = ()) -> list[Violation]:
    return list(gate.check(order, view or made.view(), ahead))


def holding(*positions: str, equity: str = "100000") -> View:
    return made.view(of=made.account(*(made.position(s) for s in positions), equity=D(equity)))


def at_minute(minute: int, second: int = 0) -> View:
    at_ns = made.OPEN_NS + minute * NS_PER_MINUTE + second * 1_000_000_000
    return made.view(made.slice_(at_ns=at_ns))


@pytest.mark.parametrize(
    ("gate", "passes", "refused"),
    [
        (SymbolNotional(0.25), made.order(quantity="250"), made.order(quantity="250.01")),
        (GrossNotional("0.25"), made.order(quantity="250"), made.order(quantity="251")),
        (GrossLeverage(0.25), made.order(quantity="250"), made.order(quantity="250.01")),
        (GrossLeverage(0.75, {"TQQQ": 3}), made.order(quantity="250"), made.order(quantity="251")),
        (MarginUse(0.25), made.order(quantity="250"), made.order(quantity="251")),
        (MarginUse(0.25, account_leverage=2), made.order(quantity="500"), made.order(quantity="501")),
        (OrderValue(0.2), made.order(quantity="200"), made.order(quantity="201")),
        (TradeMargin(0.05), made.order(quantity="50"), made.order(quantity="51")),
        (TradeMargin(0.05), made.order(quantity="500", leverage=D(10)), made.order(quantity="501", leverage=D(10))),
        (TradeMargin(max_quote="0.50"), made.order(quantity="0.005"), made.order(quantity="0.0051")),
        (OrderValue(max_quote=5), made.order(quantity="0.05"), made.order(quantity="0.051")),
        (OrderValue(0.2, 5_000), made.order(quantity="50"), made.order(quantity="51")),
        (OrderValue(0.01, 5_000), made.order(quantity="10"), made.order(quantity="11")),
        (TradeRisk(max_quote="0.10"), made.order(quantity="0.05"), made.order(quantity="0.051")),
        (TradeRisk(0.002), made.order(quantity="100"), made.order(quantity="101")),
        (
            MandatoryStop(0.005, 0.05),
            made.order(protection=Protection(trail_quote=5.0)),
            made.order(protection=Protection(trail_quote=5.01)),
        ),
        (
            MandatoryStop(0.005, 0.05),
            made.order(protection=Protection(stop_frac=0.04, trail_frac=0.005)),
            made.order(protection=Protection(stop_frac=0.04, trail_frac=0.0049)),
        ),
        (
            TradeRisk(0.002),
            made.order(protection=Protection(trail_frac=0.02)),
            made.order(protection=Protection(trail_frac=0.0201)),
        ),
        (
            MandatoryStop(0.005, 0.05),
            made.order(protection=Protection(stop_frac=0.005)),
            made.order(protection=Protection(stop_frac=0.00499)),
        ),
        (
            MandatoryStop(0.005, 0.05),
            made.order(protection=Protection(stop_frac=0.05)),
            made.order(protection=Protection(stop_frac=0.0501)),
        ),
        (
            SymbolLeverage(SHARES, major=1.5, other=1.2, equity=1),
            made.order(leverage=D(1)),
            made.order(leverage=D("1.01")),
        ),
        (Participation(0.01), made.order(quantity="500"), made.order(quantity="501")),
        (PriceCollar(0.01), made.order(reference_price=D(101)), made.order(reference_price=D("101.01"))),
        (PriceCollar(0.01), made.order(reference_price=D(99)), made.order(reference_price=D("98.99"))),
        (
            MinNotional(SHARES),
            made.order(quantity="1", reference_price=D(1)),
            made.order(quantity="1", reference_price=D("0.99")),
        ),
        (TickLot(SHARES), made.order(quantity="7"), made.order(quantity="7.5")),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_exactly_at_the_limit_passes_and_one_step_beyond_does_not(gate: Gate, passes: Order, refused: Order) -> None:
    assert ask(gate, passes) == []
    assert len(ask(gate, refused)) == 1


@pytest.mark.parametrize(
    ("gate", "passes", "refused"),
    [
        (MaxPositions(2), holding("SQQQ"), holding("SQQQ", "UVXY")),
        (EquityFloor(D(100_000), 0.6, 0), holding(equity="60000"), holding(equity="59999.99")),
        (EquityFloor(D(100_000), 0, 10_000), holding(equity="10000"), holding(equity="9999.99")),
        (
            BarVolume(100),
            made.view(made.slice_(made.bar(volume=100.0))),
            made.view(made.slice_(made.bar(volume=99.9))),
        ),
        (EndOfDay(30), at_minute(360), at_minute(360, second=1)),
        (SessionOpen(), at_minute(0), at_minute(-1)),
        (SessionOpen(), at_minute(389), at_minute(390)),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_exactly_at_the_limit_of_the_account_or_the_clock_passes(gate: Gate, passes: View, refused: View) -> None:
    assert ask(gate, made.order(), passes) == []
    assert len(ask(gate, made.order(), refused)) == 1


@pytest.mark.parametrize(
    "gate",
    [
        SymbolNotional(0.25), OrderValue(0.25), TradeMargin(0.25), TradeRisk(0.005), Participation(0.005),
    ],
    ids=lambda gate: gate.name,
)  # fmt: skip
def test_the_quantity_a_gate_offers_passes_that_gate_and_nothing_more_does(gate: Gate) -> None:
    (violation,) = ask(gate, made.order(quantity="900"))
    offer = violation.adjusted_quantity
    assert offer == 250
    assert ask(gate, made.order(quantity=str(offer))) == []
    assert ask(gate, made.order(quantity=str(offer + D("0.001")))) != []


def test_the_offered_quantity_leaves_room_for_what_is_held_and_ahead() -> None:
    (violation,) = ask(SymbolNotional(0.25), made.order(quantity="200"), holding("TQQQ"), [made.order(quantity="50")])
    assert violation.adjusted_quantity == 100


def test_the_offered_quantity_is_never_negative() -> None:
    (violation,) = ask(SymbolNotional(0.05), made.order(quantity="1"), holding("TQQQ"))
    assert violation.adjusted_quantity == 0


def test_leverage_is_offered_by_class() -> None:
    coins = {
        symbol: Instrument(
            symbol=symbol,
            venue="sim",
            asset_class=AssetClass.CRYPTO_PERP,
            quote_currency="USDT",
            tick_size=D("0.1"),
            lot_size=D("0.001"),
            min_notional=D(5),
        )
        for symbol in ("BTCUSDT", "ETH/USDT", "SOLUSDT")
    }
    gate = SymbolLeverage({**coins, **SHARES}, major=1.5, other=1.2, equity=1)
    offers = {
        symbol: ask(gate, made.order(symbol, leverage=D(9)))[0].adjusted_leverage
        for symbol in ("BTCUSDT", "ETH/USDT", "SOLUSDT", "TQQQ")
    }
    assert offers == {"BTCUSDT": D("1.5"), "ETH/USDT": D("1.5"), "SOLUSDT": D("1.2"), "TQQQ": 1}


def test_gross_leverage_offers_what_is_left_for_the_symbol() -> None:
    (violation,) = ask(GrossLeverage(0.3), made.order(quantity="300"), holding("SQQQ"))
    assert violation.adjusted_leverage == D("0.2")


def test_the_lot_below_is_offered() -> None:
    (violation,) = ask(TickLot(SHARES), made.order(quantity="7.9"))
    assert violation.adjusted_quantity == 7


def test_a_limit_price_off_the_tick_and_a_quantity_off_the_lot_are_both_told() -> None:
    order = made.order(quantity="1.5", kind=OrderKind.LIMIT, limit_price=D("100.005"))
    assert len(ask(TickLot(SHARES), order)) == 2


@pytest.mark.parametrize(
    ("side", "limit_price", "refusals"),
    [
        (Side.BUY, "101", 0),
        (Side.BUY, "101.01", 1),
        (Side.BUY, "50", 0),
        (Side.SELL, "98.99", 1),
        (Side.SELL, "150", 0),
    ],
)
def test_only_a_limit_price_worse_than_the_market_is_a_danger(side: Side, limit_price: str, refusals: int) -> None:
    order = made.order(side=side, kind=OrderKind.LIMIT, limit_price=D(limit_price))
    assert len(ask(PriceCollar(0.01), order)) == refusals


def test_both_floors_are_told_when_both_are_broken() -> None:
    assert len(ask(EquityFloor(D(100_000), 0.6, 10_000), made.order(), holding(equity="9000"))) == 2


def test_the_risk_of_a_trade_counts_the_whole_position_so_splitting_changes_nothing() -> None:
    gate = TradeRisk(0.004)
    assert ask(gate, made.order(quantity="100"), holding("TQQQ")) == []
    (violation,) = ask(gate, made.order(quantity="100"), holding("TQQQ"), [made.order(quantity="1")])
    assert violation.adjusted_quantity == 99


def test_participation_counts_the_openings_ahead_and_not_the_exits() -> None:
    gate = Participation(0.01)
    ahead = [made.order(quantity="300"), made.order(quantity="100"), made.exit_of(made.position(quantity="300"))]
    assert ask(gate, made.order(quantity="100"), None, ahead) == []
    (violation,) = ask(gate, made.order(quantity="101"), None, ahead)
    assert violation.adjusted_quantity == 100


def test_protection_alone_needs_no_quantity() -> None:
    loosened = made.order(kind=OrderKind.PROTECT, quantity="0")
    assert ask(TickLot(SHARES), loosened) == []
    assert ask(MinNotional(SHARES), loosened) == []


def test_a_limit_price_on_the_tick_and_a_quantity_in_lots_pass() -> None:
    order = made.order(quantity="7", kind=OrderKind.LIMIT, limit_price=D("100.01"))
    assert ask(TickLot(SHARES), order) == []


def test_the_lot_below_is_offered_for_any_lot() -> None:
    dozens = {"TQQQ": replace(us_equity("TQQQ"), lot_size=D(12))}
    (violation,) = ask(TickLot(dozens), made.order(quantity="35"))
    assert violation.adjusted_quantity == 24


def test_the_offered_quantity_counts_the_leverage() -> None:
    (violation,) = ask(TradeMargin(max_quote=100), made.order(quantity="90", leverage=D(5)))
    assert violation.adjusted_quantity == 5
    assert ask(TradeMargin(max_quote=100), made.order(quantity="5", leverage=D(5))) == []


@pytest.mark.parametrize("stop", [0.0, -0.02, float("inf")])
def test_the_risk_of_a_stop_that_is_no_distance_cannot_be_judged(stop: float) -> None:
    with pytest.raises(Refusable, match="without a stop"):
        ask(TradeRisk(0.01), made.order(protection=Protection(stop_frac=stop)))


@pytest.mark.parametrize("least", ["NaN", "-1"])
def test_a_minimum_that_is_no_amount_cannot_be_judged_against(least: str) -> None:
    broken = {"TQQQ": replace(us_equity("TQQQ"), min_notional=D(least))}
    with pytest.raises(Refusable, match="minimum notional"):
        ask(MinNotional(broken), made.order())


def test_a_venue_without_a_minimum_takes_anything() -> None:
    free = {"TQQQ": replace(us_equity("TQQQ"), min_notional=D(0))}
    assert ask(MinNotional(free), made.order(quantity="0.0001")) == []


def test_a_limit_of_nothing_at_all_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="a fraction or an amount"):
        OrderValue()


def test_built_in_leverage_counts_where_it_is_known_and_one_elsewhere() -> None:
    gate = GrossLeverage(1, {"SQQQ": 3})
    assert ask(gate, made.order(quantity="700"), holding("SQQQ")) == []
    assert len(ask(gate, made.order(quantity="701"), holding("SQQQ"))) == 1
