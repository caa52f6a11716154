"""The loan of what is sold short: by the started hour, dearest where the hour is unknown."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.simulation.made_perps import COIN, PerpStage

from rung.domain.charge import ChargeKind

D = Decimal
BPS_OF_AN_HOUR_IS_ONE = str(365 * 24)  # annual bps, so that an hour costs exactly 1 bps


def stage(minutes: int = 30) -> PerpStage:
    return PerpStage("1000000", minutes=minutes, borrow_bps=BPS_OF_AN_HOUR_IS_ONE)


def test_a_short_pays_for_every_started_hour() -> None:
    """10 coins short from 00:00 to 02:30 at 100: three started hours of 1 bps of 1 000."""
    on = stage()
    on.send("-10", COIN)
    for _ in range(5):
        on.slice(BTC=100.0)
    on.send("10", COIN, reduce_only=True)
    for _ in range(5):
        on.slice(BTC=100.0)
    assert [charge.amount_quote for charge in on.charges] == [D("0.1")] * 3
    assert on.ledger.borrow_quote == D("0.3")


def test_a_minute_costs_an_hour() -> None:
    on = stage(minutes=1)
    on.send("-10", COIN)
    on.slice(BTC=100.0)
    on.send("10", COIN, reduce_only=True)
    on.slice(BTC=100.0)
    assert on.paid(ChargeKind.BORROW) == D("0.1")


def test_only_what_is_newly_short_pays_its_started_hour() -> None:
    on = stage()
    on.send("4", COIN)
    on.slice(BTC=100.0)
    on.send("-10", COIN)
    on.slice(BTC=100.0)
    assert on.paid(ChargeKind.BORROW) == D("0.06")


def test_a_night_without_bars_is_paid_by_the_hour_at_the_newest_close() -> None:
    on = stage()
    on.send("-10", COIN)
    on.slice(BTC=(100.0, 100.0, 100.0, 120.0))
    for _ in range(20):
        on.slice()
    assert on.paid(ChargeKind.BORROW) == D("0.1") + 10 * D("0.12")


def test_a_loan_that_costs_nothing_is_no_charge() -> None:
    on = PerpStage("1000000", minutes=30, borrow_bps="0")
    on.send("-10", COIN)
    for _ in range(5):
        on.slice(BTC=100.0)
    assert on.charges == []


def test_a_long_borrows_nothing() -> None:
    on = stage()
    on.send("10", COIN)
    for _ in range(9):
        on.slice(BTC=100.0)
    assert on.charges == []


def test_inside_a_long_bar_the_hours_are_paid_at_its_high() -> None:
    """Four-hour bars: the started hour at the fill, then three more inside the bar at its high of 110."""
    on = stage(minutes=240)
    on.send("-10", COIN)
    on.slice(BTC=(100.0, 110.0, 95.0, 100.0))
    assert on.paid(ChargeKind.BORROW) == D("0.1") + 3 * D("0.11")
