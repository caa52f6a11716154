"""What an execution is charged."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.simulation.made import fee_params, rates

from rung.domain.order import Side
from rung.simulation.fees import FlatBpsFees, UsEquityFees
from rung.simulation.models import Execution

D = Decimal


def execution(day: str = "2025-04-07", **changes: Any) -> Execution:
    at = datetime.fromisoformat(day).replace(hour=15, tzinfo=UTC)
    given: dict[str, Any] = {
        "symbol": "TQQQ",
        "side": Side.SELL,
        "quantity": D(200),
        "price": D("50.00"),
        "at_ns": int(at.timestamp()) * 1_000_000_000,
        "passive": False,
    }
    return Execution(**{**given, **changes})


def test_a_sale_pays_sec_taf_and_cat_each_rounded_up_to_the_cent() -> None:
    fees = UsEquityFees(fee_params())
    # SEC 10,000 × 27.80/1e6 = 0.278 → 0.28 · TAF 200 × 0.000166 = 0.0332 → 0.04 · CAT 200 × 0.00005 = 0.01
    assert fees.fee_quote(execution()) == D("0.33")


def test_a_purchase_pays_only_cat() -> None:
    assert UsEquityFees(fee_params()).fee_quote(execution(side=Side.BUY)) == D("0.01")


def test_a_single_share_pays_whole_cents() -> None:
    assert UsEquityFees(fee_params()).fee_quote(execution(quantity=D(1))) == D("0.03")


def test_the_rates_of_the_trade_date_apply() -> None:
    fees = UsEquityFees(fee_params())
    assert fees.fee_quote(execution("2025-05-13")) == D("0.33")
    assert fees.fee_quote(execution("2025-05-14")) == D("0.05")
    assert fees.fee_quote(execution("2026-01-02")) == D("0.21") + D("0.04") + D("0.01")


def test_the_taf_stops_at_its_cap() -> None:
    fees = UsEquityFees(fee_params())
    big = fees.fee_quote(execution("2025-06-02", quantity=D(100_000), price=D(10)))
    assert big == D("8.30") + D("5.00")


@pytest.mark.parametrize("day", ["2024-12-31", "2026-07-01", "2031-01-01"])
def test_a_date_outside_the_table_pays_the_highest_of_every_column(day: str) -> None:
    # SEC 27.80 from the first row, TAF 0.000195 from the last, CAT 0.00005 from the first
    assert UsEquityFees(fee_params()).fee_quote(execution(day, quantity=D(1000))) == D("1.39") + D("0.20") + D("0.05")


def test_the_last_checked_day_still_has_its_own_rates() -> None:
    assert UsEquityFees(fee_params()).fee_quote(execution("2026-06-30")) == D("0.21") + D("0.04") + D("0.01")


def test_outside_the_table_the_highest_cap_holds() -> None:
    far = execution("2031-01-01", quantity=D(100_000), price=D("0.01"))
    assert UsEquityFees(fee_params()).fee_quote(far) == D("9.79") + D("0.03") + D("5.00")


def test_a_zero_rate_costs_nothing_and_not_a_cent() -> None:
    free = fee_params(rates=(rates("2025-01-01", "0", "0", "0", "0"),))
    assert UsEquityFees(free).fee_quote(execution()) == 0


def test_a_commission_is_per_share_with_a_minimum_on_both_sides() -> None:
    nothing = (rates("2025-01-01", "0", "0", "0", "0"),)
    fees = UsEquityFees(
        fee_params(rates=nothing, commission_per_share_quote=D("0.005"), commission_min_quote=D("0.35"))
    )
    assert fees.fee_quote(execution(quantity=D(10), side=Side.BUY)) == D("0.35")
    assert fees.fee_quote(execution(quantity=D(201), side=Side.BUY)) == D("1.01")


def test_a_short_held_overnight_pays_for_its_loan_when_it_is_bought_back() -> None:
    nothing = (rates("2025-01-01", "0", "0", "0", "0"),)
    fees = UsEquityFees(fee_params(rates=nothing, borrow_annual_bps=D(360)))
    cover = execution(side=Side.BUY, nights_short=2)
    assert fees.fee_quote(cover) == D("2.00")  # 10,000 × 3.6 % × 2 ÷ 360
    assert fees.fee_quote(execution(side=Side.BUY)) == 0


def test_a_table_out_of_order_is_refused() -> None:
    rows = (rates("2025-05-14", "0", "0", "0", "0"), rates("2025-01-01", "0", "0", "0", "0"))
    with pytest.raises(ValueError, match="order of valid_from"):
        fee_params(rates=rows)


def test_a_table_cannot_be_checked_before_its_last_row() -> None:
    with pytest.raises(ValueError, match="checked_through is before"):
        fee_params(checked_through=date(2025, 12, 31))


def test_flat_fees_tell_resting_from_crossing_orders() -> None:
    fees = FlatBpsFees(maker_bps=D(2), taker_bps=D("5.5"))
    assert fees.fee_quote(execution(passive=True)) == D("2")
    assert fees.fee_quote(execution(passive=False)) == D("5.5")


def test_flat_fees_are_rounded_up_to_a_hundred_millionth() -> None:
    fees = FlatBpsFees(maker_bps=D(0), taker_bps=D("5.5"))
    assert fees.fee_quote(execution(quantity=D("0.00000001"), price=D("0.01"))) == D("0.00000001")


def test_a_rebate_is_not_simulated() -> None:
    with pytest.raises(ValueError, match="rebate"):
        FlatBpsFees(maker_bps=D(-1), taker_bps=D(5))
