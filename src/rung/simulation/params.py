"""What trading costs, as a person must say it: no cost has a default, so none is forgotten. Zero is written as zero."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated

from annotated_doc import Doc
from annotated_types import Ge, Gt, Le, MinLen

Quote = Annotated[Decimal, Ge(0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsEquityRates:
    """The charges of US regulators from one date on."""

    valid_from: Annotated[date, Doc("first trade date these rates apply to")]
    sec_per_million_quote: Annotated[Quote, Doc("SEC section 31 fee on sales, USD per million USD sold")]
    taf_per_share_quote: Annotated[Quote, Doc("FINRA trading activity fee on sales, USD per share")]
    taf_cap_quote: Annotated[Quote, Doc("most the trading activity fee takes from one execution, USD")]
    cat_per_share_quote: Annotated[Quote, Doc("consolidated audit trail fee on both sides, USD per share")]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeParams:
    """What a US equity broker charges and passes on. Every charge is rounded up to the cent on every execution."""

    commission_per_share_quote: Annotated[Quote, Doc("broker's commission on both sides, USD per share")]
    commission_min_quote: Annotated[Quote, Doc("least commission of an execution, USD")]
    borrow_annual_bps: Annotated[Decimal, Ge(0), Le(100_000), Doc("lending fee of shorts held overnight, of the value")]
    checked_through: Annotated[date, Doc("last date the table is known to hold; later dates pay the highest rates")]
    rates: Annotated[tuple[UsEquityRates, ...], MinLen(1), Doc("in order of date")]

    def __post_init__(self) -> None:
        starts = [row.valid_from for row in self.rates]
        if any(a >= b for a, b in pairwise(starts)):
            raise ValueError("the rates must be in order of valid_from, each date once")
        if starts and self.checked_through < starts[-1]:
            raise ValueError("checked_through is before the newest valid_from")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlippageParams:
    """What crossing the spread and being seen cost."""

    half_spread_bps: Annotated[Decimal, Ge(0), Le(1000), Doc("half the quoted spread, of the price")]
    min_half_spread_quote: Annotated[Quote, Doc("half of the smallest possible spread (half a cent), USD")]
    slippage_bps: Annotated[Decimal, Ge(0), Le(1000), Doc("price moved against the order, beyond the spread")]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidityParams:
    """How much of the market one may be."""

    max_participation_frac: Annotated[Decimal, Gt(0), Le(1), Doc("most of a bar's volume filled, all orders together")]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyParams:
    """How long an order travels."""

    delay_seconds: Annotated[float, Ge(0), Le(86_400), Doc("0 acts on the next bar's open; more waits longer")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CostParams:
    """The whole file `config/costs.toml`."""

    fees: FeeParams
    slippage: SlippageParams
    liquidity: LiquidityParams
    latency: LatencyParams


@dataclass(frozen=True, slots=True, kw_only=True)
class CryptoFeeParams:
    """What a crypto venue takes of the traded value. Rebates are not simulated."""

    maker_bps: Annotated[Decimal, Ge(0), Le(1000), Doc("resting orders that somebody else trades with")]
    taker_bps: Annotated[Decimal, Ge(0), Le(1000), Doc("orders that cross the spread, and stops")]


@dataclass(frozen=True, slots=True, kw_only=True)
class BorrowParams:
    """What a loan of coins or shares costs that are sold without having them."""

    annual_bps: Annotated[Decimal, Ge(0), Le(100_000), Doc("of the value short, by the started hour; 0 = none")]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginParams:
    """How a margin account ends, and what counts in it."""

    liquidation_fee_bps: Annotated[Decimal, Ge(0), Le(1000), Doc("of the value closed, instead of the taker's fee")]
    spot_collateral_frac: Annotated[Decimal, Ge(0), Le(1), Doc("of what is held in spot, counted as margin; 0 = none")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CryptoCostParams:
    """The whole file `config/costs_crypto.toml`. Funding is no number here: it is read from what was paid."""

    fees: CryptoFeeParams
    borrow: BorrowParams
    margin: MarginParams
    slippage: SlippageParams
    liquidity: LiquidityParams
    latency: LatencyParams

    def __post_init__(self) -> None:
        if self.margin.liquidation_fee_bps < self.fees.taker_bps:
            raise ValueError("liquidation_fee_bps stands instead of taker_bps and cannot be less")
