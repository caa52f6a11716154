"""The slices in which nothing can happen: nothing works, nothing falls due, no level is touched, the margin is ample.

They are most of a replay. `Calm` is made after a slice in which something did happen and sorts the next ones out with a
few comparisons of floats; whatever it cannot be sure of goes the long way, which is exact. A test compares both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from rung.domain.bar import Bar
from rung.domain.slice import Slice
from rung.simulation.book import SymbolBook
from rung.simulation.matching import tradable

NEARLY = 1.001
"""Floats are trusted only when the margin is this much above what is needed."""

Row = tuple[str, float, float, float, float, float, float]
"""symbol · floor · ceiling · quantity · share of its value that is margin · maintenance rate · up to which value"""


@dataclass(frozen=True, slots=True)
class Calm:
    """What must go on being true. until_ns : nothing falls due before.   money : the account's, inf without margin."""

    rows: tuple[Row, ...]
    session_date: str
    until_ns: int
    money: float

    def lasts(self, event: Slice, last: dict[str, Bar]) -> bool:
        """True when nothing can happen in `event`; its bars are then noted in `last`."""
        if event.at_ns > self.until_ns or event.session.date != self.session_date:
            return False
        bars, margin, needed, gross = event.bars, self.money, 0.0, 0.0
        for symbol, floor, ceiling, quantity, share, rate, most in self.rows:
            bar = bars.get(symbol)
            if bar is None or not (floor < bar.low and bar.high < ceiling and tradable(bar)):
                return False
            value = quantity * (bar.low if quantity > 0.0 else bar.high)
            size = abs(value)
            if not size < most:
                return False
            gross += size
            margin += value * share
            needed += size * rate
        if not margin > needed * NEARLY + gross * 1e-9:
            return False
        for row in self.rows:
            last[row[0]] = bars[row[0]]
        return True


def row_of(book: SymbolBook, last: Bar, spot_share: float) -> Row:
    """What is watched of a position; `last` is the bar it was last seen in."""
    quantity, terms = float(book.quantity), book.instrument.perpetual
    share = 1.0 if quantity < 0 or terms is not None else spot_share
    rate, most = 0.0, inf
    if terms is not None:
        value = abs(quantity) * last.close
        for tier in terms.tiers:
            start = float(tier.from_notional_quote)
            if start > value:
                most = start
                break
            rate = float(tier.maintenance_frac)
    return book.symbol, book.floor, book.ceiling, quantity, share, rate, most


def all_idle(books: Iterable[SymbolBook]) -> bool:
    """Nothing is on its way in any of them, and no stop follows the market."""
    return not any(book.working or book.waiting or book.trail for book in books)
