"""The distance between bid and ask, where quotes exist."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from rung.domain.errors import Refusable
from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.facts import beyond, exact
from rung.risk.quotes import Quote, Quotes


class Spread:
    """(ask − bid) ÷ mid ≤ `max_bps`; the quote is not crossed and at most `max_age_seconds` old. Exactly at passes.

    A missing or non-finite quote cannot be judged. A locked quote (bid = ask) passes. Quotes are read outside,
    before the step.
    """

    name = "spread"
    halts = False

    def __init__(self, quotes: Quotes, *, max_bps: float | Decimal, max_age_seconds: float) -> None:
        self._quotes = quotes
        self._max_frac = exact(max_bps) / 10_000
        self._max_age_ns = round(max_age_seconds * 1e9)

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        quote = self._sound(order.symbol)
        age_ns = view.slice.at_ns - quote.at_ns
        if age_ns < -self._max_age_ns:
            early = f"{-age_ns / 1e9:g} s ahead of the slice"
            raise Refusable(f"cannot judge: the quote of {order.symbol} is dated {early}")
        if age_ns > self._max_age_ns:
            limit = f"{self._max_age_ns / 1e9:g} s"
            sentence = f"the quote of {order.symbol} is {age_ns / 1e9:g} s old, {limit} are allowed"
            return (self._broken(ViolationKind.STALE_DATA, sentence, f"{age_ns / 1e9:g} s", limit),)
        if quote.bid > quote.ask:
            sentence = f"the quote of {order.symbol} is crossed: bid {quote.bid} above ask {quote.ask}"
            return (self._broken(ViolationKind.CROSSED_DATA, sentence, f"{quote.bid} > {quote.ask}", "bid <= ask"),)
        mid = (quote.bid + quote.ask) / 2.0
        if not beyond(quote.ask, quote.bid, self._max_frac, mid):
            return ()
        spread_bps, limit = f"{(quote.ask - quote.bid) / mid * 1e4:.4g} bps", f"{self._max_frac * 10_000:f} bps"
        sentence = f"the spread of {order.symbol} is {spread_bps}, {limit} are allowed"
        return (self._broken(ViolationKind.SPREAD, sentence, spread_bps, limit),)

    def _sound(self, symbol: str) -> Quote:
        quote = self._quotes.quote(symbol)
        if quote is None:
            raise Refusable(f"cannot judge without a quote of {symbol}")
        if not (0.0 < quote.bid < math.inf and 0.0 < quote.ask < math.inf):
            raise Refusable(f"cannot judge without a positive finite quote of {symbol} ({quote.bid}/{quote.ask})")
        return quote

    def _broken(self, kind: ViolationKind, sentence: str, value: str, limit: str) -> Violation:
        return Violation(kind=kind, gate=self.name, message=sentence, value=value, limit=limit)
