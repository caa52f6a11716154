"""What can be traded, and in which steps."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class AssetClass(StrEnum):
    EQUITY = "equity"
    CRYPTO_SPOT = "crypto_spot"
    CRYPTO_PERP = "crypto_perp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One tradable thing at one venue.

    tick_size : smallest price step, quote currency.   lot_size : smallest quantity step, base units (shares, coins).
    min_notional : smallest order value a venue accepts, quote currency.
    """

    symbol: str
    venue: str
    asset_class: AssetClass
    quote_currency: str
    tick_size: Decimal
    lot_size: Decimal
    min_notional: Decimal


def us_equity(symbol: str, venue: str = "sim") -> Instrument:
    """A US-listed share or ETF: cent ticks, whole shares, one dollar minimum."""
    return Instrument(
        symbol=symbol,
        venue=venue,
        asset_class=AssetClass.EQUITY,
        quote_currency="USD",
        tick_size=Decimal("0.01"),
        lot_size=Decimal(1),
        min_notional=Decimal(1),
    )
