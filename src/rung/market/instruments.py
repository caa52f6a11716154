"""Instruments from what a person or a venue says about them. Nothing about a venue is known by the program itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Annotated, Any

from annotated_doc import Doc
from annotated_types import Ge, Gt, Le, MinLen

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.domain.instrument import AssetClass, Instrument, MarginTier, PerpetualTerms

Step = Annotated[Decimal, Gt(0)]
Tier = tuple[Decimal, Decimal, Decimal]
MINUTES_PER_DAY = 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotParams:
    """A coin against a currency."""

    venue: Annotated[str, MinLen(1), Doc("where it is traded")]
    quote_currency: Annotated[str, MinLen(1), Doc("what it is paid in")]
    tick_size: Annotated[Step, Doc("smallest price step")]
    lot_size: Annotated[Step, Doc("smallest quantity step, coins")]
    min_notional: Annotated[Decimal, Ge(0), Doc("smallest order value the venue takes")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PerpetualParams(SpotParams):
    """A linear perpetual: the same, and the terms of its margin and funding."""

    contract_value_base: Annotated[
        Step, Doc("coins behind one unit of the venue's quantity: 1 where orders are in coins")
    ]
    funding_interval_hours: Annotated[Decimal, Gt(0), Le(24), Doc("longest time between two funding instants")]
    tiers: Annotated[
        tuple[Tier, ...],
        MinLen(1),
        Doc("[from notional, maintenance margin fraction, most leverage], the first from 0"),
    ]

    def __post_init__(self) -> None:
        terms_of(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentsFile:
    """The whole file `config/instruments.toml`, by symbol."""

    perpetuals: Mapping[str, PerpetualParams] = field(default_factory=dict)
    spot: Mapping[str, SpotParams] = field(default_factory=dict)

    def perpetual(self, symbol: str) -> Instrument:
        """Raises UserError when nobody has said what `symbol` is."""
        params = _named(self.perpetuals, symbol, "perpetuals")
        return _instrument(symbol, params, AssetClass.CRYPTO_PERP, terms_of(params))

    def coin(self, symbol: str) -> Instrument:
        """Raises UserError when nobody has said what `symbol` is."""
        return _instrument(symbol, _named(self.spot, symbol, "spot"), AssetClass.CRYPTO_SPOT, None)


def terms_of(params: PerpetualParams) -> PerpetualTerms:
    """Raises ValueError for tiers that do not start at 0 or do not rise."""
    return PerpetualTerms(
        contract_value_base=params.contract_value_base,
        funding_interval_ns=int(params.funding_interval_hours * 60) * NS_PER_MINUTE,
        tiers=tuple(
            MarginTier(from_notional_quote=start, maintenance_frac=rate, max_leverage=most)
            for start, rate, most in params.tiers
        ),
    )


def bybit_linear(row: Mapping[str, Any], tiers: Sequence[MarginTier]) -> Instrument:
    """A linear perpetual from one row of Bybit's instruments-info (V5); its risk limits come from elsewhere.

    Raises UserError for another contract type, a missing field or a funding interval that is not in minutes.
    """
    if row.get("contractType") != "LinearPerpetual":
        raise UserError(f"{row.get('symbol')} is not a linear perpetual", remedy="ask for category linear")
    lot = _number(row, "lotSizeFilter", "qtyStep")
    return Instrument(
        symbol=str(row["symbol"]),
        venue="bybit",
        asset_class=AssetClass.CRYPTO_PERP,
        quote_currency=str(row["quoteCoin"]),
        tick_size=_number(row, "priceFilter", "tickSize"),
        lot_size=lot,
        min_notional=_number(row, "lotSizeFilter", "minNotionalValue"),
        perpetual=PerpetualTerms(
            contract_value_base=Decimal(1),
            funding_interval_ns=_minutes(row) * NS_PER_MINUTE,
            tiers=_capped(tiers, _number(row, "leverageFilter", "maxLeverage")),
        ),
    )


def bybit_spot(row: Mapping[str, Any]) -> Instrument:
    """A coin from one row of Bybit's instruments-info (V5) for spot."""
    return Instrument(
        symbol=str(row["symbol"]),
        venue="bybit",
        asset_class=AssetClass.CRYPTO_SPOT,
        quote_currency=str(row["quoteCoin"]),
        tick_size=_number(row, "priceFilter", "tickSize"),
        lot_size=_number(row, "lotSizeFilter", "basePrecision"),
        min_notional=_number(row, "lotSizeFilter", "minOrderAmt"),
    )


