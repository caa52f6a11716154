"""The slices in which nothing can happen: nothing works, nothing falls due, no level is touched, the margin is ample.

They are most of a replay. `Calm` is made after a slice in which something did happen and sorts the next ones out with a
few comparisons of floats; whatever it cannot be sure of goes the long way, which is exact. A test compares both.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import NamedTuple

from msgspec import Struct

from rung.domain.bar import Bar
from rung.domain.slice import Slice
from rung.simulation.book import SymbolBook

Box = tuple[str, float, float, SymbolBook]
"""A symbol, and the prices strictly between which its position meets no order and does not endanger the account."""


class Quiet(NamedTuple):
    """What a bar must be for nothing to happen to the only symbol: known by `until_ns`, and strictly between the prices
    where something is held.
    """

    floor: float
    ceiling: float
    until_ns: int


class Calm(Struct, eq=False, gc=False):
    """What must go on being true. until_ns : nothing falls due before.   bars : of the newest slice that was calm."""

    boxes: tuple[Box, ...]
    until_ns: int
    bars: Mapping[str, Bar] | None = None

    def lasts(self, event: Slice, since_ns: int) -> bool:
        """True when `event` comes after `since_ns` and nothing can happen in it."""
        if not since_ns < event.at_ns <= self.until_ns:
            return False
        bars = event.bars
        for symbol, floor, ceiling, _ in self.boxes:
            bar = bars.get(symbol)
            if bar is None:
                return False
            low, high = bar.low, bar.high
            if not (floor < low <= bar.open <= high < ceiling and low <= bar.close <= high and 0.0 < bar.volume < inf):
                return False
        self.bars = bars
        return True

    @property
    def quiet(self) -> Quiet | None:
        """The same for whoever has one symbol only; None where several are held."""
        if not self.boxes:
            return Quiet(-inf, inf, self.until_ns)
        return None if len(self.boxes) > 1 else Quiet(self.boxes[0][1], self.boxes[0][2], self.until_ns)

    def end(self) -> None:
        """Note in the books what was seen."""
        if self.bars is not None:
            for symbol, _, _, book in self.boxes:
                book.last = self.bars[symbol]


def box_of(book: SymbolBook, move: float) -> Box:
    """`move` : by what fraction the price may leave the newest close without danger for the account."""
    assert book.last is not None  # noqa: S101  (what is held was bought in some bar)
    floor, ceiling, close = book.floor, book.ceiling, book.last.close
    lowest, highest = close * (1.0 - move), close * (1.0 + move)
    if floor < lowest:
        floor = lowest
    if ceiling > highest:
        ceiling = highest
    return book.symbol, floor if floor > 0.0 else 0.0, ceiling, book
