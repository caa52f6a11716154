"""One symbol in one slice: its bar, what was held before it, how much room it has, and what has traded in it."""

from __future__ import annotations

from decimal import Decimal
from math import inf

from msgspec import Struct, field

from rung.domain.bar import Bar
from rung.domain.fill import Fill
from rung.domain.order import Side
from rung.simulation.book import ZERO, SymbolBook, Working
from rung.simulation.prices import BUY, exact, round_down, round_up


class Turn(Struct, eq=False, gc=False):
    """The turn of one symbol.

    bar : the one it trades in, or where there is none now (`traded` is False) the newest there was.
    before : the quantity held when it began.   on_margin : something was held on margin at some time in it.
    limits : the limit orders that act in it, once it is matched.   room : what is left of it for us.
    ended : the venue has closed the position in this slice.   told : how many of the fills the account knows of.
    """

    book: SymbolBook
    bar: Bar
    traded: bool
    before: Decimal
    on_margin: bool
    matched: bool = False
    ended: bool = False
    told: int = 0
    room: Decimal = ZERO
    limits: list[Working] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)

    @property
    def untouched(self) -> bool:
        """No order works, and neither stop nor target is met."""
        book, bar = self.book, self.bar
        return not book.working and book.floor < bar.low and bar.high < book.ceiling

    @property
    def opened(self) -> float:
        """The price the slice starts from for a position."""
        return self.bar.open if self.traded else self.bar.close

    @property
    def worst(self) -> float:
        """How far the slice goes against the position."""
        if not self.traded:
            return self.bar.close
        return self.bar.low if self.book.sign > 0 else self.bar.high

    @property
    def closing_side(self) -> Side:
        return Side.SELL if self.book.sign > 0 else BUY

    def price_at(self, way: Decimal) -> Decimal:
        """`way` 0 is the open, 1 the worst price; in between it is rounded against the position, inside the bar."""
        opened, worst = exact(self.opened), exact(self.worst)
        price, step = opened + way * (worst - opened), self.book.step
        if self.book.sign > 0:
            return max(round_down(price, step), worst)
        return min(round_up(price, step), worst)


def tradable(bar: Bar) -> bool:
    """A bar with volume and real prices. Anything else is no market: nothing fills and no stop can act."""
    return (
        0.0 < bar.volume < inf
        and 0.0 < bar.open < inf
        and 0.0 < bar.low < inf
        and 0.0 < bar.high < inf
        and 0.0 < bar.close < inf
    )
