"""Fee models: US equities with their dated regulatory charges, and a flat rate for crypto venues."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from rung.domain.order import Side
from rung.simulation.models import Execution
from rung.simulation.params import FeeParams, UsEquityRates
from rung.simulation.prices import round_up

CENT = Decimal("0.01")
MILLION = Decimal(1_000_000)
BPS = Decimal("0.0001")
FEE_STEP = Decimal("0.00000001")
DAYS_PER_LENDING_YEAR = 360
NS_PER_DAY = 86_400_000_000_000
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
NEVER = -EPOCH_ORDINAL
SELL = Side.SELL


class UsEquityFees:
    """Commission, SEC section 31, FINRA TAF, CAT, and the loan of shorted shares: each rounded up to the cent.

    The rates of the trade's UTC date apply (a US session never crosses UTC midnight). Before the table's first date
    and after `checked_through` the highest rate of every column applies: an unknown fee is never read as a low one.
    A loan costs for every night since the short was opened, on the value bought back, and is paid with that purchase.
    """

    def __init__(self, params: FeeParams) -> None:
        self._params = params
        self._worst = _highest(params.rates)
        self._today, self._rates = NEVER, self._worst

    def fee_quote(self, execution: Execution) -> Decimal:
        day = execution.at_ns // NS_PER_DAY
        if day != self._today:
            self._today, self._rates = day, self._rates_on(date.fromordinal(EPOCH_ORDINAL + day))
        rates = self._rates
        quantity = execution.quantity
        commission = max(self._params.commission_per_share_quote * quantity, self._params.commission_min_quote)
        value = quantity * execution.price
        loan = self._params.borrow_annual_bps * BPS * value * execution.nights_short / DAYS_PER_LENDING_YEAR
        total = _up_to_cent(commission) + _up_to_cent(rates.cat_per_share_quote * quantity) + _up_to_cent(loan)
        if execution.side is SELL:
            total += _up_to_cent(rates.sec_per_million_quote * value / MILLION)
            total += _up_to_cent(min(rates.taf_per_share_quote * quantity, rates.taf_cap_quote))
        return total

    def _rates_on(self, day: date) -> UsEquityRates:
        if day > self._params.checked_through:
            return self._worst
        known = [row for row in self._params.rates if row.valid_from <= day]
        return known[-1] if known else self._worst


class FlatBpsFees:
    """A share of the traded value, rounded up to 1e-8: one rate for resting orders, one for those that cross."""

    def __init__(self, *, maker_bps: Decimal, taker_bps: Decimal) -> None:
        if maker_bps < 0 or taker_bps < 0:
            raise ValueError("a fee below zero is a rebate, and rebates are not simulated")
        self._maker_frac = maker_bps * BPS
        self._taker_frac = taker_bps * BPS

    def fee_quote(self, execution: Execution) -> Decimal:
        rate = self._maker_frac if execution.passive else self._taker_frac
        return round_up(rate * execution.quantity * execution.price, FEE_STEP)


def _up_to_cent(amount: Decimal) -> Decimal:
    return round_up(amount, CENT)


def _highest(rates: tuple[UsEquityRates, ...]) -> UsEquityRates:
    return UsEquityRates(
        valid_from=rates[0].valid_from,
        sec_per_million_quote=max(r.sec_per_million_quote for r in rates),
        taf_per_share_quote=max(r.taf_per_share_quote for r in rates),
        taf_cap_quote=max(r.taf_cap_quote for r in rates),
        cat_per_share_quote=max(r.cat_per_share_quote for r in rates),
    )
