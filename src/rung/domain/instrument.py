"""What can be traded, in which steps, and what a perpetual contract asks for."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise


class AssetClass(StrEnum):
    EQUITY = "equity"
    CRYPTO_SPOT = "crypto_spot"
    CRYPTO_PERP = "crypto_perp"
    """A linear perpetual: margined and settled in the quote currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginTier:
    """What holds for positions worth `from_notional_quote` and more, up to where the next tier starts.

    maintenance_frac : of the notional, the venue closes the position when the margin falls to it.
    max_leverage : most that may be asked for; the initial margin is at least notional ÷ this.
    """

    from_notional_quote: Decimal
    maintenance_frac: Decimal
    max_leverage: Decimal

    def __post_init__(self) -> None:
        if not 0 < self.maintenance_frac < 1:
            raise ValueError(f"a maintenance margin of {self.maintenance_frac} is not a fraction between 0 and 1")
        if self.max_leverage < 1:
            raise ValueError(f"a leverage of at most {self.max_leverage} allows nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class PerpetualTerms:
    """The terms of a linear perpetual: what it multiplies, how often it pays funding, how much margin it wants.

    contract_value_base : base units behind one unit of the venue's own quantity: 1 where orders are in coins.
    Quantities here are always base units; whoever speaks to the venue converts.
    funding_interval_ns : longest time between two funding instants.
    tiers : in order of notional, the first from 0. Margin is marginal: each tier's rate applies to the part in it,
    which is what venues write as "value × rate − deduction".
    """

    contract_value_base: Decimal
    funding_interval_ns: int
    tiers: tuple[MarginTier, ...]

    def __post_init__(self) -> None:
        if self.contract_value_base <= 0 or self.funding_interval_ns <= 0:
            raise ValueError("a contract must be worth something and pay funding at some time")
        starts = [tier.from_notional_quote for tier in self.tiers]
        if not starts or starts[0] != 0 or any(a >= b for a, b in pairwise(starts)):
            raise ValueError("margin tiers must start at 0 and rise")
        rates = [tier.maintenance_frac for tier in self.tiers]
        if any(a > b for a, b in pairwise(rates)):
            raise ValueError("a larger position cannot need a smaller share of margin")

    def maintenance_quote(self, notional_quote: Decimal) -> Decimal:
        """The margin at which a position worth `notional_quote` (>= 0) is closed by the venue."""
        total = notional_quote * self.tiers[0].maintenance_frac
        for below, tier in pairwise(self.tiers):
            if notional_quote <= tier.from_notional_quote:
                break
            total += (notional_quote - tier.from_notional_quote) * (tier.maintenance_frac - below.maintenance_frac)
        return total

    def liquidation_price(self, quantity: Decimal, entry_price: Decimal, margin_quote: Decimal) -> Decimal | None:
        """Where a position alone in its account is closed: margin and gain together are down to the maintenance.

        quantity : base units, signed, not 0.   margin_quote : what the account holds besides the position's gain.
        None when no price does that (a long that is paid in full).
        """
        size, sign = abs(quantity), 1 if quantity > 0 else -1
        deduction, ends = Decimal(0), (*(t.from_notional_quote for t in self.tiers[1:]), None)
        for row, (tier, end) in enumerate(zip(self.tiers, ends, strict=True)):
            if row:
                deduction += tier.from_notional_quote * (tier.maintenance_frac - self.tiers[row - 1].maintenance_frac)
            price = (quantity * entry_price - margin_quote - deduction) / (size * (sign - tier.maintenance_frac))
            value = size * price
            if price > 0 and tier.from_notional_quote <= value and (end is None or value <= end):
                return price
        return None

    def max_leverage(self, notional_quote: Decimal) -> Decimal:
        """The most leverage the venue gives a position of that size."""
        held = [tier for tier in self.tiers if tier.from_notional_quote <= notional_quote]
        return held[-1].max_leverage

    def initial_quote(self, notional_quote: Decimal, leverage: Decimal) -> Decimal:
        """The margin an opening of that size takes at `leverage`. Raises ValueError when the venue gives less."""
        most = self.max_leverage(notional_quote)
        if not 1 <= leverage <= most:
            raise ValueError(f"leverage {leverage} is not between 1 and {most} for a position of {notional_quote}")
        return notional_quote / leverage


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One tradable thing at one venue.

    tick_size : smallest price step, quote currency.   lot_size : smallest quantity step, base units (shares, coins).
    min_notional : smallest order value a venue accepts, quote currency.
    perpetual : the terms of a perpetual; None for everything that is paid for, and for a perpetual whose terms
    nobody has given (it can be judged by gates, not simulated).
    """

    symbol: str
    venue: str
    asset_class: AssetClass
    quote_currency: str
    tick_size: Decimal
    lot_size: Decimal
    min_notional: Decimal
    perpetual: PerpetualTerms | None = None

    def __post_init__(self) -> None:
        if self.perpetual is not None and self.asset_class is not AssetClass.CRYPTO_PERP:
            raise ValueError(f"{self.symbol} has the terms of a perpetual and is {self.asset_class}")

    @property
    def is_perpetual(self) -> bool:
        """Margined: buying it pays nothing, only its profit, loss and funding move cash."""
        return self.asset_class is AssetClass.CRYPTO_PERP


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


def margin_tier(from_notional_quote: str, maintenance_frac: str, max_leverage: str) -> MarginTier:
    """A tier from three numbers as a venue writes them."""
    return MarginTier(
        from_notional_quote=Decimal(from_notional_quote),
        maintenance_frac=Decimal(maintenance_frac),
        max_leverage=Decimal(max_leverage),
    )
