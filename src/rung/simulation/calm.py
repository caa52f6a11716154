"""The slices in which nothing can happen: nothing works, nothing falls due, no level is touched, the margin is ample.

They are most of a replay. `Calm` is made after a slice in which something did happen and sorts the next ones out with a
few comparisons of floats; whatever it cannot be sure of goes the long way, which is exact. A test compares both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from msgspec import Struct

from rung.domain.bar import Bar
from rung.domain.slice import Slice
from rung.simulation.book import SymbolBook

NEARLY = 1.001
"""Floats are trusted only when the margin is this much above what is needed."""
DOUBT = 1e-9
"""And by this part of what is held."""

Box = tuple[SymbolBook, float, float]
"""What is held · the prices, strictly between which it neither meets an order nor endangers the account."""


class Calm(Struct, eq=False, gc=False):
    """What must go on being true. until_ns : nothing falls due before.   bars : of the newest slice that was calm."""

    boxes: tuple[Box, ...]
    session_date: str
    until_ns: int
    bars: Mapping[str, Bar] | None = None

    def lasts(self, event: Slice, since_ns: int) -> bool:
        """True when `event` comes after `since_ns` and nothing can happen in it."""
        if not since_ns < event.at_ns <= self.until_ns or event.session.date != self.session_date:
            return False
        bars = event.bars
        for book, floor, ceiling in self.boxes:
            bar = bars.get(book.symbol)
            if bar is None:
                return False
            low, high = bar.low, bar.high
            if not (floor < low <= bar.open <= high < ceiling and low <= bar.close <= high and 0.0 < bar.volume < inf):
                return False
        self.bars = bars
        return True

    def end(self) -> None:
        """Note in the books what was seen."""
        if self.bars is not None:
            for book, _, _ in self.boxes:
                book.last = self.bars[book.symbol]


def boxes_of(held: Sequence[SymbolBook], money: float, spot_share: float) -> tuple[Box, ...] | None:
    """The prices around the newest closes that are surely safe; None where the margin is not ample even there.

    A position counts as its part of the margin less its part of the maintenance, which is in proportion to its price as
    long as it stays in its tier (below it, less is wanted). So the sum of them stays above nothing while every price
    moves against us by less than what is left, as a fraction of everything that can move.
    """
    parts = [_part(book, spot_share) for book in held]
    left = money + sum(unit * close for unit, close, _ in parts)
    if not left > 0.0:
        return None
    at_stake = sum(abs(unit) * close for unit, close, _ in parts)
    move = 0.999 * left / at_stake if at_stake > 0.0 else inf
    boxes = []
    for book, (unit, close, most) in zip(held, parts, strict=True):
        floor, ceiling = max(book.floor, 0.0), min(book.ceiling, most)
        if unit > 0.0:
            floor = max(floor, close * (1.0 - move))
        else:
            ceiling = min(ceiling, close * (1.0 + move))
        boxes.append((book, floor, ceiling))
    return tuple(boxes)


def _part(book: SymbolBook, spot_share: float) -> tuple[float, float, float]:
    """Margin less maintenance per unit of the price, the newest close, and the price up to which the rate holds."""
    assert book.last is not None  # noqa: S101  (what is held was bought in some bar)
    quantity, close, terms = float(book.quantity), book.last.close, book.instrument.perpetual
    if terms is None:
        return quantity * (1.0 if quantity < 0.0 else spot_share) - abs(quantity) * DOUBT, close, inf
    size, rate = abs(quantity), 0.0
    most = inf
    for tier in terms.tiers:
        start = float(tier.from_notional_quote)
        if start > size * close:
            most = start / size * (1.0 - DOUBT)
            break
        rate = float(tier.maintenance_frac)
    return quantity - size * (rate * NEARLY + DOUBT), close, most