def binance_linear(row: Mapping[str, Any], tiers: Sequence[MarginTier], funding_interval_ns: int) -> Instrument:
    """A linear perpetual from one symbol of Binance's USD-M exchangeInfo."""
    filters = {one["filterType"]: one for one in row["filters"]}
    if row.get("contractType") != "PERPETUAL":
        raise UserError(f"{row.get('symbol')} is not a perpetual", remedy="choose one whose contractType is PERPETUAL")
    lot = _number(filters, "LOT_SIZE", "stepSize")
    return Instrument(
        symbol=str(row["symbol"]),
        venue="binance",
        asset_class=AssetClass.CRYPTO_PERP,
        quote_currency=str(row["quoteAsset"]),
        tick_size=_number(filters, "PRICE_FILTER", "tickSize"),
        lot_size=lot,
        min_notional=_number(filters, "MIN_NOTIONAL", "notional"),
        perpetual=PerpetualTerms(
            contract_value_base=Decimal(1), funding_interval_ns=funding_interval_ns, tiers=tuple(tiers)
        ),
    )


def binance_tiers(brackets: Sequence[Mapping[str, Any]]) -> tuple[MarginTier, ...]:
    """The tiers of one symbol from Binance's leverageBracket. Raises UserError when its `cum` is not their sum."""
    rows = sorted(brackets, key=lambda row: Decimal(str(row["notionalFloor"])))
    tiers = tuple(
        MarginTier(
            from_notional_quote=Decimal(str(row["notionalFloor"])),
            maintenance_frac=Decimal(str(row["maintMarginRatio"])),
            max_leverage=Decimal(str(row["initialLeverage"])),
        )
        for row in rows
    )
    deduction = Decimal(0)
    for (below, tier), row in zip(pairwise(tiers), rows[1:], strict=True):
        deduction += tier.from_notional_quote * (tier.maintenance_frac - below.maintenance_frac)
        if abs(deduction - Decimal(str(row["cum"]))) > Decimal("0.01"):
            raise UserError(f"bracket {row.get('bracket')} deducts {row['cum']} where its rates make it {deduction}")
    return tiers


def _instrument(symbol: str, params: SpotParams, asset_class: AssetClass, terms: PerpetualTerms | None) -> Instrument:
    return Instrument(
        symbol=symbol,
        venue=params.venue,
        asset_class=asset_class,
        quote_currency=params.quote_currency,
        tick_size=params.tick_size,
        lot_size=params.lot_size,
        min_notional=params.min_notional,
        perpetual=terms,
    )


def _named(params: Mapping[str, Any], symbol: str, section: str) -> Any:
    found = params.get(symbol)
    if found is None:
        raise UserError(
            f"nobody has said what {symbol} is",
            where="instruments.toml",
            remedy=f"add [{section}.{symbol}] with its steps; known are {', '.join(params) or 'none'}",
        )
    return found


def _capped(tiers: Sequence[MarginTier], most: Decimal) -> tuple[MarginTier, ...]:
    """The venue's own cap on leverage holds in every tier."""
    return tuple(
        MarginTier(
            from_notional_quote=tier.from_notional_quote,
            maintenance_frac=tier.maintenance_frac,
            max_leverage=min(tier.max_leverage, most),
        )
        for tier in tiers
    )


def _number(row: Mapping[str, Any], section: str, key: str) -> Decimal:
    try:
        value = Decimal(str(row[section][key]))
    except (KeyError, InvalidOperation):
        raise UserError(f"says no {key} in {section}", where=str(row.get("symbol", "the venue"))) from None
    if not value.is_finite() or value <= 0:
        raise UserError(f"says {value} as {key}", where=str(row.get("symbol", "the venue")))
    return value


def _minutes(row: Mapping[str, Any]) -> int:
    """Bybit counts the interval in minutes; anything below an hour is hours or a mistake, and not guessed."""
    minutes = int(row.get("fundingInterval", 0))
    if minutes < 60 or MINUTES_PER_DAY % minutes:
        raise UserError(
            f"says a funding interval of {minutes}", where=str(row.get("symbol")), remedy="it is in minutes"
        )
    return minutes
