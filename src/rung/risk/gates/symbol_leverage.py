"""The leverage one order asks for, by asset class."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from rung.domain.errors import Refusable
from rung.domain.instrument import AssetClass, Instrument
from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.facts import exact, positive

MAJORS = ("BTC", "XBT", "ETH")
"""Crypto bases with their own, higher limit (seed 000)."""
_MAJOR = re.compile(rf"({'|'.join(MAJORS)})[-_/:]?(USDT|USDC|USD|BUSD|FDUSD|EUR|PERP)?([-_/:].*)?")
"""BTCUSDT, BTC-USD, BTC/USDT:USDT and plain BTC; not ETHFIUSDT, which is another coin."""


class SymbolLeverage:
    """Order leverage ≤ the limit of its class: crypto majors, other crypto, equities. Exactly at it passes.

    Offers the leverage that would have passed. An unknown symbol cannot be judged. Source: seed 000, check 4.
    """

    name = "symbol_leverage"
    halts = False

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        *,
        major: float | Decimal,
        other: float | Decimal,
        equity: float | Decimal,
    ) -> None:
        self._instruments = instruments
        self._major, self._other, self._equity = exact(major), exact(other), exact(equity)

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        leverage = positive(order.leverage, "leverage")
        limit = self._limit(order.symbol)
        if leverage <= limit:
            return ()
        return (
            Violation(
                kind=ViolationKind.LEVERAGE_SYMBOL,
                gate=self.name,
                message=f"{order.symbol} asks for leverage {leverage}, {limit} is allowed",
                value=str(leverage),
                limit=str(limit),
                adjusted_leverage=limit,
            ),
        )

    def _limit(self, symbol: str) -> Decimal:
        instrument = self._instruments.get(symbol)
        if instrument is None:
            raise Refusable(f"cannot judge leverage without knowing the instrument {symbol}")
        if instrument.asset_class is AssetClass.EQUITY:
            return self._equity
        return self._major if _MAJOR.fullmatch(symbol.upper()) else self._other
