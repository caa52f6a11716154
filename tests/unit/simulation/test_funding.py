"""Funding: who pays whom, on what, at which instant, and never zero for want of knowing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.unit.simulation.made_perps import BTC, COIN, HOUR_NS, START_NS, PerpStage, coin, history, models, perpetual

from rung.domain.charge import ChargeKind
from rung.domain.errors import UserError
from rung.domain.target import Protection
from rung.simulation.financed import FinancedVenue, Financing
from rung.simulation.funding import RecordedFunding

D = Decimal
EIGHT_HOURS = 8


def stage(*rates: str, marks: dict[int, str] | None = None, minutes: int = 60, **costs: str) -> PerpStage:
    return PerpStage("1000000", {BTC: history(BTC, ("0", *rates, *["0"] * 20), marks)}, minutes=minutes, **costs)


def hours(on: PerpStage, count: int, price: float = 50_000.0) -> None:
    for _ in range(count):
        on.slice(BTCUSDT=price)


def test_a_long_pays_a_positive_rate_on_what_it_holds() -> None:
    """2 BTC at 50 000 and 0.01 %: 2 × 50 000 × 0.0001 = 10."""
    on = stage("0.0001")
    on.send("2", reference_price=D(50_000))
    hours(on, 9)
    (charge,) = on.charges
    assert (charge.kind, charge.amount_quote, charge.at_ns) == (ChargeKind.FUNDING, D(10), START_NS + 8 * HOUR_NS)
    assert charge.reason == "funding of 0.0001 on 2 BTCUSDT at 50000.0"


def test_a_short_receives_a_positive_rate() -> None:
    on = stage("0.0001")
    on.send("-2")
    hours(on, 9)
    assert on.paid() == D(-10)
    assert on.ledger.cash_quote == D(1_000_010)


def test_a_short_pays_when_the_rate_is_negative_and_a_long_receives() -> None:
    """3 × 50 000 × 0.0002 = 30."""
    short, long = stage("-0.0002"), stage("-0.0002")
    short.send("-3")
    long.send("3")
    hours(short, 9)
    hours(long, 9)
    assert (short.paid(), long.paid()) == (D(30), D(-30))


def test_funding_is_charged_on_the_mark_price_where_it_is_known() -> None:
    on = stage("0.0001", marks={1: "50123.4"})
    on.send("2")
    hours(on, 9)
    assert on.paid() == D("10.02468")


def test_without_a_mark_price_the_newest_close_before_the_instant_counts() -> None:
    on = stage("0.0001")
    on.send("2")
    hours(on, 7)
    on.slice(BTCUSDT=(50_000.0, 61_000.0, 49_000.0, 60_000.0))
    on.slice(BTCUSDT=70_000.0)
    assert on.paid() == D(12)


def test_who_leaves_on_the_bar_that_opens_at_the_instant_still_pays() -> None:
    on = stage("0.0001")
    on.send("2")
    hours(on, 8)
    on.send("-2", reduce_only=True)
    hours(on, 2)
    assert on.paid() == D(10)


def test_who_enters_on_the_bar_that_opens_at_the_instant_does_not_pay() -> None:
    on = stage("0.0001", "0.0003")
    hours(on, 8)
    on.send("2")
    hours(on, 8)
    assert on.paid() == D(0)
    hours(on, 1)
    assert on.paid() == D(30)


def test_every_instant_is_paid_once() -> None:
    on = stage("0.0001", "0.0002", "-0.0001", minutes=5)
    on.send("1")
    hours(on, 12 * 25)
    assert [charge.amount_quote for charge in on.charges] == [D(5), D(10), D(-5)]


def test_an_instant_in_a_gap_of_the_tape_is_paid_too() -> None:
    on = stage("0.0001")
    on.send("2")
    hours(on, 6)
    for _ in range(4):
        on.slice()
    assert on.paid() == D(10)


def test_inside_a_long_bar_the_dearest_possible_moment_is_charged() -> None:
    """Daily bars: 08:00 and 16:00 fall inside. The long is charged at the day's high, and receives at its low."""
    on = PerpStage("1000000", {BTC: history(BTC, ("0", "0.0001", "-0.0001", *["0"] * 20))}, minutes=24 * 60)
    on.send("1")
    on.slice(BTCUSDT=(50_000.0, 52_000.0, 48_000.0, 50_000.0))
    assert [charge.amount_quote for charge in on.charges] == [D("5.2")]
    on = PerpStage("1000000", {BTC: history(BTC, ("0", *["0"] * 3, "-0.0001", *["0"] * 20))}, minutes=24 * 60)
    on.send("1")
    on.slice(BTCUSDT=50_000.0)
    on.slice(BTCUSDT=(50_000.0, 52_000.0, 48_000.0, 50_000.0))
    assert [charge.amount_quote for charge in on.charges] == [D("-4.8")]


