"""From a cost file to a venue, and from a cost file to the lines a report stamps."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from rung.domain.errors import UserError
from rung.domain.funding import FundingHistory
from rung.domain.instrument import Instrument
from rung.simulation.borrow import HourlyBorrow
from rung.simulation.fees import FlatBpsFees, UsEquityFees
from rung.simulation.financed import FinancedVenue, Financing, TradeModels
from rung.simulation.funding import RecordedFunding
from rung.simulation.latency import FixedLatency
from rung.simulation.liquidity import ParticipationCap
from rung.simulation.margin import MarginAccount
from rung.simulation.params import CostParams, CryptoCostParams
from rung.simulation.slippage import SpreadSlippage
from rung.simulation.venue import NOTHING_FLAGGED, SimVenue

NS_PER_SECOND = 1_000_000_000


def sim_venue(
    costs: CostParams, instruments: Mapping[str, Instrument], flagged: Mapping[str, frozenset[int]] = NOTHING_FLAGGED
) -> SimVenue:
    """A venue for US equities with exactly the costs of `costs`."""
    return SimVenue(
        fees=UsEquityFees(costs.fees),
        slippage=SpreadSlippage(costs.slippage),
        liquidity=ParticipationCap(costs.liquidity),
        latency=FixedLatency(round(costs.latency.delay_seconds * NS_PER_SECOND)),
        instruments=instruments,
        flagged=flagged,
    )


def crypto_venue(
    costs: CryptoCostParams,
    instruments: Mapping[str, Instrument],
    histories: Mapping[str, FundingHistory],
    capital_quote: Decimal,
    flagged: Mapping[str, frozenset[int]] = NOTHING_FLAGGED,
) -> FinancedVenue:
    """A venue for crypto spot and linear perpetuals on one margin account with exactly the costs of `costs`.

    histories : the funding paid, by symbol. Raises UserError for a perpetual without one, or without terms.
    """
    for symbol, instrument in instruments.items():
        if instrument.is_perpetual and symbol not in histories:
            raise UserError(f"no funding history for the perpetual {symbol}", remedy="give its rates: none is not zero")
    return FinancedVenue(
        models=TradeModels(
            fees=FlatBpsFees(maker_bps=costs.fees.maker_bps, taker_bps=costs.fees.taker_bps),
            slippage=SpreadSlippage(costs.slippage),
            liquidity=ParticipationCap(costs.liquidity),
            latency=FixedLatency(round(costs.latency.delay_seconds * NS_PER_SECOND)),
        ),
        financing=Financing(
            funding=RecordedFunding(histories),
            borrow=HourlyBorrow(costs.borrow),
            margin=MarginAccount(capital_quote, costs.margin),
        ),
        instruments=instruments,
        flagged=flagged,
    )


def crypto_stamps(costs: CryptoCostParams, histories: Mapping[str, FundingHistory]) -> tuple[tuple[str, str], ...]:
    """(name, value with unit) of every cost, zeros included, for reports."""
    rates = ", ".join(f"{symbol} from {history.source}" for symbol, history in histories.items())
    return (
        ("fees", f"{costs.fees.maker_bps} bps resting, {costs.fees.taker_bps} bps crossing"),
        ("half-spread", f"{costs.slippage.half_spread_bps} bps, at least {costs.slippage.min_half_spread_quote}"),
        ("slippage", f"{costs.slippage.slippage_bps} bps"),
        ("funding", f"as paid: {rates}" if rates else "nothing here pays funding"),
        ("borrow", f"{costs.borrow.annual_bps} bps a year on short spot, by the started hour"),
        ("liquidation", f"{costs.margin.liquidation_fee_bps} bps of what the venue closes"),
        ("collateral", f"{costs.margin.spot_collateral_frac} of what is held in spot"),
        ("participation", f"at most {costs.liquidity.max_participation_frac} of a bar's volume"),
        ("latency", f"{costs.latency.delay_seconds:g} s beyond the next bar's open"),
    )


def stamps(costs: CostParams) -> tuple[tuple[str, str], ...]:
    """(name, value with unit) of every cost, zeros included, for reports."""
    fees = costs.fees
    rows = [
        ("half-spread", f"{costs.slippage.half_spread_bps} bps, at least ${costs.slippage.min_half_spread_quote}"),
        ("slippage", f"{costs.slippage.slippage_bps} bps"),
        ("borrow", f"{fees.borrow_annual_bps} bps a year on shorts held overnight"),
        ("commission", f"${fees.commission_per_share_quote} per share, at least ${fees.commission_min_quote}"),
    ]
    for row in fees.rates:
        rows.append(
            (
                f"regulatory fees from {row.valid_from}",
                f"SEC ${row.sec_per_million_quote} per million sold, TAF ${row.taf_per_share_quote} per share sold "
                f"(cap ${row.taf_cap_quote}), CAT ${row.cat_per_share_quote} per share",
            )
        )
    rows.append(
        ("regulatory fees checked through", f"{fees.checked_through}; the highest rates apply outside the table")
    )
    rows.append(("participation", f"at most {costs.liquidity.max_participation_frac} of a bar's volume"))
    rows.append(("latency", f"{costs.latency.delay_seconds:g} s beyond the next bar's open"))
    return tuple(rows)