def test_a_rate_that_is_unknown_while_something_is_held_is_an_error_not_a_zero() -> None:
    on = PerpStage("1000000", {BTC: history(BTC, ("0", "0.0001"))}, minutes=60)
    on.send("1")
    hours(on, 16)
    with pytest.raises(UserError, match="2025-07-31 16:00 UTC is unknown"):
        hours(on, 1)


def test_a_rate_that_is_unknown_while_nothing_is_held_harms_nobody() -> None:
    on = PerpStage("1000000", {BTC: history(BTC, ("0", "0.0001"))}, minutes=60)
    hours(on, 30)
    assert on.charges == []


def test_a_hole_in_the_history_is_found() -> None:
    whole = history(BTC, ("0.0001",) * 9).instants
    model = RecordedFunding({BTC: history(BTC, instants=(*whole[:3], *whole[5:]))})
    assert len(model.due(BTC, START_NS, START_NS + 24 * HOUR_NS)) == 3
    with pytest.raises(UserError, match="2025-08-01 00:00 UTC is unknown"):
        model.due(BTC, START_NS, START_NS + 24 * HOUR_NS + 1)
    with pytest.raises(UserError, match="is unknown"):
        model.due(BTC, START_NS + 30 * HOUR_NS, START_NS + 31 * HOUR_NS)
    assert len(model.due(BTC, START_NS + 40 * HOUR_NS, START_NS + 41 * HOUR_NS)) == 1


def test_before_its_first_rate_a_history_knows_nothing() -> None:
    model = RecordedFunding({BTC: history(BTC, ("0.0001",) * 9)})
    with pytest.raises(UserError, match="is unknown"):
        model.due(BTC, START_NS - 1, START_NS)


def test_the_quiet_time_between_two_rates_never_hides_one() -> None:
    model, fresh = RecordedFunding({BTC: history(BTC)}), history(BTC)
    for hour in range(30):
        start = START_NS + hour * HOUR_NS
        assert tuple(model.due(BTC, start, start + HOUR_NS)) == fresh.within(start, start + HOUR_NS)


def test_a_perpetual_without_rates_terms_or_margin_is_refused_at_the_start() -> None:
    on = stage()
    full = {"funding": RecordedFunding({BTC: history()}), "borrow": None, "margin": on.margin}
    for lacking in ("funding", "margin"):
        with pytest.raises(UserError, match=BTC):
            FinancedVenue(
                models=models(), financing=Financing(**{**full, lacking: None}), instruments={BTC: perpetual()}
            )
    with pytest.raises(UserError, match="terms of the perpetual"):
        FinancedVenue(models=models(), financing=Financing(**full), instruments={BTC: perpetual(terms=None)})
    spot = Financing(funding=None, borrow=None, margin=None)
    assert FinancedVenue(models=models(), financing=spot, instruments={COIN: coin()}).charges() == ()


def test_who_may_have_left_before_an_instant_inside_a_bar_is_not_counted_to_have_received() -> None:
    """The bar reaches the target; whether before or after 08:00, when a long would have received 5, is unknown."""
    for high, received in ((50_500.0, D(-5)), (51_100.0, D(0))):
        on = PerpStage("1000000", {BTC: history(BTC, ("0",) * 4 + ("-0.0001",) + ("0",) * 9)}, minutes=24 * 60)
        on.send("1", protection=Protection(take_profit_frac=0.02))
        on.slice(BTCUSDT=50_000.0)
        on.slice(BTCUSDT=(50_000.0, high, 50_000.0, 50_000.0))
        assert on.paid() == received
